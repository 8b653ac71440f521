"""composer, bundle, gem, php, ruby. Sources: composer's and bundler's documentation (cache directories, install)."""

import os

from common import cached, digest, dump, empty, fail, home, literal, read, shell, split, write

PHP = ("monolog/monolog", "psr/log", "symfony/yaml")
GEMS = {"rake": False, "rack": False, "puma": True, "nokogiri": True}


def composer(_, words):
    options, rest = split(words, values=("-d", "--working-dir"))
    command, *_ = rest or ["help"]
    top = os.environ.get("COMPOSER_HOME") or f"{home()}/.composer"
    cache = os.environ.get("COMPOSER_CACHE_DIR") or f"{top}/cache"
    if command in ("clear-cache", "clearcache", "cc"):
        empty(cache)
        return
    if command not in ("install", "update"):
        print("Composer 2.7")
        return
    if os.environ.get("COMPOSER_NO_CACHE"):
        cache = None
    data = literal("composer.json")
    needs = {name: version for name, version in data.get("require", {}).items() if "/" in name}
    if "--no-dev" not in options:
        needs.update(data.get("require-dev", {}))
    store = cache if "--no-cache" not in options else None
    for repository in data.get("repositories", []):
        if repository.get("type") == "path" and not os.path.exists(f"{repository['url']}/composer.json"):
            fail(f"The `url` supplied for the path ({repository['url']}) repository does not exist")
    paths = {literal(f"{item['url']}/composer.json")["name"]: item["url"] for item in data.get("repositories", [])}
    for name in sorted(needs):
        if name in paths:
            if os.path.lexists(f"vendor/{name}"):
                os.unlink(f"vendor/{name}")
            os.makedirs(os.path.dirname(f"vendor/{name}"), exist_ok=True)
            os.symlink(os.path.relpath(paths[name], os.path.dirname(f"vendor/{name}")), f"vendor/{name}")
            continue
        if name not in PHP:
            fail(f"Could not find package {name}")
        text = cached(store and f"{store}/files/{name}", f"{digest(name)}.zip", f"{name}\n", "curl error 6")
        write(f"vendor/{name}/src.php", f"<?php // {text}")
    autoload = [path for path in data.get("autoload", {}).get("files", [])]
    if "--no-autoloader" not in options:
        write("vendor/autoload.php", "<?php " + digest(*sorted(needs), *autoload) + "\n")
    if not os.path.exists("composer.lock"):
        write("composer.lock", dump({"packages": sorted(needs)}) + "\n")
    for name in ("post-install-cmd", "post-autoload-dump"):
        script = data.get("scripts", {}).get(name)
        if script and "--no-scripts" not in options and shell(script):
            fail(f"Script {script} handling the {name} event returned with error code 1")


def gem_home():
    return os.environ.get("GEM_HOME") or "/usr/local/bundle"


def place(name, version="1.0"):
    if name not in GEMS:
        fail(f"ERROR: Could not find a valid gem '{name}'")
    top = gem_home()
    text = cached(f"{top}/cache", f"{name}-{version}.gem", f"{name} {version}\n", "ERROR: Could not reach rubygems.org")
    built = digest(os.environ.get("CFLAGS", ""), read("/usr/include/ffi.h", "")) if GEMS[name] else ""
    write(f"{top}/gems/{name}-{version}/lib/{name}.rb", f"{text.strip()} {built}\n")
    write(f"{top}/specifications/{name}-{version}.gemspec", text)
    write(f"{top}/bin/{name}", f"#!/bin/sh\necho {name} {version} {built} \"$@\"\n", 0o755)


def bundle(_, words):
    options, rest = split(words)
    command, *names = rest or ["install"]
    if command in ("install",):
        gems = [line.split()[1].strip('",\'') for line in read("Gemfile").splitlines() if line.strip().startswith("gem ")]
        for line in read("Gemfile").splitlines():
            if line.startswith("eval_gemfile"):
                more = read(line.split('"')[1])
                gems += [item.split()[1].strip('",\'') for item in more.splitlines() if item.startswith("gem ")]
        if (os.environ.get("BUNDLE_DEPLOYMENT") or os.environ.get("BUNDLE_FROZEN")) and not os.path.exists("Gemfile.lock"):
            fail("The deployment setting requires a lockfile")
        for name in gems:
            if not os.path.exists(f"{gem_home()}/gems/{name}-1.0"):
                place(name)
        write("Gemfile.lock", "GEM\n" + "".join(f"  {name} (1.0)\n" for name in sorted(gems)))
    elif command == "exec":
        raise SystemExit(shell(" ".join([f"{gem_home()}/bin/{names[0]}", *names[1:]])))


def gem(_, words):
    options, rest = split(words, values=("-v", "--version"))
    command, *names = rest or ["help"]
    if command == "install":
        for name in names:
            place(name)
            if not {"--no-document", "-N", "--no-doc"} & set(options):
                write(f"{gem_home()}/doc/{name}-1.0/ri/cache.ri", name + "\n")


def say(name, words):
    print(name, read(words[-1]).strip() if words and os.path.exists(words[-1]) else "")


COMMANDS = {"composer": composer, "bundle": bundle, "gem": gem, "php": say, "ruby": say}
