#!/bin/sh
# Installs the Debian packages that are missing: sh config/install.sh [--log FILE] LIST...
# A LIST is a file of config/packages without its ".txt": build, package, test. Needs root or sudo if something is missing;
# without either it prints the command to run and exits with 1.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
log=
if [ "${1-}" = --log ]; then
    log=$2
    shift 2
fi

say() { printf '%s\n' "$*"; }

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    say "This is no Debian system. What is needed stands in config/packages, under the names of Debian's packages."
    say "Install it and call again with --no-install."
    exit 1
fi

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The lines of the lists of which no alternative is installed, one a line.
missing_lines() {
    for list in "$@"; do
        sed 's/#.*//' "$here/packages/$list.txt"
    done | while IFS= read -r line; do
        [ -n "$(printf '%s' "$line" | tr -d ' ')" ] || continue
        found=no
        for package in $(printf '%s' "$line" | tr '|' ' '); do
            if installed "$package"; then found=yes; fi
        done
        [ $found = yes ] || printf '%s\n' "$line"
    done
}

# Of each line the first name that apt knows, else the last one.
choose() {
    while IFS= read -r line; do
        for package in $(printf '%s' "$line" | tr '|' ' '); do
            if [ -n "$(apt-cache show --no-all-versions "$package" 2>/dev/null)" ]; then break; fi
        done
        printf '%s ' "$package"
    done
}

lines=$(missing_lines "$@")
if [ -z "$lines" ]; then
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=sudo
else
    say "Some packages are missing, and neither root nor sudo is at hand to install them. As root, run:"
    say "    apt-get update && apt-get install --no-install-recommends $(printf '%s\n' "$lines" | choose)"
    exit 1
fi

# Whatever apt has to say goes to the log, and is shown when it fails.
apt() {
    out=${log:-$(mktemp)}
    status=0
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >>"$out" 2>&1 </dev/null || status=$?
    if [ $status != 0 ]; then
        say "apt-get $* failed:"
        tail -n 20 "$out"
    fi
    [ -n "$log" ] || rm -f "$out"
    return $status
}

# One of several sources may be out of reach while the others have all that is needed.
apt update || say "Trying with the lists of packages that are there."
packages=$(printf '%s\n' "$lines" | choose)
say "Installing: $packages"
# shellcheck disable=SC2086
apt install --no-install-recommends $packages || exit 1
