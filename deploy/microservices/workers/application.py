"""An application process: it answers `hello.world.rpc` together with its siblings, and calls it now and then.

usage: application.py NAME PORT FOLDER
"""

import asyncio
import os
import sys

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import RegisterOptions

from client import joined, stay

CALL_EVERY_SECONDS = 5


async def main(name, port, folder):
    def hello(who="world"):
        return f"hello {who}, from {name} in process {os.getpid()}"

    async def calls(session):
        while session.is_attached():
            try:
                print(await session.call("hello.world.rpc", name), flush=True)
            except ApplicationError as error:
                print(f"failed: {error}", flush=True)
            await asyncio.sleep(CALL_EVERY_SECONDS)

    async def begin(session):
        registration = await session.register(hello, "hello.world.rpc", RegisterOptions(invoke="random"))
        calling = asyncio.ensure_future(calls(session))

        async def end():
            calling.cancel()
            await registration.unregister()

        return end

    await stay(lambda: joined(int(port), "crossbar", f"{folder}/certificates", name), begin)


asyncio.run(main(*sys.argv[1:]))
