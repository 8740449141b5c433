"""A worker that answers calls, a moment after each, until somebody ends it.

usage: callee.py PLAN
"""

import asyncio
import json
import sys

from autobahn.wamp.types import RegisterOptions

from autobahn_client import joined

ANSWER_SECONDS = 0.005


async def work(number):
    await asyncio.sleep(ANSWER_SECONDS)
    return number


async def main(path):
    with open(path) as file:
        plan = json.load(file)
    callee, _ = await joined(plan["site"], plan["doors"]["plain"], "rawsocket", "msgpack", "ticket", plan["joe"])
    await callee.register(work, "com.example.work", RegisterOptions(invoke="roundrobin"))
    print(json.dumps("ready"), flush=True)
    await callee.outside


asyncio.run(main(sys.argv[1]))
