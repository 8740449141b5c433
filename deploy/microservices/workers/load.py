"""Joins and calls, many at a time, and counts what became of each.

usage: load.py PORT FOLDER CALLS
Prints a line of JSON now and then, and a tally at the end.
"""

import asyncio
import collections
import json
import sys

from client import Refused, joined, left

CALLERS = ["app1", "app2", "app3", "app4"]
CALLS_PER_SESSION = 50
DEPTH = 8
TELL_EVERY = 100


async def main(port, folder, calls):
    port, calls = int(port), int(calls)
    outcomes, left_over = collections.Counter(), iter(range(calls))

    def count(outcome):
        outcomes[outcome] += 1
        if outcome == "call" and outcomes["call"] % TELL_EVERY == 0:
            print(json.dumps({"calls": outcomes["call"]}), flush=True)

    async def caller(name):
        while numbers := [number for _, number in zip(range(CALLS_PER_SESSION), left_over)]:
            try:
                session, _ = await joined(port, "crossbar", f"{folder}/certificates", name)
            except (OSError, Refused, asyncio.TimeoutError) as error:
                count(f"join failed: {error!r}")
                continue
            count("join")
            gate = asyncio.Semaphore(DEPTH)

            async def one(number):
                async with gate:
                    try:
                        answer = await session.call("hello.world.rpc", str(number))
                        count("call" if answer.startswith(f"hello {number}, from ") else f"wrong answer: {answer}")
                    except Exception as error:
                        count(f"call failed: {error}")

            await asyncio.gather(*map(one, numbers))
            await left(session)

    await asyncio.gather(*map(caller, CALLERS))
    print(json.dumps({"outcomes": outcomes}), flush=True)


asyncio.run(main(*sys.argv[1:]))
