#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Plants one violation at a time in a small clean tree and demands that the lint names it and nothing else.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0
cases=0

licence='/* SPDX-License-Identifier: Apache-2.0 */'

# c_file PATH LINE...: a C file with a proper beginning and these lines.
c_file() {
    mkdir -p "$tree/$(dirname "$1")"
    { printf '%s\n' "$licence" '/* A file of the self-test. */' "${@:2}"; } >"$tree/$1"
}

file() {
    mkdir -p "$tree/$(dirname "$1")"
    printf '%s\n' "${@:2}" >"$tree/$1"
}

clean_tree() {
    rm -rf "${tree:?}"/*
    c_file include/base/text.h '#ifndef BASE_TEXT_H' '#define BASE_TEXT_H' '' \
        'int text_length(const char *text);' '' '#endif'
    c_file src/base/text.c '#include "base/text.h"' '' '#include <string.h>' '' \
        'int text_length(const char *text)' '{' '    return (int)strlen(text); /* not strcpy(a, b) */' '}'
    c_file src/session/private.h '#ifndef PRIVATE_H' '#define PRIVATE_H' 'extern int number;' '#endif'
    c_file src/session/store.c '#include "private.h"' '#include "base/text.h"' 'int number;'
    c_file src/command/show.c '#include "base/text.h"' 'int show(void)' '{' \
        '    return puts(getenv("HOME"));' '}'
    c_file src/main.c '#include "command/show.h"' '#include "base/text.h"' 'int main(void)' '{' \
        '    return 0;' '}'
    file tests/unit/good.py '# SPDX-License-Identifier: Apache-2.0' '"""A good file."""'
    file tests/good.sh '#!/bin/sh' '# SPDX-License-Identifier: Apache-2.0' 'exit 0'
}

# expect SCRIPT FINDING...: the script's whole output for the tree as it is.
expect() {
    local script=$1 output wanted status=0
    shift
    cases=$((cases + 1))
    output=$(python3 -B "$here/$script.py" --root "$tree" 2>&1) || status=$?
    wanted=$(printf '%s\n' "$@")
    if [ "$output" != "$wanted" ] || [ "$status" -ne $(($# > 0 && ${#1} > 0 ? 1 : 0)) ]; then
        printf 'selftest: %s ended with %s\n  wanted: %s\n  found:  %s\n' \
            "$script" "$status" "$wanted" "$output" >&2
        failed=1
    fi
    clean_tree
}

# repeat COUNT LINE: that many lines.
repeat() { for ((i = 0; i < $1; i++)); do printf '%s\n' "$2"; done; }

. "$here/selftest_cases.sh"

[ "$failed" -eq 0 ] || exit 1
printf 'lint self-test: %s planted cases, each found\n' "$cases"
