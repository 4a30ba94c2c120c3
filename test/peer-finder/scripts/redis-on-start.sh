#!/bin/sh
# After the pattern of the Redis charts: the first of the list leads, the others follow it, and the script
# then is the server.
set -eu

first=
while read -r peer; do
  first=${first:-$peer}
done
case $first in
  "$(hostname)".*) role=leader ;;
  *) role="replicaof $first 6379" ;;
esac
echo "$role" >"$CONF_DIR/redis.conf"
exec "$REDIS_SERVER" "$CONF_DIR/redis.conf"
