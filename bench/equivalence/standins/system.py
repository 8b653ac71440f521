"""apt-get, apt, apt-cache, dpkg, apk, dnf, yum, microdnf, rpm, zypper, pacman: lists, downloads, hooks, databases, installed files.

Effects of apt: recorded.json. Those of the others: apk(8), dnf(8), dnf.conf(5) (keepcache=0 by default), zypper(8), pacman(8).
"""

import os
import sys

from common import digest, empty, fail, need_network, online, program, read, remove, split, write

# name: what it needs, what it recommends, files beside its program ("-" for none of its own name)
PACKAGES = {
    "curl": (["libcurl4"], ["ca-certificates"], []),
    "wget": (["libpcre2"], ["ca-certificates"], []),
    "git": (["perl"], ["less"], []),
    "make": ([], [], []),
    "gcc": (["libc6-dev"], [], []),
    "build-essential": (["gcc", "make"], [], ["-"]),
    "build-base": (["gcc", "make"], [], ["-"]),
    "jq": (["libjq1"], [], []),
    "unzip": ([], [], []),
    "gnupg": (["dirmngr"], ["gnupg-l10n"], []),
    "sudo": ([], [], []),
    "less": ([], [], []),
    "tree": ([], [], []),
    "perl": ([], [], []),
    "dirmngr": ([], [], []),
    "gnupg-l10n": ([], [], ["-", "/usr/share/locale/gnupg.mo"]),
    "ca-certificates": ([], [], ["-", "/etc/ssl/certs/bundle.crt"]),
    "libcurl4": ([], [], ["-", "/usr/lib/libcurl.so.4"]),
    "libpcre2": ([], [], ["-", "/usr/lib/libpcre2.so.8"]),
    "libjq1": ([], [], ["-", "/usr/lib/libjq.so.1"]),
    "libc6-dev": ([], [], ["-", "/usr/include/stdio.h"]),
    "libffi-dev": ([], [], ["-", "/usr/include/ffi.h"]),
    "tzdata": ([], [], ["-", "/usr/share/zoneinfo/UTC"]),
    "nginx": ([], [], ["/etc/nginx/nginx.conf"]),
}
NEWEST = "1.1"
FILES = "/usr/lib/standin"


def closure(names, recommends, known):
    found = []
    for name in names:
        name = name.split("=")[0].split("<")[0].split(">")[0].split("~")[0]
        if name not in known:
            return None, name
        if name in found:
            continue
        needs, wishes, _ = PACKAGES[name]
        below, missing = closure([*needs, *(wishes if recommends else [])], recommends, known)
        if below is None:
            return None, missing
        found += [item for item in [*below, name] if item not in found]
    return found, None


def place(name, version):
    """The files of a package; their list."""
    paths = []
    extra = PACKAGES[name][2]
    if "-" not in extra:
        paths.append(f"/usr/bin/{name}")
        program(paths[0], name, f"{name} {version}")
    for path in extra:
        if path != "-":
            paths.append(path)
            write(path, f"{name} {version}\n")
    if name == "tzdata":
        # its configuration asks the environment
        paths.append("/etc/timezone")
        write("/etc/timezone", os.environ.get("TZ", "Etc/UTC") + "\n")
    return paths


# ------------------------------------------------------------ apt

LISTS = "/var/lib/apt/lists"
ARCHIVES = "/var/cache/apt/archives"
INDEX = "deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages"
INFO = "/var/lib/dpkg/info"
STATUS = "/var/lib/dpkg/status"
CONF = "/etc/apt/apt.conf.d"
YES = ("-y", "--yes", "--assume-yes", "-qq", "--force-yes", "-yq", "-qy", "-yqq", "-qqy")


def conf():
    return "".join(read(f"{CONF}/{name}", "") for name in sorted(os.listdir(CONF))) if os.path.isdir(CONF) else ""


def hook():
    """docker-clean: downloaded packages and the caches made of lists go."""
    if "Post-Invoke" in conf():
        for folder in (ARCHIVES, f"{ARCHIVES}/partial"):
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                if name.endswith(".deb"):
                    os.unlink(f"{folder}/{name}")
        for name in os.listdir("/var/cache/apt"):
            if name.endswith(".bin"):
                os.unlink(f"/var/cache/apt/{name}")


def folders():
    if os.geteuid() != 0:
        fail("E: Could not open lock file - open (13: Permission denied)", 100)
    for path in (f"{LISTS}/partial", f"{ARCHIVES}/partial"):
        os.makedirs(path, exist_ok=True)
    write(f"{LISTS}/lock", "")
    write(f"{ARCHIVES}/lock", "")


def index():
    """name: version of what the lists know."""
    return dict(line.split() for line in read(f"{LISTS}/{INDEX}", "").splitlines())


def installed():
    return dict(line.split() for line in read(STATUS, "").splitlines())


def save(state):
    write(STATUS, "".join(f"{name} {version}\n" for name, version in state.items()))


def pkgcache():
    if 'pkgcache ""' not in conf():
        write("/var/cache/apt/pkgcache.bin", digest(read(f"{LISTS}/{INDEX}", "")))


def apt(name, words):
    values = ("-o", "--option", "-t", "--target-release", "-c")
    options, rest = split(words, values=values)
    command, *names = rest or ["help"]
    yes = any(item in options for item in YES) or any("assume-yes=" in item.lower() for item in options.get("-o", []))
    if command == "update":
        folders()
        if not online():
            # a warning only, as apt does: old lists are used
            sys.stderr.write("W: Failed to fetch deb.debian.org: could not resolve\n")
        else:
            write(f"{LISTS}/{INDEX}", "".join(f"{item} {NEWEST}\n" for item in sorted(PACKAGES)))
            write(f"{LISTS}/{INDEX.rsplit('_', 3)[0]}_InRelease", "Suite: bookworm\n")
            pkgcache()
            hook()
        print("Reading package lists...")
    elif command in ("install", "reinstall"):
        folders()
        install(name, names, options, yes)
    elif command in ("remove", "purge", "autoremove", "autopurge"):
        folders()
        drop(command, names, yes, "--auto-remove" in options or "--autoremove" in options)
    elif command in ("clean", "autoclean", "distclean"):
        folders()
        if command != "autoclean":
            for item in [path for path in os.listdir(ARCHIVES) if path.endswith(".deb")]:
                os.unlink(f"{ARCHIVES}/{item}")
            for item in ("pkgcache.bin", "srcpkgcache.bin"):
                remove(f"/var/cache/apt/{item}")
        if command == "distclean":
            empty(LISTS)
    elif command in ("upgrade", "dist-upgrade", "full-upgrade"):
        folders()
        install(name, [item for item in installed() if item in index()], options, yes or not installed())
    elif command == "list":
        print("\n".join(f"{item}/{version}" for item, version in (installed() if "--installed" in options else index()).items()))
    elif command == "download":
        for item in names:
            if item not in index():
                fail(f"E: Unable to locate package {item}", 100)
            need_network("apt")
            write(f"{item}_{index()[item]}_amd64.deb", f"{item} {index()[item]}\n")
    else:
        print(f"{name} 2.6.1")


def install(name, names, options, yes):
    known, state = index(), installed()
    local = [item for item in names if item.endswith(".deb")]
    wanted = [item for item in names if item not in local]
    for path in local:
        item, version = read(path).split()
        known = {**known, item: version}
        wanted.append(item)
    recommends = "--no-install-recommends" not in options
    for text in [*options.get("-o", []), conf()]:
        flat = text.replace(" ", "").replace('"', "").replace("::", "-").lower()
        recommends = recommends and "install-recommends=false" not in flat and "install-recommends=0" not in flat
        recommends = recommends and "apt-install-recommendsfalse" not in flat and "apt-install-recommends0" not in flat
    found, missing = closure(wanted, recommends, {**known, **state})
    if found is None:
        fail(f"E: Unable to locate package {missing}", 100)
    pinned = dict(item.split("=", 1) for item in wanted if "=" in item)
    for item, version in pinned.items():
        if known.get(item) != version and not version.endswith("*"):
            fail(f"E: Version '{version}' for '{item}' was not found", 100)
    pkgcache()
    new = [item for item in found if item not in state or state[item] != known.get(item, state[item]) or "--reinstall" in options]
    if set(new) - {item.split("=")[0] for item in wanted} and not yes:
        fail("Do you want to continue? [Y/n] Abort.")
    if new and not yes and len(new) != len(wanted):
        fail("Do you want to continue? [Y/n] Abort.")
    for item in new:
        path = f"{ARCHIVES}/{item}_{known[item]}_amd64.deb"
        if not os.path.exists(path) and not any(one.startswith(item + "_") or f"/{item}_" in one for one in local):
            need_network("E: Failed to fetch")
            write(path, f"{item} {known[item]}\n")
    if "-d" in options or "--download-only" in options:
        return
    for item in new:
        paths = place(item, known[item])
        write(f"{INFO}/{item}.list", "\n".join(paths) + "\n")
        state[item] = known[item]
        print(f"Setting up {item} ({known[item]}) ...")
    save(state)
    wishes = set(read("/var/lib/apt/manual", "").split()) | {item.split("=")[0] for item in wanted}
    write("/var/lib/apt/manual", "\n".join(sorted(wishes)) + "\n")
    if new:
        write("/var/log/dpkg.log", "installed\n")
        write("/var/log/apt/history.log", "installed\n")
        write("/var/cache/ldconfig/aux-cache", "cache\n")
        hook()
    if name == "apt" and "Keep-Downloaded-Packages" not in conf():
        for item in new:
            remove(f"{ARCHIVES}/{item}_{known[item]}_amd64.deb")


def drop(command, names, yes, auto):
    state = installed()
    gone = [item for item in names if item in state]
    for item in names:
        if item not in state and item not in index() and command in ("remove", "purge"):
            fail(f"E: Unable to locate package {item}", 100)
    if command.startswith("auto") or auto:
        manual = set(read("/var/lib/apt/manual", "").split()) - set(names)
        kept = closure([item for item in state if item in manual], False, state)[0] or []
        gone += [item for item in state if item not in kept and item not in gone]
    if gone and not yes:
        fail("Do you want to continue? [Y/n] Abort.")
    for item in gone:
        for path in read(f"{INFO}/{item}.list", "").split():
            remove(path)
        remove(f"{INFO}/{item}.list")
        state.pop(item, None)
    save(state)


def apt_cache(_, words):
    known = index()
    for item in words[1:]:
        if item not in known:
            fail(f"N: Unable to locate package {item}", 100)
        print(f"{item}: candidate {known[item]}")


def dpkg(_, words):
    options, rest = split(words)
    if "-i" in options or "--install" in options:
        state = installed()
        for path in rest:
            item, version = read(path).split()
            write(f"{INFO}/{item}.list", "\n".join(place(item, version)) + "\n")
            state[item] = version
        save(state)
        write("/var/log/dpkg.log", "installed\n")
    elif "-l" in options or "--get-selections" in options:
        print("\n".join(f"ii {item} {version}" for item, version in installed().items()))
    elif "-L" in options:
        sys.stdout.write(read(f"{INFO}/{rest[0]}.list"))
    elif "--print-architecture" in options:
        print("amd64")


# ------------------------------------------------------------ apk

APK_CACHE = "/var/cache/apk"
APK_INDEX = f"{APK_CACHE}/APKINDEX.b8ad4e1a.tar.gz"
WORLD, APK_DB = "/etc/apk/world", "/lib/apk/db/installed"


def apk(_, words):
    options, rest = split(words, values=("-t", "--virtual", "--repository", "-X", "--cache-dir"))
    command, *names = rest or ["help"]
    if command in ("add", "update", "del", "upgrade", "fix") and os.geteuid() != 0:
        fail("ERROR: Unable to open log: Permission denied", 99)
    store = "--no-cache" not in options
    # packages are kept only where /etc/apk/cache leads somewhere
    kept = os.path.realpath("/etc/apk/cache") if os.path.lexists("/etc/apk/cache") else None
    if kept and not os.path.isdir(kept):
        kept = None
    where = kept or APK_CACHE
    path = f"{where}/APKINDEX.b8ad4e1a.tar.gz"
    if command == "update":
        need_network("WARNING: updating")
        write(path, "".join(f"{item} {NEWEST}\n" for item in sorted(PACKAGES)))
        print("OK")
        return
    state = dict(line.split() for line in read(APK_DB, "").splitlines())
    world = read(WORLD, "").split()
    if command == "add":
        if store and os.path.exists(path) and "-U" not in options and "--update-cache" not in options:
            known = dict(line.split() for line in read(path).splitlines())
        else:
            known = dict.fromkeys(PACKAGES, NEWEST)
            if any(item not in state for item in names) or "-U" in options:
                need_network("WARNING: fetching index")
            if store:
                write(path, "".join(f"{item} {NEWEST}\n" for item in sorted(PACKAGES)))
        found, missing = closure(names, False, {**known, **state})
        if found is None:
            fail(f"ERROR: unable to select packages: {missing} (no such package)")
        for item in found:
            if item in state:
                continue
            deb = f"{kept}/{item}-{known[item]}.apk"
            if not (kept and store and os.path.exists(deb)):
                need_network("ERROR: fetching")
                if kept and store:
                    write(deb, f"{item} {known[item]}\n")
            write(f"/lib/apk/db/{item}.list", "\n".join(place(item, known[item])) + "\n")
            state[item] = known[item]
            print(f"Installing {item} ({known[item]})")
        virtual = (options.get("-t") or options.get("--virtual") or [None])[0]
        if virtual:
            write(f"/lib/apk/db/{virtual}.virtual", "\n".join(names) + "\n")
            world.append(virtual)
        else:
            world += [item for item in names if item not in world]
    elif command == "del":
        for item in names:
            bundle = f"/lib/apk/db/{item}.virtual"
            world = [one for one in world if one != item]
            remove(bundle)
        wanted = [one for one in world if one in state]
        for one in world:
            wanted += read(f"/lib/apk/db/{one}.virtual", "").split() if one not in state else []
        kept_now = closure(wanted, False, state)[0] or []
        for item in [one for one in state if one not in kept_now]:
            for file in read(f"/lib/apk/db/{item}.list", "").split():
                remove(file)
            remove(f"/lib/apk/db/{item}.list")
            del state[item]
    elif command == "cache":
        if names and names[0] == "clean" and kept:
            empty(kept)
        return
    elif command == "info":
        print("\n".join(state))
        return
    else:
        return
    write(APK_DB, "".join(f"{item} {version}\n" for item, version in state.items()))
    write(WORLD, "\n".join(sorted(world)) + "\n")


# ------------------------------------------------------------ dnf

DNF_CACHE, RPMDB = "/var/cache/dnf", "/var/lib/rpm/rpmdb"


def dnf(name, words):
    options, rest = split(words, values=("--setopt", "--enablerepo", "--disablerepo", "--releasever", "-c"))
    command, *names = rest or ["help"]
    cache = "/var/cache/yum" if name == "yum" else DNF_CACHE
    repo = f"{cache}/updates-{digest('updates')}"
    yes = any(item in options for item in ("-y", "--assumeyes", "-yq", "-qy"))
    text = read("/etc/dnf/dnf.conf", "")
    keep = "keepcache=1" in text or "keepcache=True" in text or any("keepcache=1" in item for item in options.get("--setopt", []))
    changing = ("install", "update", "upgrade", "makecache", "check-update", "remove", "erase", "autoremove", "clean", "reinstall")
    if command in changing and os.geteuid() != 0:
        fail("Error: This command has to be run with superuser privileges")
    state = dict(line.split() for line in read(RPMDB, "").splitlines())
    if command == "clean":
        if names and names[0] in ("all", "packages", "metadata", "dbcache", "expire-cache"):
            empty(cache)
        return
    if command in ("install", "makecache", "update", "upgrade", "check-update"):
        if not os.path.exists(f"{repo}/repodata/primary.xml"):
            need_network("Error: Failed to download metadata")
            write(f"{repo}/repodata/primary.xml", "".join(f"{item} {NEWEST}\n" for item in sorted(PACKAGES)))
            write(f"{repo}/repodata/repomd.xml", "repomd\n")
            write(f"{cache}/updates.solv", "solv\n")
        known = dict(line.split() for line in read(f"{repo}/repodata/primary.xml").splitlines())
    if command == "install":
        weak = not any("install_weak_deps=" in item and item[-1] in "0e" for item in options.get("--setopt", []))
        found, missing = closure(names, weak, {**known, **state})
        if found is None:
            fail(f"Error: Unable to find a match: {missing}")
        if rpm_install(state, found, known, yes, f"{repo}/packages", keep):
            write("/var/log/dnf.log", "installed\n")
    elif command in ("remove", "erase", "autoremove"):
        rpm_remove(state, names, yes)
    else:
        return
    write(RPMDB, "".join(f"{item} {version}\n" for item, version in state.items()))


def rpm_install(state, found, known, yes, folder, keep):
    """Installs the packages that are not there by way of a folder for downloads; these packages."""
    new = [item for item in found if item not in state]
    if new and not yes:
        fail("Is this ok [y/N]: Operation aborted.")
    for item in new:
        file = f"{folder}/{item}-{known[item]}.rpm"
        if not os.path.exists(file):
            need_network("Error: Error downloading packages")
            write(file, f"{item} {known[item]}\n")
    for item in new:
        write(f"/var/lib/rpm/{item}.list", "\n".join(place(item, known[item])) + "\n")
        state[item] = known[item]
        print(f"Installed: {item}-{known[item]}")
        if not keep:
            remove(f"{folder}/{item}-{known[item]}.rpm")
    return new


def rpm_remove(state, names, yes):
    gone = [item for item in names if item in state]
    if gone and not yes:
        fail("Is this ok [y/N]: Operation aborted.")
    for item in gone:
        for path in read(f"/var/lib/rpm/{item}.list", "").split():
            remove(path)
        remove(f"/var/lib/rpm/{item}.list")
        del state[item]


def rpm(_, words):
    options, rest = split(words)
    state = dict(line.split() for line in read(RPMDB, "").splitlines())
    if "-e" in options:
        dnf("dnf", ["remove", "-y", *rest])
    else:
        print("\n".join(f"{item}-{version}" for item, version in state.items()))


# ------------------------------------------------------------ zypper

ZYPP = "/var/cache/zypp"


def zypper(_, words):
    options, rest = split(words, values=("-r", "--repo", "-t", "--type", "--from"))
    command, *names = rest or ["help"]
    command = {"in": "install", "rm": "remove", "ref": "refresh", "cc": "clean"}.get(command, command)
    yes = any(item in options for item in ("-n", "--non-interactive", "-y", "--no-confirm"))
    if command in ("install", "remove", "refresh", "clean") and os.geteuid() != 0:
        fail("Root privileges are required to run this command.", 5)
    metadata = f"{ZYPP}/raw/repo-oss/repodata/primary.xml"
    state = dict(line.split() for line in read(RPMDB, "").splitlines())
    if command == "clean":
        empty(f"{ZYPP}/packages")
        if "--all" in options or "-a" in options or "--metadata" in options or "-m" in options:
            empty(f"{ZYPP}/raw")
            empty(f"{ZYPP}/solv")
        return
    if command in ("install", "refresh"):
        if command == "refresh" or not os.path.exists(metadata):
            need_network("Problem retrieving files")
            write(metadata, "".join(f"{item} {NEWEST}\n" for item in sorted(PACKAGES)))
            write(f"{ZYPP}/solv/repo-oss/solv", "solv\n")
        known = dict(line.split() for line in read(metadata).splitlines())
    if command == "install":
        found, missing = closure(names, "--no-recommends" not in options, {**known, **state})
        if found is None:
            fail(f"No provider of '{missing}' found.", 104)
        rpm_install(state, found, known, yes, f"{ZYPP}/packages/repo-oss", False)
    elif command == "remove":
        rpm_remove(state, names, yes)
    else:
        return
    write(RPMDB, "".join(f"{item} {version}\n" for item, version in state.items()))


# ------------------------------------------------------------ pacman

PACMAN, PACMAN_DB, PACMAN_STATE = "/var/cache/pacman/pkg", "/var/lib/pacman/sync/core.db", "/var/lib/pacman/local/ALPM_DB_VERSION"


def pacman(_, words):
    options, names = split(words)
    short = "".join(item[1:] for item in options if item[0] == "-" != item[1])
    yes = "--noconfirm" in options
    if ("S" in short or "R" in short) and os.geteuid() != 0:
        fail("error: you cannot perform this operation unless you are root.")
    state = dict(line.split() for line in read(PACMAN_STATE, "").splitlines())
    if "S" in short and "c" in short:
        # what is not installed any more; all of it for `-Scc`, which is not its default answer
        for item in os.listdir(PACMAN) if os.path.isdir(PACMAN) else ():
            if item.split("-1.")[0] not in state:
                remove(f"{PACMAN}/{item}")
        return
    if "S" in short:
        if "y" in short:
            need_network("error: failed to synchronize all databases")
            write(PACMAN_DB, "".join(f"{item} {NEWEST}\n" for item in sorted(PACKAGES)))
        elif not os.path.exists(PACMAN_DB):
            fail("error: database file for 'core' does not exist")
        known = dict(line.split() for line in read(PACMAN_DB).splitlines())
        found, missing = closure(names, False, {**known, **state})
        if found is None:
            fail(f"error: target not found: {missing}")
        new = [item for item in found if item not in state or (item in names and "--needed" not in options)]
        if new and not yes:
            fail(":: Proceed with installation? [Y/n]")
        for item in new:
            file = f"{PACMAN}/{item}-{known[item]}.pkg.tar.zst"
            if not os.path.exists(file):
                need_network("error: failed retrieving file")
                write(file, f"{item} {known[item]}\n")
            write(f"/var/lib/pacman/local/{item}.list", "\n".join(place(item, known[item])) + "\n")
            state[item] = known[item]
    elif "R" in short:
        if names and not yes:
            fail(":: Do you want to remove these packages? [Y/n]")
        for item in names:
            for path in read(f"/var/lib/pacman/local/{item}.list").split():
                remove(path)
            remove(f"/var/lib/pacman/local/{item}.list")
            del state[item]
    else:
        return
    write(PACMAN_STATE, "".join(f"{item} {version}\n" for item, version in state.items()))


COMMANDS = {
    "apt-get": apt, "apt": apt, "apt-cache": apt_cache, "dpkg": dpkg, "apk": apk,
    "dnf": dnf, "yum": dnf, "microdnf": dnf, "rpm": rpm, "zypper": zypper, "pacman": pacman,
}
