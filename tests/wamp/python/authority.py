"""An authenticator and authorizer, as people write them for autobahn-python. It says what it was asked, and decides by what the client
wishes for: the tests want to see what becomes of every answer.

usage: authority.py PLAN
Prints one line of JSON for each question, and for each session that joins.
"""

import asyncio
import json
import os
import signal
import sys

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import RegisterOptions

from autobahn_client import joined

ANSWERS = {
    "role": "worker",
    "dictionary": {"role": "judged", "authid": "dora", "extra": {"desk": 7}},
    "nothing": None,
    "number": 7,
    "no role": {"authid": "dora"},
    "unknown role": "unheard-of",
    "trusted": "trusted",
    "operator": {"role": "operator"},
    "secret": {"role": "worker", "secret": "a-secret-of-tom"},
    "pubkey": {"role": "worker", "pubkey": "1766c9e6ec7d7b354fd7a2e4542753a23cae0b901228305621e5b8713299ccdd"},
}


def say(**line):
    # Serial numbers of certificates may be large, and headers of any kind.
    print(json.dumps(line, default=repr), flush=True)


class Authority:
    def __init__(self, plan):
        self.plan = plan

    def dies_once(self, what):
        """Ends this process as a power cut does, unless one has ended already."""
        try:
            open(f"{self.plan['site']}/died-of-{what}", "x").close()
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def authenticate(self, realm, authid, details):
        say(asked="authenticate", realm=realm, authid=authid, details=details)
        wish = details.get("ticket") or (details["authextra"] or {}).get("wish") or authid
        if wish == "die":
            self.dies_once("authenticate")
            return "worker"
        if wish == "denied":
            raise ApplicationError("com.example.denied", "nobody is at home")
        if wish == "exception":
            raise ValueError("a mistake of the program")
        return ANSWERS[wish]

    def authorize(self, details, uri, action, options):
        say(asked="authorize", uri=uri, action=action, options=options, details=details)
        wish = uri.split(".")[2]
        if wish == "die":
            self.dies_once("authorize")
        if wish == "exception":
            raise ValueError("a mistake of the program")
        return {"no": False, "cached": {"allow": True, "cache": True}, "nonsense": "maybe", "half": {"cache": True}}.get(wish, True)

    def joined(self, details):
        say(joined=details)


async def main(path):
    with open(path) as file:
        plan = json.load(file)
    session, _ = await joined(plan["site"], plan["doors"]["plain"], "websocket", "cbor.batched", "ticket", plan["authority"])
    authority = Authority(plan)
    shared = RegisterOptions(invoke="roundrobin")
    await session.subscribe(authority.joined, "wamp.session.on_join")
    await session.register(authority.authenticate, "com.security.authenticate", shared)
    await session.register(authority.authorize, "com.security.authorize", shared)
    print(json.dumps("ready"), flush=True)
    await session.outside


asyncio.run(main(sys.argv[1]))
