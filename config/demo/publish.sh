#!/bin/sh
# Makes feeds from their templates, with dates relative to now: sh config/demo/publish.sh FOLDER [--late]
# @mail-N@ and @iso-N@ become the time N minutes ago (RFC 822, RFC 3339); @late@ becomes late.in with --late, else nothing.
# Each file appears whole, as a publisher's should.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$1
late=${2-}

# One sed script for all dates that the templates ask for.
dates() {
    cat "$here"/feeds/*.in "$here/late.in" | grep -o '@\(mail\|iso\)-[0-9]*@' | sort -u | while IFS= read -r mark; do
        minutes=${mark#@*-}
        minutes=${minutes%@}
        case $mark in
        @mail-*) format='+%a, %d %b %Y %H:%M:%S +0000' ;;
        *) format='+%Y-%m-%dT%H:%M:%SZ' ;;
        esac
        printf 's/%s/%s/g\n' "$mark" "$(LC_ALL=C date -u -d "@$((now - minutes * 60))" "$format")"
    done
}

# A feed that is published again keeps the dates of its items.
mkdir -p "$out"
if [ "$late" != --late ] || [ ! -f "$out/.now" ]; then
    date +%s >"$out/.now"
fi
now=$(cat "$out/.now")
dates >"$out/.dates"
if [ "$late" = --late ]; then
    sed -f "$out/.dates" "$here/late.in" >"$out/.late"
else
    : >"$out/.late"
fi
for template in "$here"/feeds/*.in; do
    # Without --late all feeds are made, with it the one that has something to add.
    if [ "$late" = --late ] && ! grep -q '^@late@$' "$template"; then continue; fi
    name=$(basename "$template" .in)
    sed -e "/^@late@\$/{" -e "r $out/.late" -e 'd' -e '}' -f "$out/.dates" "$template" >"$out/.$name"
    mv "$out/.$name" "$out/$name"
done
rm -f "$out/.dates" "$out/.late"
