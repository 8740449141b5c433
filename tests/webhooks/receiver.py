"""A receiver of webhooks that verifies them by the text of Standard Webhooks, with Python's own hmac.

usage: receiver.py SECRET STATUS...
Prints its port, then a line of JSON for each request. It answers the statuses one after the other, the last one for ever.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = base64.b64decode(sys.argv[1].removeprefix("whsec_"))
STATUSES = [int(status) for status in sys.argv[2:]]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), body])
        wanted = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        given = [part.split(",", 1) for part in self.headers["webhook-signature"].split(" ")]
        holds = any(version == "v1" and hmac.compare_digest(mac, wanted) for version, mac in given)
        recent = abs(time.time() - int(self.headers["webhook-timestamp"])) < 300
        status = STATUSES.pop(0) if len(STATUSES) > 1 else STATUSES[0]
        print(json.dumps({"holds": holds and recent, "id": self.headers["webhook-id"], "path": self.path, "status": status,
                          "type": self.headers["content-type"], "body": json.loads(body)}), flush=True)
        self.send_response(status)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
