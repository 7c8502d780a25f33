#!/usr/bin/env bash
# Writes the result into the pull request: the comment with the marker is updated, or a first one is made. Takes GH_TOKEN, NUMBER,
# GITHUB_REPOSITORY and RUNNER_TEMP from the environment.
set -euo pipefail

comment="$RUNNER_TEMP/infercheck.md"
[ -f "$comment" ] || exit 0
comments="repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments"
id=$(gh api --paginate "$comments" --jq '.[] | select(.body | startswith("<!-- infercheck-gate -->")) | .id' | head -n 1)
if [ -n "$id" ]; then
    gh api --silent -X PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F "body=@$comment"
else
    gh api --silent "$comments" -F "body=@$comment"
fi
