"""Ports for programs that have to be told one, because others look for them there."""

import random
import socket

__all__ = ["free_port"]

_PORTS = range(12_000, 32_000)
"""Below those that the kernel gives to connections and to whoever asks for any: such a one may be
taken again before the program listens, and who waits for it may be connected to itself."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
