#!/usr/bin/env bash
# Writes requirements.txt anew: what the image and the one file hold besides dlint. Needs `uv`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

made=$(mktemp)
trap 'rm -f "$made"' EXIT
# from the lowest Python on, so that one file holds for all; an index of one's own is not named in it
uv pip compile --quiet pyproject.toml --extra html --extra lsp --extra online --extra shellcheck --universal --python-version 3.11 \
    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file "$made"
{
    echo "# What the image and the one file hold besides dlint. Made by release/lock.sh."
    cat "$made"
} >release/requirements.txt
