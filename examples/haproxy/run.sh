#!/bin/sh
# Runs HAProxy with the servers that the sidecar lists, and reloads it whenever the list changes. A reload takes
# no connection away: the old process serves its own to their end while the new one has the port.
set -u
here=$(dirname "$0")
servers=${ROLLCALL_SERVERS:-/run/rollcall/servers}
work=$(mktemp -d)
haproxy_pid=

stop() {
  # SIGUSR1: no new connections, and the end when the last one has ended.
  [ -n "$haproxy_pid" ] && kill -USR1 "$haproxy_pid" 2>/dev/null && wait "$haproxy_pid"
  rm -rf "$work"
  exit 0
}
trap stop TERM INT

# A configuration that HAProxy does not take never replaces one that works.
render() {
  cp "$servers" "$work/servers.next" 2>/dev/null || return 1
  cmp -s "$work/servers.next" "$work/servers" && return 1
  mv "$work/servers.next" "$work/servers"
  cat "$here/base.cfg" "$work/servers" >"$work/haproxy.cfg.next"
  if haproxy -c -q -f "$work/haproxy.cfg.next"; then
    mv "$work/haproxy.cfg.next" "$work/haproxy.cfg"
  else
    echo 'run.sh: the configuration is not taken, the old one stays' >&2
    return 1
  fi
}

while :; do
  if render; then
    if [ -z "$haproxy_pid" ]; then
      # -W: a master process, which starts a new worker on SIGUSR2.
      haproxy -W -f "$work/haproxy.cfg" &
      haproxy_pid=$!
    else
      kill -USR2 "$haproxy_pid"
    fi
    echo "servers: $(grep -c . "$work/servers")"
  fi
  if [ -n "$haproxy_pid" ] && ! kill -0 "$haproxy_pid" 2>/dev/null; then
    echo 'run.sh: HAProxy has ended' >&2
    exit 1
  fi
  sleep 1 &
  wait $!
done
