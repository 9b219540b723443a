#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From nothing to a token: install what is missing, build, start the test issuer, log in, and answer from the cache.
#
# Runs on Debian 12 and 13, as root or with sudo. Nothing is left running; the program is build/release/latchkey.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
program=$top/build/release/latchkey
work=$(mktemp -d)
issuer_pid=
trust=()

finish() {
    [ -z "$issuer_pid" ] || kill "$issuer_pid" 2>/dev/null || :
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

title() { printf '\n== %s\n' "$*"; }

install_packages() {
    local name missing=() prefix=()
    for name in gcc libc6-dev cmake ninja-build pkg-config libcurl4-openssl-dev libjansson-dev libjwt-dev \
        libmicrohttpd-dev libssl-dev python3 python3-cryptography; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^.i' || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "installing ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || prefix=(sudo)
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || { echo "run this as root, or install sudo" >&2; exit 1; }
    "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" \
        >"$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log" >&2; exit 1; }
}

build() {
    (cd "$top" && cmake --preset release && cmake --build --preset release) >"$work/build.log" 2>&1 ||
        { tail -n 40 "$work/build.log" >&2; exit 1; }
    "$program" version
}

has_display() { [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; }

# Plain http for a real browser, which would not believe the provider's throw-away certificate.
start_issuer() {
    local tls=(--tls-dir "$work/tls")
    has_display && tls=()
    mkfifo "$work/ready"
    /usr/bin/python3 "$top/tests/issuer" "${tls[@]}" --exit-with-parent >"$work/ready" 2>"$work/issuer.log" &
    issuer_pid=$!
    local line
    if ! read -r -t 60 line <"$work/ready"; then
        cat "$work/issuer.log" >&2
        exit 1
    fi
    issuer=$(value issuer "$line")
    has_display || trust=(--certificate-authority="$(value ca_file "$line")")
    echo "an Authentik-shaped provider on $issuer"
}

value() { /usr/bin/python3 -c 'import json, sys; print(json.loads(sys.argv[2])[sys.argv[1]])' "$1" "$2"; }

# Also where CI=true says that nobody is there.
get_token() {
    "$program" get-token --non-interactive=false --oidc-issuer-url="$issuer" --oidc-client-id=kubernetes "${trust[@]}" \
        --token-cache-dir="$work/cache" "$@"
}

# The user's own browser where there is one; without a display a small program plays the person.
log_in() {
    if has_display; then
        get_token
    else
        get_token --browser-command="$top/tests/issuer/browse.py"
    fi
}

title "installing what is missing"
install_packages
title "building"
build
title "starting the test issuer"
start_issuer
title "first call: a login"
log_in
title "second call: the cached answer"
started=$(date +%s%N)
get_token
ended=$(date +%s%N)
printf '\nfrom the cache in %d.%02d ms\n' $(((ended - started) / 1000000)) $(((ended - started) / 10000 % 100))
printf '\nThe program is %s; README.md shows a kubeconfig that works.\n' "${program#"$PWD"/}"
