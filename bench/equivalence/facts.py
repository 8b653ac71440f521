"""What stand-ins are held against: small scripts that say, line by line, what a tool does; run once with the real tools.

    python -m equivalence.facts            hold the stand-ins against recorded.json
    python -m equivalence.facts --record   run the real tools: apt in a container of debian:12, pip, npm and go of this machine

pip needs an index that lets it cache: some mirrors do not. PIP_INDEX_URL says which.

A script prints `name: yes` or `name: no`. It must say the same with the real tool and with its stand-in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .executor import Store

RECORDED = Path(__file__).parent / "recorded.json"
SAY = 'say() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "$name: yes"; else echo "$name: no"; fi; }\nhas() { ls $1 >/dev/null 2>&1; }\nnot() { ! "$@"; }\n'

APT = """
say "install needs lists" not apt-get install -y tree
apt-get update >/dev/null 2>&1
say "update writes lists" has "/var/lib/apt/lists/*_Packages*"
say "a package alone needs no yes" apt-get install tree </dev/null
say "a package with others asks" not apt-get install jq </dev/null
say "install" apt-get install -y jq
say "docker-clean removes packages" not has "/var/cache/apt/archives/*.deb"
say "docker-clean leaves no binary cache" not has "/var/cache/apt/*.bin"
rm /etc/apt/apt.conf.d/docker-clean
apt-get purge -y --auto-remove jq >/dev/null 2>&1
say "purge with auto-remove removes what it needed" not dpkg -L libjq1
say "purge keeps the others" has /usr/bin/tree
apt-get install -y jq >/dev/null 2>&1
say "without the hook packages stay" has "/var/cache/apt/archives/jq_*.deb"
say "without the hook there is a binary cache" has "/var/cache/apt/pkgcache.bin"
apt-get clean
say "clean removes packages" not has "/var/cache/apt/archives/*.deb"
say "clean removes the binary cache" not has "/var/cache/apt/pkgcache.bin"
say "clean keeps lists" has "/var/lib/apt/lists/*_Packages*"
apt-get purge -y jq >/dev/null 2>&1
apt install -y jq >/dev/null 2>&1
say "apt keeps no packages" not has "/var/cache/apt/archives/jq_*.deb"
echo 'Binary::apt::APT::Keep-Downloaded-Packages "true";' > /etc/apt/apt.conf.d/keep-cache
apt-get purge -y jq >/dev/null 2>&1
apt install -y jq >/dev/null 2>&1
say "apt keeps packages when told to" has "/var/cache/apt/archives/jq_*.deb"
rm -rf /var/lib/apt/lists/*
say "an installed package needs no lists" apt-get install -y tree
say "a package that is not there does" not apt-get install -y less
"""

PIP = """
wheels() { find $1/wheels -name '*.whl' | grep -q .; }
python3 -m venv v >/dev/null
PATH=$PWD/v/bin:$PATH
# as in the official image
pip install -U setuptools wheel >/dev/null 2>&1
say "a wheel is installed" pip install six
say "the cache has a folder for downloads" has "$HOME/.cache/pip/http*"
FLAG=1 pip install "flagpkg @ file://$PWD/flagpkg-1.tar.gz" >/dev/null 2>&1; cp v/lib/python3*/site-packages/flagpkg.py one
say "an archive's wheel is cached" wheels $HOME/.cache/pip
pip uninstall -y flagpkg >/dev/null 2>&1
FLAG=2 pip install "flagpkg @ file://$PWD/flagpkg-1.tar.gz" >/dev/null 2>&1; cp v/lib/python3*/site-packages/flagpkg.py two
say "the cached wheel does not know the environment" cmp one two
pip uninstall -y flagpkg >/dev/null 2>&1
FLAG=2 pip install --no-cache-dir "flagpkg @ file://$PWD/flagpkg-1.tar.gz" >/dev/null 2>&1; cp v/lib/python3*/site-packages/flagpkg.py three
say "without the cache it is built anew" not cmp one three
pip uninstall -y flagpkg >/dev/null 2>&1
FLAG=3 pip install ./flagpkg-1.tar.gz >/dev/null 2>&1; cp v/lib/python3*/site-packages/flagpkg.py four
say "by its path alone it is built anew" not cmp one four
mkdir -p requirements; echo six > requirements/base.txt; echo "-r requirements/base.txt" > r.txt
say "nested requirements are read" pip install -r r.txt
echo "-r base.txt" > requirements/more.txt
say "by the folder of the file that names them" pip install -r requirements/more.txt
echo "-r missing.txt" > bad.txt
say "a missing nested file is an error" not pip install -r bad.txt
echo "no-such-constraint-file" > c.txt; say "a missing constraints file is an error" not pip install -c none.txt six
say "a satisfied requirement is left" pip install six
pip cache purge >/dev/null 2>&1
say "cache purge empties the wheels" not wheels $HOME/.cache/pip
pip uninstall -y flagpkg >/dev/null 2>&1; mkdir other
PIP_CACHE_DIR=$PWD/other FLAG=1 pip install ./flagpkg-1.tar.gz >/dev/null 2>&1
say "PIP_CACHE_DIR moves the cache" wheels other
say "uninstall asks" not pip uninstall six </dev/null
pip uninstall -y six >/dev/null 2>&1
say "uninstall removes" not python3 -c "import six"
pip install "six" >/dev/null 2>&1; pip uninstall -y pip >/dev/null 2>&1
say "pip can remove itself" not pip --version
"""

NPM = """
echo '{"name": "app", "version": "1.0.0", "dependencies": {"is-odd": "3.0.0"}, "scripts": {"preinstall": "echo pre >> order", "install": "echo in >> order", "postinstall": "echo post >> order", "prepare": "echo prepare >> order"}}' > package.json
say "ci needs a lock file" not npm ci
say "install" npm install
say "it writes a lock file" has package-lock.json
say "what it needs is there" has node_modules/is-number
say "the scripts run in their order" test "$(tr '\\n' ' ' < order)" = "pre in post prepare "
say "the cache is filled" has "$HOME/.npm/_cacache/*"
say "a log is written" has "$HOME/.npm/_logs/*"
echo keep > node_modules/keep
npm ci >/dev/null 2>&1
say "ci removes what was there" not has node_modules/keep
echo keep > node_modules/is-odd/keep
npm install >/dev/null 2>&1
say "install keeps what was there" has node_modules/is-odd/keep
rm order; npm ci --ignore-scripts >/dev/null 2>&1
say "ignore-scripts" not has order
say "cache clean needs force" not npm cache clean
npm cache clean --force >/dev/null 2>&1
say "cache clean empties it" not has "$HOME/.npm/_cacache/content*/*"
mkdir -p packages/a; echo '{"name": "a", "version": "1.0.0", "bin": {"a-tool": "cli.js"}}' > packages/a/package.json; echo '#!/bin/sh' > packages/a/cli.js
echo '{"name": "app", "version": "1.0.0", "workspaces": ["packages/*"]}' > package.json; rm -rf package-lock.json node_modules
npm install >/dev/null 2>&1
say "a member is linked" test -L node_modules/a
say "its program is linked" test -L node_modules/.bin/a-tool
mkdir lib; echo '{"name": "lib", "version": "1.0.0"}' > lib/package.json
echo '{"name": "app", "version": "1.0.0", "dependencies": {"lib": "file:./lib"}, "devDependencies": {"is-odd": "3.0.0"}}' > package.json; rm -rf package-lock.json node_modules
npm install --omit=dev >/dev/null 2>&1
say "a folder is linked" test -L node_modules/lib
say "omit leaves development out" not has node_modules/is-odd
rm -rf lib node_modules; mkdir x; cp package.json package-lock.json x; cd x
say "a script that is not there is an error" not npm run none
"""

GO = """
export GOFLAGS=-mod=mod GOTOOLCHAIN=local
printf 'module example.com/app\\n\\ngo 1.18\\n' > go.mod
printf 'package main\\n\\nimport "fmt"\\n\\nfunc main() { fmt.Println(1) }\\n' > main.go
say "build" go build -o out/app .
say "the build cache is filled" has "$HOME/.cache/go-build/*"
go build -o out/again .
say "the same sources give the same program" cmp out/app out/again
printf 'package main\\n\\nfunc main() { println(2) }\\n' > main.go
go build -o out/other .
say "other sources give another" not cmp out/app out/other
printf 'package main\\n\\nimport _ "embed"\\n\\n//go:embed page.html\\nvar page string\\n\\nfunc main() { println(page) }\\n' > main.go
say "an embedded file must be there" not go build -o out/x .
echo hello > page.html
say "with it it builds" go build -o out/x .
echo changed > page.html; go build -o out/y .
say "it is a part of the program" not cmp out/x out/y
printf 'module example.com/app\\n\\ngo 1.18\\n\\nrequire example.com/own v1.0.0\\n\\nreplace example.com/own => ./own\\n' > go.mod
say "a replaced folder must be there" not go mod download
go clean -cache
say "clean empties the build cache" not has "$HOME/.cache/go-build/0*/*"
mkdir -p empty && cd empty && rm -f ../go.mod
say "without go.mod nothing is built" not go build .
"""

SETUP = 'import os\nfrom setuptools import setup\nopen("flagpkg.py", "w").write("VALUE = %r\\n" % os.environ.get("FLAG"))\nsetup(name="flagpkg", version="1", py_modules=["flagpkg"])\n'
SCRIPTS = {"apt": ("debian:12", APT), "pip": ("python:3.11-slim", PIP), "npm": ("node:20", NPM), "go": ("golang:1.22", GO)}


def of_stand_ins(store: Store, tool: str) -> list[str]:
    """The lines that a script says with the stand-in."""
    from .executor import Builder, Context

    image, script = SCRIPTS[tool]
    builder = Builder(store)
    try:
        context = Context({"facts.sh": SAY + script, "flagpkg-1.tar.gz": "flagpkg 1 environment\n"})
        built = builder.build(f"FROM {image}\nWORKDIR /facts\nCOPY . .\nRUN sh facts.sh > /said\n", context)
        return Path(store.path(built.tree["/said"].place)).read_text(encoding="utf-8").splitlines()
    finally:
        builder.close()


def of_real(tool: str) -> tuple[list[str], str]:
    """The lines that it says with the real tool, and which that is."""
    _, script = SCRIPTS[tool]
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        (top / "facts.sh").write_text(SAY + script, encoding="utf-8")
        if tool == "apt":
            command = ["docker", "run", "--rm", "--network=host", "-v", f"{top}:/facts", "-w", "/facts", "debian:12"]
            version = subprocess.run([*command, "apt-get", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
            return subprocess.run([*command, "sh", "facts.sh"], capture_output=True, text=True, check=True).stdout.splitlines(), version
        package = top / "made" / "flagpkg-1"
        package.mkdir(parents=True)
        (package / "setup.py").write_text(SETUP, encoding="utf-8")
        (package / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: flagpkg\nVersion: 1\n", encoding="utf-8")
        subprocess.run(["tar", "-C", str(top / "made"), "-czf", str(top / "flagpkg-1.tar.gz"), "flagpkg-1"], check=True)
        (top / "home").mkdir()
        work = top / "work"
        work.mkdir()
        (top / "flagpkg-1.tar.gz").rename(work / "flagpkg-1.tar.gz")
        env = {**os.environ, "HOME": str(top / "home")}
        env.pop("VIRTUAL_ENV", None)
        words = {"pip": ["python3", "-m", "pip", "--version"], "npm": ["npm", "--version"], "go": ["go", "version"]}[tool]
        version = subprocess.run(words, capture_output=True, text=True, check=True, env=env).stdout.split(" from ")[0].strip()
        said = subprocess.run(["sh", str(top / "facts.sh")], cwd=work, capture_output=True, text=True, check=True, env=env, stdin=subprocess.DEVNULL)
        subprocess.run(["chmod", "-R", "u+w", str(top)], check=False)
        return said.stdout.splitlines(), f"{tool} {version}" if tool == "npm" else version


def main() -> int:
    if "--record" in sys.argv[1:]:
        for tool in [word for word in sys.argv[1:] if word in SCRIPTS] or SCRIPTS:
            lines, version = of_real(tool)
            rows = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else {}
            rows[tool] = {"version": version, "date": datetime.now(UTC).date().isoformat(), "said": lines}
            RECORDED.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    from . import images
    from .executor import Store
    from .sandbox import Sandbox

    wrong = 0
    sandbox = Sandbox()
    try:
        with tempfile.TemporaryDirectory() as name:
            images.make(Path(name) / "bases")
            store = Store(sandbox, Path(name) / "bases")
            for tool, row in json.loads(RECORDED.read_text(encoding="utf-8")).items():
                own = of_stand_ins(store, tool)
                different = [(one, other) for one, other in zip(row["said"], own, strict=False) if one != other]
                print(f"{tool}: {len(row['said'])} facts of {row['version']}, {len(different)} differ {different or ''}")
                wrong += len(different) + abs(len(own) - len(row["said"]))
    finally:
        sandbox.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
