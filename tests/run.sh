#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Install what is missing, build, run the tests, end with one summary.
#
# usage: run.sh [--all] [PART...]    parts: see tests/tools/run.py --list; without a part, the everyday ones
set -euo pipefail
tests=$(cd "$(dirname "$0")" && pwd)
cache=${LATCHKEY_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/latchkey-tests}
bash "$tests/tools/setup.sh" build unit python
exec "$cache/venv/bin/python" "$tests/tools/run.py" "$@"
