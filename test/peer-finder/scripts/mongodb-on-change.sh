#!/usr/bin/env bash
# After the pattern of the MongoDB charts: the members of the replica set, the first one as its seed.
set -eu

script=${0##*/}
number=0
members=
while read -r peer; do
  members+="${members:+, }{_id: $number, host: '$peer:27017'}"
  number=$((number + 1))
done
echo "[$script] $HOST_ADDRESS_TYPE $number members"
printf "rs.reconfig({_id: '%s', members: [%s]})\n" "$REPLICA_SET" "$members" >"$CONF_DIR/replica-set.js"
