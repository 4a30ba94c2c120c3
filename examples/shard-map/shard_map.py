"""Gives each key to a member by rendezvous hashing, and measures how many keys a change moves."""

import collections
import hashlib
import os
import signal
import sys

# The reader of ../python; PYTHONPATH says where it is.
import members

KEYS = [f"key-{number}" for number in range(10_000)]


def score(key, owner):
    """The same in every pod and on every machine, as hash() is not."""
    return hashlib.blake2b(f"{owner}\0{key}".encode(), digest_size=8).digest()


def owner_of(key, owners):
    """The owner with the highest score. A change of the owners moves only keys of those who came or left."""
    return max(owners, key=lambda owner: score(key, owner), default=None)


def shard_map(owners):
    return {key: owner_of(key, owners) for key in KEYS}


def moved(before, after):
    return sum(1 for key in KEYS if before[key] != after[key])


def at_least(before, after):
    """The share of keys that any even spread would have to move: those of whoever left, or came."""
    largest = max(len(before), len(after))
    return max(len(set(before) - set(after)), len(set(after) - set(before))) / largest if largest else 0


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    owners, shards = None, {}
    for group in members.follow(os.environ.get("ROLLCALL_SOCKET", members.SOCKET_PATH)):
        # By name, not uid: a pod that a StatefulSet makes again gets its own keys back. All members count, ready
        # or not, so that a failed readiness check moves nothing. A stale group is still the one to go by.
        now = group.names
        if now == owners:
            continue
        new = shard_map(now)
        if owners is not None:
            share = moved(shards, new) / len(KEYS)
            print(f"moved {share:.1%} of the keys; at least {at_least(owners, now):.1%} must move", flush=True)
        owners, shards = now, new
        counts = collections.Counter(new.values())
        print(" ".join(["shards:", *(f"{owner}={counts[owner]}" for owner in owners)]), flush=True)


if __name__ == "__main__":
    try:
        main()
    except members.UnsupportedProtocol as error:
        sys.exit(f"rollcall: {error}")
