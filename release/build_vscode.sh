#!/usr/bin/env bash
# Checks, tests and packs the extension for Visual Studio Code into a folder: build_vscode.sh FOLDER. For each `dlint-TARGET`
# there, the one file for a system, also a package for that system that brings it. From the environment: VERSION, PUBLISHER, REPOSITORY.
set -euo pipefail

out=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$root/editors/vscode" -c --exclude=./node_modules --exclude=./dist --exclude=./e2e . | tar -C "$work" -x
cp "$root/LICENSE" "$work"
cd "$work"

npm ci --silent --ignore-scripts --no-audit --no-fund
npm run --silent check
npm run --silent test >test.log 2>&1 || {
    cat test.log >&2
    exit 1
}
npm run --silent build -- --log-level=warning
node -e '
const fs = require("node:fs");
const manifest = JSON.parse(fs.readFileSync("package.json", "utf8"));
const { VERSION, PUBLISHER, REPOSITORY } = process.env;
Object.assign(manifest, { version: VERSION, publisher: PUBLISHER, repository: { type: "git", url: `${REPOSITORY}.git` } });
fs.writeFileSync("package.json", JSON.stringify(manifest, null, 2));
'
npx --no-install vsce package --no-dependencies --out "$out/dlint-vscode-$VERSION.vsix" >pack.log 2>&1 || {
    cat pack.log >&2
    exit 1
}
for program in "$out"/dlint-{linux,darwin,win32}-{x64,arm64}{,.exe}; do
    [ -f "$program" ] || continue
    name=$(basename "$program")
    target=${name#dlint-}
    target=${target%.exe}
    rm -rf bin
    mkdir bin
    cp "$program" "bin/dlint${name#"dlint-$target"}"
    npx --no-install vsce package --no-dependencies --target "$target" --out "$out/dlint-vscode-$VERSION-$target.vsix" >pack.log 2>&1 || {
        cat pack.log >&2
        exit 1
    }
done
