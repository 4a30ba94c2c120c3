#!/bin/sh
# What follow.sh runs: it gets a line for each peer, as the annotation rollcall.dev/file.peers has it.
set -eu
folder=${ROLLCALL_FOLDER:-/run/rollcall}
peers=
while read -r name address; do
  peers="$peers $name=$address"
done
# members.json begins with the fields that are not members: whether all this may be out of date is among them.
case $(head -c 200 "$folder/members.json") in
*'"stale":true'*) state='stale' ;;
*) state='fresh' ;;
esac
echo "peers:$peers | $state"
