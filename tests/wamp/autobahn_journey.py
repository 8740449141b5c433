"""Unmodified autobahn-python against the real program: one way of connecting, all that a session does.

usage: autobahn_journey.py TRANSPORT SERIALIZER URL METHOD
Prints one JSON object with what was seen; the journey that started it judges.
"""

import asyncio
import json
import sys
from urllib.parse import urlparse

from autobahn.asyncio.component import Component
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, PublishOptions, RegisterOptions

SECONDS_MAX = 30
AUTHENTICATION = {
    "anonymous": {"anonymous": {}},
    "ticket": {"ticket": {"authid": "joe", "ticket": "joe-has-a-ticket"}},
    "wampcra": {"wampcra": {"authid": "joe", "secret": "joe-has-a-secret"}},
    "cryptosign": {"cryptosign": {"authid": "joe", "privkey": "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7"}},
}


def component(transport, serializer, url, method):
    where = urlparse(url)
    endpoint = {"type": "tcp", "host": where.hostname, "port": where.port}
    if transport == "rawsocket":
        one = {"type": "rawsocket", "url": f"rs://{where.hostname}:{where.port}", "endpoint": endpoint, "serializer": serializer}
    else:
        one = {"type": "websocket", "url": url, "endpoint": endpoint, "serializers": [serializer]}
    return Component(transports=[{**one, "max_retries": 0}], realm="crossgate", authentication=AUTHENTICATION[method])


async def joined(made, loop):
    session = loop.create_future()
    made.on_join(lambda s, details: session.set_result((s, details)))
    ended = made.start(loop=loop)
    done, _ = await asyncio.wait({session, asyncio.ensure_future(ended)}, return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS_MAX)
    if session not in done:
        raise SystemExit(f"did not join: {[d.exception() or d.result() for d in done]}")
    return session.result()


async def main(transport, serializer, url, method):
    loop = asyncio.get_running_loop()
    seen = {}
    callee, details = await joined(component(transport, serializer, url, method), loop)
    caller, _ = await joined(component(transport, serializer, url, method), loop)
    seen["authmethod"], seen["authrole"] = details.authmethod, details.authrole

    async def steps(count, details):
        for step in range(count):
            details.progress(step)
        return "done"

    def broken():
        raise ApplicationError("com.example.broken", "on purpose", code=7)

    await callee.register(lambda a, b: a + b, "com.example.add")
    await callee.register(lambda blob: blob[::-1], "com.example.reverse")
    await callee.register(broken, "com.example.broken")
    await callee.register(steps, "com.example.steps", options=RegisterOptions(details_arg="details"))
    seen["sum"] = await caller.call("com.example.add", 2, 40)
    seen["binary"] = (await caller.call("com.example.reverse", b"\x00\xffabc")).hex()
    progress = []
    seen["steps"] = await caller.call("com.example.steps", 3, options=CallOptions(on_progress=progress.append))
    seen["progress"] = progress
    for procedure in ["com.example.broken", "com.example.nothing", "org.forbidden.thing"]:
        try:
            await caller.call(procedure)
        except ApplicationError as error:
            seen[procedure] = [error.error, list(error.args), error.kwargs or {}]

    events, arrived = [], asyncio.Event()

    def on_event(*args, **kwargs):
        events.append([list(args), kwargs])
        if len(events) == 3:
            arrived.set()

    subscription = await callee.subscribe(on_event, "com.example.topic")
    for number in range(3):
        await caller.publish("com.example.topic", number, text="\u00e9\u4e16", options=PublishOptions(acknowledge=True))
    await asyncio.wait_for(arrived.wait(), SECONDS_MAX)
    seen["events"] = events
    await subscription.unsubscribe()
    if method != "anonymous":
        seen["balance"] = await caller.call("loans.balance", loan_id=1, date="2020-10-31")
    seen["sessions"] = await caller.call("wamp.session.count")
    caller.leave()
    callee.leave()
    print(json.dumps(seen, sort_keys=True))


asyncio.run(asyncio.wait_for(main(*sys.argv[1:5]), SECONDS_MAX * 2))
