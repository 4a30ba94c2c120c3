"""Prints who is in the group of its pod, whenever that changes."""

import os
import signal
import sys

import members


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for group in members.follow(os.environ.get("ROLLCALL_SOCKET", members.SOCKET_PATH)):
            print(group, flush=True)
    except members.UnsupportedProtocol as error:
        sys.exit(f"rollcall: {error}")


if __name__ == "__main__":
    main()
