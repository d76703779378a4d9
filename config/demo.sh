#!/bin/sh
# Tidings in one command: installs what is missing, builds, and follows a dozen made-up feeds.
#   sh config/demo.sh [--once] [--no-install] [--build DIR]
# --once        ends after the list of stories
# --no-install  takes the system as it is
# --build DIR   takes the programs of this build tree instead of building
# It needs no network but for packages that are missing, and leaves nothing behind but the build in build/demo.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
build=$source/build/demo
make=yes
once=no
install=yes
while [ $# -gt 0 ]; do
    case $1 in
    --once) once=yes ;;
    --no-install) install=no ;;
    --build)
        [ $# -ge 2 ] || { printf '%s\n' '--build: which folder?' >&2; exit 2; }
        build=$(cd "$2" && pwd)
        make=no
        shift
        ;;
    *)
        printf 'usage: sh config/demo.sh [--once] [--no-install] [--build DIR]\n' >&2
        exit 2
        ;;
    esac
    shift
done
log=$build/demo.log

# A trap may run while a command's output is redirected; what is said goes to the terminal all the same.
exec 3>&1
say() { printf '%s\n' "$*" >&3; }
step() { printf '\n== %s\n' "$*" >&3; }

dir=
daemon=
watcher=
following=no

stop() {
    for process in $watcher $daemon; do
        kill "$process" 2>/dev/null || :
        wait "$process" 2>/dev/null || :
    done
    watcher=''
    daemon=''
}

finish() {
    status=$?
    trap - EXIT INT TERM HUP PIPE
    stop
    if [ -n "$dir" ]; then rm -rf "$dir"; fi
    exit "$status"
}

interrupted() {
    if [ $following = yes ]; then
        say ''
        say 'Goodbye. The daemon has ended and its files are gone; call again whenever you like.'
        exit 0
    fi
    say ''
    say 'Interrupted.'
    exit 130
}

trap finish EXIT
trap interrupted INT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap 'exit 141' PIPE

fail() {
    say "$*"
    exit 1
}

# Calls a command every fifth of a second until it succeeds or N seconds have passed.
wait_for() {
    tries=$(($1 * 5))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.2
    done
}

tidings() { "$build/daemon/tidings" --socket "$dir/tidings.sock" "$@"; }
answers() {
    kill -0 "$daemon" 2>/dev/null || fail "The daemon has ended: $(tail -n 5 "$dir/tidingsd.log")"
    tidings status >/dev/null 2>&1
}
all_polled() {
    feeds=$(tidings feeds --json | tr -d ' ') || return 1
    case $feeds in
    *'"status":"new"'*) return 1 ;;
    *'"status":'*) return 0 ;;
    *) return 1 ;;
    esac
}

mkdir -p "$build" || fail "Cannot write to $build."
: >"$log"

step '1. What is needed'
if [ $install = yes ]; then
    sh "$source/config/install.sh" --log "$log" build || exit 1
    say 'All packages are there.'
else
    say 'Not looked at (--no-install).'
fi

step '2. Building tidingsd, the daemon, and tidings, its client'
if [ $make = yes ]; then
    say "The compiler's messages go to $log."
    {
        cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTIDINGS_TESTS=OFF \
            -DTIDINGS_WERROR=OFF && cmake --build "$build" --target tidingsd tidings
    } >>"$log" 2>&1 </dev/null || {
        tail -n 30 "$log"
        fail "The build failed; all of it stands in $log."
    }
    say 'Built.'
else
    say "Not done; those in $build are taken."
fi

step '3. Twelve feeds of made-up outlets'
dir=$(mktemp -d "${TMPDIR:-/tmp}/tidings-demo.XXXXXX")
sh "$source/config/demo/publish.sh" "$dir/feeds"
sed "s|@dir@|$dir|g" "$source/config/demo/tidings.conf.in" >"$dir/tidings.conf"
say "RSS 2.0, RSS 1.0, Atom and JSON Feed, written to $dir/feeds."

step '4. Starting the daemon'
"$build/daemon/tidingsd" --config "$dir/tidings.conf" >"$dir/tidingsd.log" 2>&1 </dev/null 3>&- &
daemon=$!
wait_for 30 answers || fail "The daemon does not answer: $(tail -n 5 "$dir/tidingsd.log")"
say "Its SQLite database, its socket and its log are in $dir."

step '5. Polling the feeds'
wait_for 30 all_polled || fail "The feeds were not polled: $(tail -n 5 "$dir/tidingsd.log")"
tidings feeds

step '6. The stories: tidings list --all'
tidings list --all
if [ $once = yes ]; then
    exit 0
fi

step '7. Following new stories: tidings watch'
story=$(tidings list --all | grep 'Putin lands' | cut -f 1)
say 'To read one of them, type in a second terminal'
say ''
say "    $build/daemon/tidings --socket $dir/tidings.sock show $story"
say ''
say 'Another outlet will publish its report in a few seconds. Ctrl-C ends the demonstration.'
say ''
following=yes
"$build/daemon/tidings" --socket "$dir/tidings.sock" watch 3>&- &
watcher=$!
sleep 5
sh "$source/config/demo/publish.sh" "$dir/feeds" --late
tidings refresh 'Portside Evening Post' >/dev/null || say 'The feed could not be polled again.'
wait "$watcher" || :
watcher=''
fail "The daemon has ended: $(tail -n 5 "$dir/tidingsd.log")"
