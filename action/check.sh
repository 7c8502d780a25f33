#!/usr/bin/env bash
# The step of action.yml, and what a CI of another kind can run: judges LOGS once for each output that is asked for. The logs are read once:
# later runs find them in the ledger. Takes LOGS, BASELINE, ARGS, SARIF and INFERCHECK (the command) from the environment.
set -uo pipefail

infercheck=${INFERCHECK:-"$RUNNER_TEMP/infercheck/bin/infercheck"}
folder=${RUNNER_TEMP:-$(mktemp -d)}
result="$folder/infercheck.json" comment="$folder/infercheck.md"

# Adds the words of a text to the list `common`: split at spaces and line ends, quotes hold a word together, and nothing is run or expanded.
add_words() {
  [[ $1 =~ [^[:space:]] ]] || return 0
  if ! xargs printf '%s\0' <<<"$1" >"$folder/infercheck.words" 2>/dev/null; then
    echo "infercheck: error: a quote is not closed: ${1//$'\n'/ }" >&2
    exit 2
  fi
  while IFS= read -r -d '' word; do common+=("$word"); done <"$folder/infercheck.words"
}
common=(--ledger "$folder/infercheck.duckdb" --quiet ${BASELINE:+--baseline "$BASELINE"})
add_words "${ARGS:-}"
add_words "$LOGS"

"$infercheck" check "${common[@]}" --format github
status=$?
[ "$status" -le 1 ] || [ "$status" -eq 4 ] || exit "$status" # nothing was judged: the one line on stderr says why
"$infercheck" check "${common[@]}" --format json -o "$result" --exit-zero
"$infercheck" check "${common[@]}" --format markdown -o "$comment" --exit-zero
[ -z "${SARIF:-}" ] || "$infercheck" check "${common[@]}" --format sarif -o "$SARIF" --exit-zero
[ -z "${GITHUB_OUTPUT:-}" ] || echo "result=$result" >>"$GITHUB_OUTPUT"
exit "$status"
