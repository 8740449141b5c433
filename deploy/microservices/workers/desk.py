"""The authenticator of browsers: their tickets, and what the role `client` may do. Written for autobahn-python.

usage: desk.py NAME PORT FOLDER
FOLDER/tickets has lines of a name, a space, and the SHA-256 of the ticket in hex.
"""

import asyncio
import hashlib
import hmac
import sys

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import RegisterOptions

from client import joined, stay

MAY_CALL = {"hello.world.rpc"}


async def main(name, port, folder):
    def authenticate(realm, authid, details):
        with open(f"{folder}/tickets") as file:
            tickets = dict(line.split() for line in file if line.strip())
        shown = hashlib.sha256(str(details.get("ticket", "")).encode()).hexdigest()
        if not hmac.compare_digest(tickets.get(authid, ""), shown):
            raise ApplicationError("wamp.error.authentication_denied", "unknown name or wrong ticket")
        return {"authid": authid, "role": "client", "realm": "crossbar"}

    def authorize(details, uri, action, options):
        return {"allow": action == "call" and uri in MAY_CALL, "cache": False}

    async def begin(session):
        shared = RegisterOptions(invoke="roundrobin")
        registrations = [
            await session.register(authenticate, "xbr.security.authenticate_client", shared),
            await session.register(authorize, "xbr.security.authorize_client", shared),
        ]

        async def end():
            for registration in registrations:
                await registration.unregister()

        return end

    await stay(lambda: joined(int(port), "crossbar", f"{folder}/certificates", name), begin)


asyncio.run(main(*sys.argv[1:]))
