"""Watches a realm, or publishes into it and prints what is kept there.

usage: realm_journey.py URL REALM watch
       realm_journey.py URL REALM publish VALUE
"""

import asyncio
import json
import sys
from urllib.parse import urlparse

from autobahn.asyncio.component import Component
from autobahn.wamp.types import PublishOptions, SubscribeOptions

SECONDS_MAX = 30


def component(url, realm):
    where = urlparse(url)
    endpoint = {"type": "tcp", "host": where.hostname, "port": where.port}
    transport = {"type": "websocket", "url": url, "endpoint": endpoint, "max_retries": 0}
    return Component(transports=[transport], realm=realm, authentication={"anonymous": {}})


async def watch(session):
    left = asyncio.get_running_loop().create_future()
    session.on("leave", lambda *_: left.done() or left.set_result(None))
    await session.subscribe(lambda value: print("event", value, flush=True), "com.example.topic")
    print("ready", flush=True)
    await left
    print("left", flush=True)


async def publish(session, value):
    subscription = await session.subscribe(lambda *_: None, "com.example.", options=SubscribeOptions(match="prefix"))
    await session.publish("com.example.topic", value, options=PublishOptions(acknowledge=True))
    events = await session.call("wamp.subscription.get_events", subscription.id)
    print(json.dumps([event["args"][0] for event in events]), flush=True)


async def main(url, realm, what, *values):
    loop = asyncio.get_running_loop()
    joined = loop.create_future()
    made = component(url, realm)
    made.on_join(lambda session, _details: joined.set_result(session))
    ended = asyncio.ensure_future(made.start(loop=loop))
    await asyncio.wait({joined, ended}, return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS_MAX)
    if not joined.done():
        raise SystemExit("did not join")
    if what == "watch":
        return await watch(joined.result())
    await asyncio.wait_for(publish(joined.result(), *values), SECONDS_MAX)


asyncio.run(main(*sys.argv[1:]))
