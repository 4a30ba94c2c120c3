"""A server in the manner of Nacos: it reads its peers from cluster.conf, and again whenever the file changes.

GET /peers has them as JSON; GET /ready says 200 when there is a file, and 503 before.
"""

import http.server
import json
import os
import signal
import sys
import threading
import time

CONF = os.environ.get("CLUSTER_CONF", "/run/rollcall/cluster.conf")
PORT = int(os.environ.get("PORT", "8848"))
# A line is a name and a port: room for ten thousand peers. A longer file is not believed.
MAX_BYTES = 4 * 1024 * 1024


class ConfFile:
    """The file as it was last read. It is opened by its path each time: a replaced file is another file."""

    def __init__(self, path):
        self.path = path
        self.peers = None  # None until there is a file: nothing is known, which is not the same as nobody
        self._seen = None

    def refresh(self):
        """Reads it if it is not the one that was read last; returns whether the peers changed."""
        try:
            with open(self.path, "rb") as file:
                stat = os.fstat(file.fileno())
                identity = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                if identity == self._seen:
                    return False
                text = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return False
        if len(text) > MAX_BYTES:
            raise ValueError(f"{self.path} has over {MAX_BYTES} bytes")
        rows = (row.partition("#")[0].strip() for row in text.decode().splitlines())
        before, self.peers, self._seen = self.peers, [row for row in rows if row], identity
        return self.peers != before


def watch(conf):
    while True:
        try:
            if conf.refresh():
                print("peers:", *conf.peers, flush=True)
        except (OSError, ValueError) as error:
            # What was read last stays.
            print(f"config-file: {error}", file=sys.stderr, flush=True)
        time.sleep(1)


def handler(conf):
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10  # for a client that says nothing

        def do_GET(self):
            known = conf.peers is not None
            body = json.dumps(conf.peers if self.path == "/peers" else "ready" if known else "no file yet").encode()
            self.send_response(200 if known else 503)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    conf = ConfFile(CONF)
    threading.Thread(target=watch, args=(conf,), daemon=True).start()
    server = http.server.ThreadingHTTPServer(("", PORT), handler(conf))
    print(f"listening on port {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
