"""Row 8: what it takes to be there at all.

Imports in fresh interpreters; a server that idles, and one that a thousand clients listen to.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time

from server import KEY, Server

RUNS = 5
IDLE_SECONDS = 30
CLIENTS = 1_000
NAMESPACE = "/sdk"


def import_ms(python: str) -> list[float]:
    """What `import execlave` adds to an interpreter, once everything is compiled and in the page cache."""

    def once(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([python, "-c", code], check=True)
        return (time.perf_counter() - started) * 1e3

    added = []
    for _ in range(RUNS + 1):
        # The faster of several: what else the machine does only ever adds.
        empty = min(once("pass") for _ in range(5))
        added.append(min(once("import execlave") for _ in range(5)) - empty)
    return added[1:]


def starts_ms(program: str) -> list[float]:
    """From the start of the program on an empty folder to its first answer."""
    started = []
    for _ in range(RUNS + 1):
        with Server(program) as server:
            started.append(server.started_in * 1e3)
    return started[1:]


def memory_mb(program: str) -> tuple[float, float]:
    """Of a server that has idled for a while, and of the same one with a thousand clients."""
    with Server(program) as server:
        time.sleep(IDLE_SECONDS)
        return server.memory_mb(), asyncio.run(with_clients(server))


async def with_clients(server: Server) -> float:
    """The memory while so many clients listen on the control channel, as Socket.IO clients do."""
    many = asyncio.Semaphore(32)

    async def connect() -> asyncio.StreamWriter:
        async with many:
            return await listen(server.port)

    writers = await asyncio.gather(*(connect() for _ in range(CLIENTS)))
    memory = server.memory_mb()
    for writer in writers:
        writer.close()
    return memory


async def listen(port: int) -> asyncio.StreamWriter:
    """One client in the namespace of agents. Its frames are masked with zeros, which is allowed and leaves them as they are."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await reader.readuntil(b"\r\n\r\n")
    hello = f"40{NAMESPACE},{json.dumps({'apiKey': KEY})}".encode()
    writer.write(bytes([0x81, 0x80 | len(hello)]) + bytes(4) + hello)
    await reader.readuntil(f"40{NAMESPACE},".encode())
    return writer
