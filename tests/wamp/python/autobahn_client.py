"""Unmodified autobahn-python, put together as the journeys need it: any transport, serializer, door and way to prove who one is."""

import asyncio
import ssl

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import ComponentConfig
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)

SECONDS_MAX = 30
SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}


class Refused(Exception):
    """The router did not let us in: why, in its words."""


class Client(ApplicationSession):
    """A session that proves who it is by one method, and says when it is in, and when it is out."""

    def __init__(self, config, method, credentials, extra=None):
        super().__init__(config)
        self.asked_method = method
        known = method in ("ticket", "wampcra", "scram", "cryptosign")
        self.authenticator = create_authenticator(method, **credentials) if known else None
        self.asked_authid = credentials.get("authid")
        self.asked_extra = self.authenticator.authextra if self.authenticator else extra
        self.inside = asyncio.get_running_loop().create_future()
        self.outside = asyncio.get_running_loop().create_future()

    def onConnect(self):
        self.join(self.config.realm, authmethods=[self.asked_method], authid=self.asked_authid, authextra=self.asked_extra)

    def onChallenge(self, challenge):
        return self.authenticator.on_challenge(self, challenge)

    def onWelcome(self, welcome):
        return self.authenticator.on_welcome(self, welcome.authextra) if self.authenticator else None

    def onJoin(self, details):
        self.inside.set_result(details)

    def onLeave(self, details):
        self.left_because = details.reason
        if not self.inside.done():
            self.inside.set_exception(Refused(details.reason, details.message))
        self.disconnect()

    def onDisconnect(self):
        if not self.inside.done():
            self.inside.set_exception(Refused("the connection was closed"))
        if not self.outside.done():
            self.outside.set_result(getattr(self, "left_because", "lost"))

    async def left(self):
        self.leave()
        return await asyncio.wait_for(self.outside, SECONDS_MAX)


def trusting(site, certificate=None):
    """TLS that trusts the site's authority alone, and shows a certificate if there is one."""
    context = ssl.create_default_context(cafile=f"{site}/ca.pem")
    if certificate:
        context.load_cert_chain(f"{site}/{certificate}.pem", f"{site}/{certificate}.key")
    return context


def serializer(name):
    """The one of that name; none leaves the choice to the library."""
    if name == "default":
        return None
    return SERIALIZERS[name.removesuffix(".batched")](batched=name.endswith(".batched"))


async def joined(
    site, door, transport, form, method, credentials, *, realm="crossgate", certificate=None, extra=None, headers=None, origin=None, deflate=False
):
    """Connects and joins; gives the session and what WELCOME said."""
    loop = asyncio.get_running_loop()
    client = Client(ComponentConfig(realm=realm), method, credentials, extra)
    tls = trusting(site, certificate) if door.get("tls") else None
    if transport == "rawsocket":
        factory = WampRawSocketClientFactory(lambda: client, serializer=serializer(form))
    else:
        url = f"{'wss' if tls else 'ws'}://{door['host']}:{door['port']}/ws"
        factory = WampWebSocketClientFactory(lambda: client, url=url, serializers=[serializer(form)] if form != "default" else None, headers=headers, origin=origin)
        if deflate:
            factory.setProtocolOptions(perMessageCompressionOffers=[PerMessageDeflateOffer()], perMessageCompressionAccept=accept)
    if "path" in door:
        await loop.create_unix_connection(factory, door["path"])
    else:
        await loop.create_connection(factory, door["host"], door["port"], ssl=tls, server_hostname=door["host"] if tls else None)
    details = await asyncio.wait_for(asyncio.shield(client.inside), SECONDS_MAX)
    return client, details


def accept(response):
    return PerMessageDeflateResponseAccept(response) if isinstance(response, PerMessageDeflateResponse) else None


async def refused(call):
    """The error that a request ends with: its URI, arguments and keyword arguments."""
    try:
        return ["no error", [await call], {}]
    except ApplicationError as error:
        return [error.error, list(error.args), error.kwargs or {}]
