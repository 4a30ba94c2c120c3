"""The group of this pod, as Rollcall's sidecar tells of it on a Unix socket. Standard library, Python 3.9+.

    for group in members.follow():
        print(group.names, "stale" if group.stale else "fresh")
"""

import json
import random
import socket
import sys
import time

SOCKET_PATH = "/run/rollcall/members.sock"
# A snapshot is one line of up to 500 bytes a member: room for 33,000. A longer line is not believed.
MAX_LINE_BYTES = 16 * 1024 * 1024


class UnsupportedProtocol(Exception):
    """The sidecar speaks a protocol that this program would misread: stop."""


class Broken(Exception):
    """A line contradicts what is held, or makes no sense: connect again."""


class Group:
    """What the lines say, put together. Members are dicts by uid, with the fields of the protocol."""

    def __init__(self):
        self.members = {}
        self.synced = False  # before the first snapshot nothing is known, which is not the same as nobody
        self.stale = True
        self.reason = "unconnected"
        self.silence = 15.0
        self._greeted = False
        self._revision = None  # None until this connection has sent its snapshot

    @property
    def names(self):
        return sorted(str(member.get("name", uid)) for uid, member in self.members.items())

    def __str__(self):
        state = f"stale: {self.reason}" if self.stale else "fresh"
        return " ".join(["members:", *self.names, "|", state])

    def connected(self):
        """A new connection begins. What is known stays, as stale, until its snapshot."""
        self._greeted = False
        self._revision = None
        self.silence = 15.0
        self.stale = True
        self.reason = "unconnected"

    def apply(self, text):
        """Takes one line and returns whether anything may have changed."""
        try:
            line = json.loads(str(text, "utf-8"))
            return self._apply(line["type"], line)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Broken(f"a line that makes no sense ({error!r}): {text[:60]!r}") from error

    def _apply(self, kind, line):
        if not self._greeted and kind != "hello":
            raise Broken(f"the first line is {kind}, not hello")
        if kind == "hello":
            return self._hello(line)
        if kind == "snapshot":
            return self._snapshot(line)
        if kind == "delta":
            return self._delta(line)
        if kind == "status":
            return self._staleness(_flag(line["stale"]), line.get("reason"))
        if kind == "heartbeat":
            return self._heartbeat(line)
        if kind == "bye":
            raise Broken(f"the sidecar said bye: {line.get('reason')}")
        return False  # a type of a later version

    def _hello(self, line):
        if line["protocol"] != 1:
            raise UnsupportedProtocol(f"the sidecar speaks protocol {line['protocol']}, and this program 1")
        seconds = line.get("heartbeatSeconds", 5)
        # Three heartbeats that are missing mean that the sidecar is stuck.
        self.silence = 3.0 * (seconds if 0 < seconds <= 3600 else 5)
        self._greeted = True
        return False

    # All is read before anything is changed: a line that makes no sense must not empty the group.

    def _snapshot(self, line):
        members, revision, stale = _by_uid(line["members"]), line["revision"], _flag(line["stale"])
        if not isinstance(revision, int):
            raise TypeError("a revision that is no number")
        self.members, self._revision, self.synced = members, revision, True
        self._staleness(stale, "unknown")
        return True

    def _delta(self, line):
        left, joined, changed = (_by_uid(line[field]) for field in ("left", "joined", "changed"))
        if self._revision is None or line["revision"] != self._revision + 1:
            raise Broken(f"revision {line['revision']} came after {self._revision}")
        self._revision = line["revision"]
        for uid in left:
            self.members.pop(uid, None)
        self.members.update(joined)
        self.members.update(changed)
        return True

    def _heartbeat(self, line):
        if self._revision is not None and line["revision"] != self._revision:
            raise Broken(f"a heartbeat of revision {line['revision']}, with {self._revision} held")
        return self._staleness(_flag(line["stale"]), self.reason if self.stale else "unknown")

    def _staleness(self, stale, reason):
        if self._revision is None:
            return False  # what is remembered from before becomes fresh by a snapshot only
        before = (self.stale, self.reason)
        self.stale, self.reason = stale, reason if stale else None
        return (self.stale, self.reason) != before


def _flag(value):
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _by_uid(members):
    # An empty text or object is no list of nobody.
    if not isinstance(members, list):
        raise TypeError("no list of members")
    return {member["uid"]: member for member in members}


def follow(path=SOCKET_PATH):
    """Yields the group, always the same object, whenever it or its staleness changed; first when it is known."""
    group = Group()
    while True:
        try:
            yield from _follow_once(path, group)
        except (OSError, Broken) as error:
            print(f"rollcall: {error}; connecting again", file=sys.stderr, flush=True)
        group.connected()
        if group.synced:
            yield group
        # By chance, so that the readers of a pod do not come in step when the sidecar starts again.
        time.sleep(random.uniform(0.1, 1))


def _follow_once(path, group):
    group.connected()
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(group.silence)
        stream.connect(path)
        with stream.makefile("rb") as lines:
            while True:
                text = lines.readline(MAX_LINE_BYTES)
                if not text.endswith(b"\n"):
                    raise Broken("the sidecar closed the connection" if len(text) < MAX_LINE_BYTES
                                 else f"a line of over {MAX_LINE_BYTES} bytes")
                if text.strip() and group.apply(text):
                    yield group
                stream.settimeout(group.silence)
