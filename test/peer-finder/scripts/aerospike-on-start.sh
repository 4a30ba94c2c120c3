#!/bin/bash
# After the pattern of the Aerospike charts: one line of the mesh for each peer but this pod itself.
set -o errexit -o pipefail
cluster=""
while read -ra words; do
  [[ ${words[0]} == *"$(hostname)"* ]] && continue
  cluster+="mesh-seed-address-port ${words[0]} 3002"$'\n'
done
awk -v seeds="$cluster" '/# mesh/ { printf "%s", seeds; next } { print }' "$CONF_DIR/aerospike.tmpl" >"$CONF_DIR/aerospike.conf"
