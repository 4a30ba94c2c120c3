#!/bin/bash
# After the pattern of the CockroachDB charts: an init container writes what the server joins.
set -eu

join=()
while read -ra line; do
  for peer in "${line[@]}"; do
    join+=("$peer:26257")
  done
done
echo "--advertise-host=$(hostname -f 2>/dev/null || hostname) --join=$(IFS=, && echo "${join[*]}")" >"$CONF_DIR/flags"
