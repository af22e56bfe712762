"""Whether somebody listens."""

import asyncio
import socket


async def until_listening(address: str, run: "asyncio.Task[None]") -> None:
    """Wait until a connection to the address is taken. Raises what `run` raises when it ends before."""
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(10):
        while True:
            if run.done():
                run.result()
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except ConnectionRefusedError:
                await asyncio.sleep(0.005)
            else:
                writer.close()
                await writer.wait_closed()
                return


def assert_free(address: str) -> None:
    """Fail when somebody listens there."""
    host, _, port = address.rpartition(":")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that were closed may linger
        other.bind((host, int(port)))
        other.listen()
