"""Unmodified autobahn-python calls one procedure, and prints the result.

usage: autobahn_call.py URL PROCEDURE NUMBER...
"""

import asyncio
import sys

from autobahn.asyncio.component import Component, run

URL, PROCEDURE, NUMBERS = sys.argv[1], sys.argv[2], [int(number) for number in sys.argv[3:]]
SECONDS_MAX = 30

component = Component(transports=[{"type": "websocket", "url": URL, "serializers": ["msgpack"], "max_retries": 0}], realm="crossgate")


@component.on_join
async def joined(session, details):
    print(await asyncio.wait_for(session.call(PROCEDURE, *NUMBERS), SECONDS_MAX))
    session.leave()


run([component], log_level="error")
