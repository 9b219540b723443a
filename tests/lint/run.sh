#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every check of what only this project knows; one line per finding, status 1 if there is any.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
passed=0
failed=0

check() {
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

manual_is_clean() {
    local findings
    findings=$(mandoc -T lint -W warning "$top/man/latchkey.1")
    [ -z "$findings" ] || { echo "$findings"; return 1; }
}

check bash "$here/selftest.sh"
for script in layers limits banned headers style python; do
    check python3 -B "$here/$script.py" "$@"
done
LATCHKEY=${LATCHKEY:-$top/build/dev/latchkey} check python3 -B "$here/manual.py"
check manual_is_clean
check shellcheck -S warning "$top"/tests/*.sh "$top"/tests/*/*.sh "$top/.ci/run"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
