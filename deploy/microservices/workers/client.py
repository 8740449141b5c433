"""What the workers have in common: joining a realm with autobahn-python over TLS, and staying joined."""

import asyncio
import os
import signal
import ssl

from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.types import ComponentConfig

JOIN_SECONDS_MAX = 30
RETRY_SECONDS = 0.5


class Refused(Exception):
    """The router did not let us in."""


class Session(ApplicationSession):
    """Says when it is in, and when it is out."""

    def __init__(self, realm, method, authid, ticket):
        super().__init__(ComponentConfig(realm=realm))
        self.method, self.asked_authid, self.ticket = method, authid, ticket
        self.inside = asyncio.get_running_loop().create_future()
        self.outside = asyncio.get_running_loop().create_future()

    def onConnect(self):
        self.join(self.config.realm, authmethods=[self.method], authid=self.asked_authid)

    def onChallenge(self, challenge):
        return self.ticket

    def onJoin(self, details):
        self.inside.set_result(details)

    def onLeave(self, details):
        if not self.inside.done():
            self.inside.set_exception(Refused(details.reason))
        self.disconnect()

    def onDisconnect(self):
        if not self.inside.done():
            self.inside.set_exception(Refused("the connection was closed"))
        if not self.outside.done():
            self.outside.set_result(None)


async def joined(port, realm, certificates, name=None, method="tls", authid=None, ticket=None):
    """A session, and what WELCOME said. `name` is the certificate's."""
    context = ssl.create_default_context(cafile=f"{certificates}/ca.pem")
    if name:
        context.load_cert_chain(f"{certificates}/{name}.pem", f"{certificates}/{name}-key.pem")
    session = Session(realm, method, authid, ticket)
    factory = WampWebSocketClientFactory(lambda: session, url=f"wss://localhost:{port}/ws")
    connect = asyncio.get_running_loop().create_connection(factory, "127.0.0.1", port, ssl=context, server_hostname="localhost")
    _, connection = await asyncio.wait_for(connect, JOIN_SECONDS_MAX)
    # A router that refuses a certificate says so after TLS 1.3's handshake, and only the connection knows.
    either = [session.inside, connection.is_closed]
    await asyncio.wait(either, timeout=JOIN_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
    if session.inside.done():
        return session, session.inside.result()
    if connection.is_closed.done():
        raise Refused("the connection was closed")
    raise asyncio.TimeoutError


async def left(session):
    session.leave()
    await asyncio.wait_for(session.outside, JOIN_SECONDS_MAX)


async def stay(join, begin):
    """Joins, begins, and does so anew after each lost session, until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopped = asyncio.ensure_future(stop.wait())
    while not stop.is_set():
        try:
            session, details = await join()
            ending = await begin(session)
        except (OSError, Refused, asyncio.TimeoutError) as error:
            print(f"not in: {error!r}; trying again", flush=True)
            await asyncio.wait([stopped], timeout=RETRY_SECONDS)
            continue
        print(f"ready as {details.authid} ({details.authrole}) in {details.realm}, process {os.getpid()}", flush=True)
        await asyncio.wait([stopped, session.outside], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            if ending:
                await ending()
            await left(session)
