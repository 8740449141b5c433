"""Serves the browser page on this machine, and nothing else.

usage: page.py PORT PAGES FOLDER
"""

import http.server
import sys
from pathlib import Path

TYPES = {"index.html": "text/html; charset=utf-8", "wamp.js": "text/javascript; charset=utf-8", "page.json": "application/json"}


def main(port, pages, folder):
    files = {name: Path(folder if name == "page.json" else pages) / name for name in TYPES}

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.partition("?")[0].lstrip("/") or "index.html"
            if name not in files:
                self.send_error(404)
                return
            body = files[name].read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", TYPES[name])
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Page)
    print("ready", flush=True)
    server.serve_forever()


main(*sys.argv[1:])
