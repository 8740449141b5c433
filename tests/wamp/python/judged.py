"""Clients whose coming in and doings are decided by programs: see authority.py.

usage: judged.py PLAN
Prints one JSON object with what became of each.
"""

import asyncio
import json
import sys

from autobahn.wamp.types import PublishOptions, SubscribeOptions

from autobahn_client import Refused, joined, refused

WISHES = ["role", "dictionary", "denied", "exception", "nothing", "number", "no role", "unknown role", "trusted", "operator", "die"]
KEY = "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7"


async def main(path):
    with open(path) as file:
        plan = json.load(file)
    door = plan["doors"]["dynamic"]

    async def tries(method, credentials, **more):
        try:
            session, details = await joined(plan["site"], door, "websocket", "cbor.batched", method, credentials, **more)
        except Refused as why:
            return None, list(why.args)
        return session, {"authid": details.authid, "role": details.authrole, "extra": details.authextra, "provider": details.authprovider}

    async def outcome(method, credentials, **more):
        session, seen = await tries(method, credentials, **more)
        if session:
            await session.left()
        return seen

    seen = {"tickets": {wish: await outcome("ticket", {"authid": "tom", "ticket": wish}) for wish in WISHES}}
    seen["wampcra"] = await outcome("wampcra", {"authid": "secret", "secret": "a-secret-of-tom"})
    seen["wrong secret"] = await outcome("wampcra", {"authid": "secret", "secret": "a-secret-of-tim"})
    seen["cryptosign"] = await outcome("cryptosign", {"authid": "pubkey", "privkey": KEY})
    seen["no certificate"] = await outcome("tls", {}, extra={"wish": "dictionary"})
    session, seen["certificate"] = await tries("tls", {}, certificate="worker-7", extra={"wish": "dictionary"})

    may = {}
    acknowledged = PublishOptions(acknowledge=True)
    for wish in ["yes", "no", "die", "nonsense", "half", "exception"]:
        may[wish] = (await refused(session.register(lambda: wish, f"com.judged.{wish}")))[0]
    may["call"] = await refused(session.call("com.judged.yes"))
    may["call denied"] = (await refused(session.call("com.judged.no")))[0]
    may["cached"] = [(await refused(session.publish("com.judged.cached", number, options=acknowledged)))[0] for number in range(3)]
    may["denied"] = (await refused(session.publish("com.judged.no", options=acknowledged)))[0]
    may["pattern"] = (await refused(session.subscribe(print, "com.judged.no.", SubscribeOptions(match="prefix"))))[0]
    may["authorizer"] = (await refused(session.register(print, "com.security.authorize")))[0]
    seen["may"] = may
    await session.left()
    print(json.dumps(seen, default=repr))


asyncio.run(main(sys.argv[1]))
