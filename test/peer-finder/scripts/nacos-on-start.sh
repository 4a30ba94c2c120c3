#!/bin/bash
# After the pattern of the Nacos charts: the peers with their port, one a line.
PEERS=()
while read -ra LINE; do
  PEERS+=("${LINE[@]}")
done
: >"$CLUSTER_CONF"
for peer in "${PEERS[@]}"; do
  echo "${peer}:$NACOS_SERVER_PORT" >>"$CLUSTER_CONF"
done
