#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build kube-apiserver (and kubectl, where PATH has none that is new enough) once per machine; print their folder.
#
# usage: build.sh [PROGRAM...]    default: kube-apiserver, and kubectl when it is needed
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${LATCHKEY_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/latchkey-tests}
version=$(sed -n 's/^require k8s.io\/kubernetes //p; s/^\tk8s.io\/kubernetes \(v[0-9.]*\).*/\1/p' "$here/go.mod")
sum=$(cat "$here/go.mod" "$here/go.sum" | sha256sum | cut -c1-8)
target=$cache/cluster/kubernetes-$version-$sum

# Does PATH have a kubectl of 1.30 or newer, the first that can set everything an exec entry needs?
kubectl_is_there() {
    local minor
    minor=$(kubectl version --client -o json 2>/dev/null |
        sed -n 's/.*"minor": "\([0-9]*\).*/\1/p' | head -n 1) || true
    [ "${minor:-0}" -ge 30 ]
}

# The Go that is new enough for the go.mod: PATH's, else the one that tests/tools/setup.sh installed.
find_go() {
    local candidate minor
    for candidate in go "$cache/venv/bin/go"; do
        minor=$(GOTOOLCHAIN=local "$candidate" version 2>/dev/null | sed -n 's/.* go1\.\([0-9]*\).*/\1/p') || true
        [ "${minor:-0}" -ge 26 ] && { command -v "$candidate"; return; }
    done
    echo "build.sh: no Go 1.26 or newer: run tests/tools/setup.sh cluster" >&2
    return 1
}

missing() {
    local program
    for program in "$@"; do
        [ -x "$target/$program" ] || echo "$program"
    done
}

compile() {
    local go polite=(nice -n 19) packages=()
    go=$(find_go)
    command -v ionice >/dev/null && polite+=(ionice -c 3)
    rm -rf "$cache/cluster/new"
    mkdir -p "$cache/cluster/new" "$target"
    packages=("${@/#/k8s.io/kubernetes/cmd/}")
    export GOMODCACHE=$cache/go/mod GOCACHE=$cache/go/build GOTOOLCHAIN=local CGO_ENABLED=0
    export GOFLAGS="-mod=readonly -modcacherw -p=${LATCHKEY_TEST_JOBS:-$(nproc)}"
    (cd "$here" && "${polite[@]}" "$go" build -trimpath -buildvcs=false -o "$cache/cluster/new/" \
        -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" "${packages[@]}") >&2
    mv "$cache/cluster/new/"* "$target/"
    rm -rf "$cache/cluster/new" "$cache/go" # 3.4 GB that nothing needs again
}

programs=("$@")
if [ $# -eq 0 ]; then
    programs=(kube-apiserver)
    kubectl_is_there || programs+=(kubectl)
fi
mapfile -t wanted < <(missing "${programs[@]}")
if [ ${#wanted[@]} -gt 0 ]; then
    mkdir -p "$cache/cluster"
    exec 9>"$cache/cluster/lock"
    flock 9
    mapfile -t wanted < <(missing "${programs[@]}") # another run may have built them meanwhile
    if [ ${#wanted[@]} -gt 0 ]; then
        echo "build.sh: building ${wanted[*]} $version (once per machine, 6 to 15 minutes)" >&2
        compile "${wanted[@]}" 9>&-
    fi
fi
echo "$target"
