#!/bin/bash
# After the pattern of the Galera charts: the first pod of all begins a cluster, the others join it.
set -eu

self=$(hostname)
others=()
while read -r peer; do
  if [[ "$peer" == "$self".* ]]; then
    address=$peer
  else
    others+=("$peer")
  fi
done

joined=$(IFS=, && echo "${others[*]-}")
{
  echo "[galera]"
  echo "wsrep_node_address=$address"
  echo "wsrep_cluster_address=gcomm://$joined"
} >"$CONF_DIR/galera.cnf"
if [ ${#others[@]} -eq 0 ]; then
  touch "$CONF_DIR/bootstrap"
fi
