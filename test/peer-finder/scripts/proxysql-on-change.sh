#!/bin/bash
# After the pattern of the ProxySQL charts: one statement a server, and a line of its own for each peer read.
servers=
cleanup="DELETE FROM mysql_servers;"
while read -ra LINE; do
  echo "Read line $LINE"
  servers="$servers INSERT INTO mysql_servers VALUES ('${LINE}', 3306);"
done
if [ -z "$servers" ]; then
  echo "no peers" >&2
  exit 1
fi
printf '%s%s LOAD MYSQL SERVERS TO RUNTIME;\n' "$cleanup" "$servers" >"$CONF_DIR/servers.sql"
