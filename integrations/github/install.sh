#!/usr/bin/env bash
# Installs dlint into an environment of its own: the action's own version, or INPUT_VERSION from the package index.
set -euo pipefail

version=${INPUT_VERSION:-}
environment=$RUNNER_TEMP/dlint-environment

"${PYTHON:-python3}" -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check "${version:+dockerlint==}${version:-$ACTION_PATH}"
echo "dlint=$environment/bin/dlint" >>"$GITHUB_OUTPUT"
