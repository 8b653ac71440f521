#!/usr/bin/env bash
# Publishes the npm packages of a release to a registry of its own on this machine, and uses them as a stranger would:
# try_npm.sh FOLDER. Needs npm, and curl.
set -euo pipefail

dist=$(realpath "$1")
release=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

mkdir "$work/registry" "$work/user"
cd "$work/registry"
cat >config.yaml <<'END'
storage: ./storage
max_body_size: 100mb
uplinks: {}
packages:
  '**': {access: $all, publish: $anonymous}
log: {type: stdout, level: warn}
END
echo '{"private": true, "dependencies": {"verdaccio": "6.1.2"}, "overrides": {"node-fetch": "2.7.0"}}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund
port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
node node_modules/verdaccio/bin/verdaccio --config config.yaml --listen "127.0.0.1:$port" >"$work/registry.log" 2>&1 &
server=$!
registry=http://127.0.0.1:$port
curl --silent --fail --retry 20 --retry-connrefused --retry-delay 1 --output /dev/null "$registry/-/ping" || {
    cat "$work/registry.log" >&2
    exit 1
}

cd "$work/user"
# npm publishes for whoever has a token; this registry does not look at it
printf 'registry=%s/\n//127.0.0.1:%s/:_authToken=none\ncache=%s\n' "$registry" "$port" "$work/cache" >.npmrc
for package in "$dist"/dockerlint-cli-*-*-*.tgz "$dist"/dockerlint-cli-[0-9]*.tgz; do
    npm publish --loglevel error --access public "$package" >/dev/null
done
"$release/smoke.sh" npx --yes --prefer-online dockerlint-cli

# as most projects have it, where no script of a package may run
npm install --silent --no-audit --no-fund --ignore-scripts --save-dev dockerlint-cli
"$release/smoke.sh" npx --no-install dlint
