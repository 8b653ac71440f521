#!/usr/bin/env bash
# One run of the action. Of a pull request the Dockerfiles count that it changes, themselves or what they copy; what it does
# to findings and costs goes to the job's summary and into one comment. Without a pull request all Dockerfiles count.
# The inputs are variables INPUT_*; everything else is as GitHub sets it.
set -euo pipefail

dlint=${DLINT:-dlint}
folder=$RUNNER_TEMP/dlint
marker='<!-- dlint diff -->'
mkdir -p "$folder"
options=()
[ -z "${INPUT_FAIL_ON:-}" ] || options+=(--fail-on "$INPUT_FAIL_ON")
[ -z "${INPUT_PRESET:-}" ] || options+=(--preset "$INPUT_PRESET")
paths=()
while IFS= read -r path; do
    [ -z "$path" ] || paths+=("$path")
done <<<"${INPUT_PATHS:-}"

# What the pull request is held against. Of a checkout of the merge that GitHub makes, that is its first parent.
base() {
    if [ "$(git rev-parse HEAD)" = "${GITHUB_SHA:-}" ] && [[ ${GITHUB_REF:-} == refs/pull/*/merge ]]; then
        is_merge || git fetch --quiet --no-tags --depth=2 origin "$GITHUB_SHA" >&2 || true
        if is_merge; then
            echo 'HEAD^1'
            return
        fi
    fi
    git merge-base "$PULL_REQUEST_BASE" HEAD >/dev/null 2>&1 ||
        git fetch --quiet --no-tags --unshallow origin "$PULL_REQUEST_BASE" "$(git rev-parse HEAD)" >&2 ||
        git fetch --quiet --no-tags origin "$PULL_REQUEST_BASE" >&2 || true
    echo "$PULL_REQUEST_BASE"
}

is_merge() { git rev-parse --quiet --verify 'HEAD^2' >/dev/null; }

# One comment a pull request: the one that is there already is rewritten; where nothing changes none is begun.
comment() {
    local known
    known=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" \
        --jq ".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$marker\"))) | .id") || return 1
    known=${known%%$'\n'*}
    if [ -n "$known" ]; then
        gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$known" --field "body=@$1"
    elif grep -q '^| ' "$1"; then
        gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" --field "body=@$1"
    fi
}

# The worse of two exit statuses.
worse() { [ "$1" -ge "$2" ] && echo "$1" || echo "$2"; }

check() { "$dlint" check "${options[@]+"${options[@]}"}" "$@"; }

if [ "${INPUT_SARIF:-}" = true ]; then
    # of all files: code scanning takes a finding that is not in there for one that is mended
    status=0
    check --format sarif --output "$folder/dlint.sarif" --exit-zero -- "${paths[@]+"${paths[@]}"}" || status=$?
    [ "$status" -lt 3 ] || exit "$status"
    [ ! -s "$folder/dlint.sarif" ] || echo "sarif=$folder/dlint.sarif" >>"$GITHUB_OUTPUT"
fi

if [ -z "${PULL_REQUEST:-}" ]; then
    check --format github -- "${paths[@]+"${paths[@]}"}"
    exit
fi

found=0
rm -f "$folder/names"
"$dlint" diff "${options[@]+"${options[@]}"}" --format markdown --names "$folder/names" --head HEAD \
    -- "$(base)" "${paths[@]+"${paths[@]}"}" >"$folder/comment.md" || found=$?
[ -f "$folder/names" ] || exit "$found"
files=()
while IFS= read -r -d '' file; do
    files+=("$file")
done <"$folder/names"

old=0
if [ "${#files[@]}" -eq 0 ]; then
    echo "dlint: no Dockerfile changes, nor what one copies"
else
    check --format github -- "${files[@]}" || old=$?
fi
cat "$folder/comment.md" >>"$GITHUB_STEP_SUMMARY"
if [ "${INPUT_COMMENT:-}" = true ] && [ -n "${GH_TOKEN:-}" ] && ! comment "$folder/comment.md"; then
    echo "::warning title=dlint::the pull request could not be commented on: does the job have pull-requests: write?"
fi

if [ "${INPUT_NEW_ONLY:-}" = true ] && [ "$old" -lt 2 ]; then
    exit "$found"
fi
exit "$(worse "$old" "$found")"
