#!/usr/bin/env bash
# After the pattern of the ZooKeeper charts: one number a server, by the place of its name in the list.
set -eu

mapfile -t peers
number=0
: >"$CONF_DIR/zoo.cfg.dynamic"
for peer in "${peers[@]}"; do
  number=$((number + 1))
  echo "server.$number=$peer:2888:3888;2181" >>"$CONF_DIR/zoo.cfg.dynamic"
  case $peer in
    "$(hostname)".*) echo "$number" >"$CONF_DIR/myid" ;;
  esac
done
