"""Callers that have many calls on their way at a time, and count what becomes of each.

usage: callers.py PLAN
Prints how many calls have been answered, each time that there are so many more, and at the end a tally. An answer that nobody waits
for is a violation of the protocol to autobahn-python, which ends the session; a session that lives at the end had none.
"""

import asyncio
import collections
import json
import sys

from autobahn.wamp.exception import ApplicationError

from autobahn_client import joined

CALLERS = 4
CALLS = 1500
DEPTH = 16
TOLD_EVERY = 1000


class Tally:
    def __init__(self):
        self.outcomes = collections.Counter()

    def count(self, outcome):
        self.outcomes[outcome] += 1
        if self.outcomes.total() % TOLD_EVERY == 0:
            print(json.dumps({"answered": self.outcomes.total()}), flush=True)


async def caller(plan, tally):
    session, _ = await joined(plan["site"], plan["doors"]["plain"], "websocket", "cbor.batched", "ticket", plan["joe"])
    gate = asyncio.Semaphore(DEPTH)

    async def one(number):
        async with gate:
            try:
                tally.count("right" if await session.call("com.example.work", number) == number else "wrong")
            except ApplicationError as error:
                tally.count(error.error)

    await asyncio.gather(*(one(number) for number in range(CALLS)))
    alive = await session.call("com.example.work", "alive") == "alive"
    await session.left()
    return alive


async def main(path):
    with open(path) as file:
        plan = json.load(file)
    tally = Tally()
    alive = await asyncio.gather(*(caller(plan, tally) for _ in range(CALLERS)))
    print(json.dumps({"calls": CALLERS * CALLS, "outcomes": tally.outcomes, "alive": sum(alive)}), flush=True)


asyncio.run(main(sys.argv[1]))
