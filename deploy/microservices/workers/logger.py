"""A log daemon. Several share `app.logger.log_message`; every one of them sees each session come and go, and one line is kept of it.

usage: logger.py NAME PORT FOLDER
"""

import asyncio
import sqlite3
import sys
import time
import uuid

from autobahn.wamp.types import RegisterOptions

from client import joined, stay

TABLE = "CREATE TABLE IF NOT EXISTS lines (event TEXT PRIMARY KEY, time REAL, daemon TEXT, line TEXT)"
WAIT_SECONDS = 10


class Book:
    """Lines, each kept once by what happened."""

    def __init__(self, folder, daemon):
        self.daemon = daemon
        self.lines = sqlite3.connect(f"{folder}/log.db", timeout=WAIT_SECONDS, isolation_level=None)
        self.lines.execute("PRAGMA journal_mode = WAL")
        self.lines.execute("PRAGMA synchronous = OFF")
        self.lines.execute(TABLE)

    def keep(self, event, line):
        self.lines.execute("INSERT OR IGNORE INTO lines VALUES (?, ?, ?, ?)", (event, time.time(), self.daemon, line))


def joined_line(details):
    certificate = (details.get("transport") or {}).get("client_cert") or {}
    name = certificate.get("subject", {}).get("cn", "")
    company = certificate.get("issuer", {}).get("ou", "")
    return f'+ "{details["authid"]}" on realm "{details["realm"]}" CN="{name}" COMPANY="{company}" SHA={certificate.get("sha1", "")}'


async def main(name, port, folder):
    book = Book(folder, name)

    def log_message(line):
        book.keep(str(uuid.uuid4()), str(line))

    def on_join(details):
        book.keep(f"join {details['session']}", joined_line(details))

    def on_leave(session, authid=None, *_):
        book.keep(f"leave {session}", f'- "{authid}" on realm "logger"')

    async def begin(session):
        registration = await session.register(log_message, "app.logger.log_message", RegisterOptions(invoke="roundrobin"))
        await session.subscribe(on_join, "wamp.session.on_join")
        await session.subscribe(on_leave, "wamp.session.on_leave")
        return registration.unregister

    await stay(lambda: joined(int(port), "logger", f"{folder}/certificates", name), begin)


asyncio.run(main(*sys.argv[1:]))
