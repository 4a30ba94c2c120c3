#!/bin/bash
# The same again whenever a peer comes or goes.
PEERS=()
while read -ra LINE; do
  PEERS+=("${LINE[@]}")
done
: >"$CLUSTER_CONF"
for peer in "${PEERS[@]}"; do
  echo "${peer}:$NACOS_SERVER_PORT" >>"$CLUSTER_CONF"
done
