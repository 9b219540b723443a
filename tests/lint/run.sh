#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every check of what only this project knows; one line per finding, status 1 if there is any.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
status=0
bash "$here/selftest.sh" || status=1
for script in layers limits banned headers style python; do
    python3 -B "$here/$script.py" "$@" || status=1
done
program=${LATCHKEY:-$here/../../build/dev/latchkey}
if [ -x "$program" ]; then
    LATCHKEY=$program python3 -B "$here/manual.py" || status=1
else
    echo "lint: --help and the manual were not compared: there is no $program" >&2
fi
[ "$status" -eq 0 ] && echo 'lint: no findings'
exit "$status"
