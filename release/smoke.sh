#!/usr/bin/env bash
# Tries a dlint as a stranger would: smoke.sh COMMAND..., such as `smoke.sh ./dlint-linux-x64` or `smoke.sh docker run --rm -i IMAGE`.
# All is read from standard input, so that the command may see no file of this machine.
set -euo pipefail

fail() {
    echo "smoke: $1" >&2
    exit 1
}

"$@" --version | grep -q '^dlint [0-9]' || fail "no version"

status=0
found=$(printf 'FROM debian:12\nADD app.py /\nRUN apt-get install curl\nUSER 1000\n' | "$@" --preset all --format json --no-cache -) || status=$?
[ "$status" = 1 ] || fail "a Dockerfile with a warning: exit status $status, not 1"
for code in DL3020 DL3014; do
    case $found in
        *"\"$code\""*) ;;
        *) fail "$code is not found: $found" ;;
    esac
done

fixed=$(printf 'FROM debian:12\nADD app.py /\nUSER 1000\n' | "$@" --preset all --select DL3020 --fix --no-cache - 2>/dev/null) || fail "a fix: exit status $?"
[ "$fixed" = $'FROM debian:12\nCOPY app.py /\nUSER 1000' ] || fail "the fix is not made: $fixed"

"$@" explain DF101 | grep -q '^# DF101' || fail "no page of a rule"
[ "$("$@" rules | wc -l)" -gt 100 ] || fail "rules are missing"
printf 'FROM python:3.13-slim\nRUN pip install flask==3.0.0\n' | "$@" cost - >/dev/null || fail "no costs"
echo "smoke: passed: $*"
