#!/bin/sh
# Runs a command with the peers on its input, one a line, now and whenever the file that the sidecar keeps has
# changed. A command that fails is run again.
#
#   follow.sh /run/rollcall/peers ./on-change.sh
set -u
file=$1
shift
last=$(mktemp)
next=$(mktemp)
told=no
trap 'rm -f "$last" "$next"' EXIT
# sh runs a trap only between commands: what waits below can be interrupted.
trap 'exit 0' TERM INT

while :; do
  # The sidecar replaces the file as a whole, so a copy is one state of the group and never a part of two. No file
  # means that nothing is known yet, which is not the same as an empty one: nobody is there.
  if cp "$file" "$next" 2>/dev/null && { [ "$told" = no ] || ! cmp -s "$last" "$next"; }; then
    if "$@" <"$next"; then
      cp "$next" "$last"
      told=yes
    else
      echo "follow.sh: $1 ended with $?, it runs again" >&2
    fi
  fi
  sleep 1 &
  wait $!
done
