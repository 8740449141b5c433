"""autobahn-python walks the cells of the matrix: each a transport, a serializer and a way to prove who one is.

usage: matrix.py PLAN
PLAN is a JSON file by the journey that started this (tests/it/journeys/wamp/matrix.rs), which also judges what was seen: one line
of JSON for each cell.
"""

import asyncio
import json
import sys
import traceback

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, PublishOptions, RegisterOptions, SubscribeOptions

from autobahn_client import SECONDS_MAX, joined, refused

AT_ONCE = 8
LONG = "the same words again and again, " * 200


async def procedures(callee, prefix, interrupted, asked):
    async def steps(count, details):
        for step in range(count):
            details.progress(step)
        return "done"

    async def slow():
        asked.set()
        try:
            await asyncio.sleep(SECONDS_MAX)
        except asyncio.CancelledError:
            interrupted.set()
            raise

    def broken():
        raise ApplicationError("com.example.broken", "on purpose", code=7)

    def add(a, b, third=0):
        from autobahn.wamp.types import CallResult
        return CallResult(a + b, third, note="sum")

    registration = await callee.register(add, prefix + "add")
    await callee.register(lambda blob: blob[::-1], prefix + "reverse")
    await callee.register(broken, prefix + "broken")
    await callee.register(slow, prefix + "slow")
    await callee.register(steps, prefix + "steps", options=RegisterOptions(details_arg="details"))
    return registration


async def calls(caller, prefix, interrupted, asked):
    seen = {}
    result = await caller.call(prefix + "add", 2, 40, third=7)
    seen["sum"] = [list(result.results), result.kwresults]
    seen["binary"] = (await caller.call(prefix + "reverse", b"\x00\xffabc")).hex()
    seen["long"] = await caller.call(prefix + "reverse", LONG) == LONG[::-1]
    progress = []
    seen["steps"] = await caller.call(prefix + "steps", 3, options=CallOptions(on_progress=progress.append))
    seen["progress"] = progress
    for name, procedure in [("broken", prefix + "broken"), ("nothing", prefix + "nothing"), ("forbidden", "org.forbidden.thing")]:
        seen[name] = await refused(caller.call(procedure))
    waiting = caller.call(prefix + "slow")
    await asyncio.wait_for(asked.wait(), SECONDS_MAX)
    waiting.cancel()
    try:
        await waiting
        seen["canceled"] = False
    except asyncio.CancelledError:
        await asyncio.wait_for(interrupted.wait(), SECONDS_MAX)
        seen["canceled"] = True
    return seen


async def events(subscriber, publisher, prefix):
    plain, pattern, arrived = [], [], asyncio.Event()

    def both():
        if len(plain) == 3 and len(pattern) == 3:
            arrived.set()

    def on_event(*args, **kwargs):
        plain.append([list(args), kwargs])
        both()

    def on_pattern(*args, details=None, **kwargs):
        pattern.append([details.topic, list(args), kwargs])
        both()

    exact = await subscriber.subscribe(on_event, prefix + "topic.one")
    await subscriber.subscribe(on_pattern, prefix + "topic.", SubscribeOptions(match="prefix", details=True))
    published = [
        await publisher.publish(prefix + "topic.one", number, text="\u00e9\u4e16", options=PublishOptions(acknowledge=True))
        for number in range(3)
    ]
    await asyncio.wait_for(arrived.wait(), SECONDS_MAX)
    await exact.unsubscribe()
    return {"events": plain, "pattern": pattern, "publications": len({publication.id for publication in published})}


async def walk(plan, cell):
    prefix = f"com.example.cell{cell['number']}."
    door, credentials = plan["doors"][cell["door"]], dict(cell["credentials"])
    more = {"certificate": cell.get("certificate"), "deflate": cell["transport"] == "websocket+deflate"}
    transport = cell["transport"].removesuffix("+deflate")
    if cell["headers"]:
        more["headers"] = cell["headers"]
    if cell["first"]:
        # A cookie of the router's own: given at the handshake of a session that proved itself in another way.
        first, _ = await joined(plan["site"], door, transport, cell["serializer"], cell["first"], credentials, origin=plan["origin"])
        more["headers"] = {"Cookie": first.transport.http_headers["set-cookie"].split(";")[0]}
        more["origin"] = plan["origin"]
        credentials = {}
    one = (plan["site"], door, transport, cell["serializer"], cell["method"], credentials)
    callee, details = await joined(*one, **more)
    caller, _ = await joined(*one, **more)
    asked, interrupted = asyncio.Event(), asyncio.Event()
    seen = {"authmethod": details.authmethod, "authrole": details.authrole, "authid": details.authid, "realm": details.realm}
    seen["protocol"] = getattr(callee.transport, "websocket_protocol_in_use", None)
    registration = await procedures(callee, prefix, interrupted, asked)
    seen |= await calls(caller, prefix, interrupted, asked)
    seen |= await events(callee, caller, prefix)
    seen["balance"] = await refused(caller.call("loans.balance", loan_id=1, date="2020-10-31"))
    seen["meta"] = await caller.call("wamp.registration.lookup", prefix + "add") == registration.id
    seen["left"] = [await caller.left(), await callee.left()]
    return seen


async def main(path):
    with open(path) as file:
        plan = json.load(file)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(cell):
        async with gate:
            try:
                line = {"cell": cell["name"], "seen": await asyncio.wait_for(walk(plan, cell), SECONDS_MAX * 2)}
            except Exception:
                line = {"cell": cell["name"], "failed": traceback.format_exc()}
            print(json.dumps(line), flush=True)

    await asyncio.gather(*(one(cell) for cell in plan["cells"]))


asyncio.run(main(sys.argv[1]))
