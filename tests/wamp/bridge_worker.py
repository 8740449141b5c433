"""A worker behind the HTTP bridge, with unmodified autobahn-python.

usage: bridge_worker.py URL
Prints `ready`, then each event of com.example.* as a line of JSON, until its standard input ends.
"""

import asyncio
import json
import sys

from autobahn.asyncio.component import Component
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallResult, SubscribeOptions


def broken(*args, **kwargs):
    raise ApplicationError("com.example.broken", "on purpose", *args, code=7, **kwargs)


async def main(url):
    made = Component(transports=[{"type": "websocket", "url": url, "serializers": ["cbor"], "max_retries": 0}], realm="crossgate",
                     authentication={"ticket": {"authid": "worker", "ticket": "worker-has-a-ticket"}})

    @made.on_join
    async def joined(session, details):
        await session.register(lambda a, b: a + b, "com.example.add")
        await session.register(lambda *args, **kwargs: CallResult(*args, **kwargs), "com.example.echo")
        await session.register(lambda: None, "com.example.nothing")
        await session.register(lambda: b"\x00\x01", "com.example.binary")
        await session.register(broken, "com.example.broken")

        def heard(*args, **kwargs):
            print(json.dumps([list(args), kwargs]), flush=True)

        await session.subscribe(heard, "com.example.", options=SubscribeOptions(match="prefix"))
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await session.leave()

    await made.start()


asyncio.run(main(*sys.argv[1:]))
