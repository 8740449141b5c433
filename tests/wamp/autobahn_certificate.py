"""Unmodified autobahn-python joins with a TLS client certificate; prints who the router says it is.

usage: autobahn_certificate.py URL CA CERTIFICATE KEY
"""

import asyncio
import json
import ssl
import sys

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession

seen = {}


class Session(ApplicationSession):
    def onConnect(self):
        self.join("crossgate", ["tls"], None)

    async def onJoin(self, details):
        seen.update(authid=details.authid, authrole=details.authrole, authmethod=details.authmethod)
        self.leave()

    def onDisconnect(self):
        asyncio.get_event_loop().stop()


url, ca, certificate, key = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(certificate, key)
ApplicationRunner(url, "crossgate", ssl=context).run(Session)
print(json.dumps(seen))
