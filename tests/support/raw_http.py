"""HTTP by the byte: what no client library would send, and what came back."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from google.rpc.status_pb2 import Status

__all__ = ["RawAnswer", "RawConnection", "raw_request"]

_PATIENCE_S = 30.0


@dataclass(frozen=True)
class RawAnswer:
    """One answer; `status` 0 where the connection was closed without one."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def rpc_status(self) -> Status:
        """The `google.rpc.Status` of an error, which is in protobuf."""
        return Status.FromString(self.body)


def raw_request(
    method: str,
    path: str,
    headers: Mapping[str, str | None],
    body: bytes = b"",
    *,
    version: str = "1.1",
) -> bytes:
    """The bytes of a request; a header that is None is left out, `content-length` is added."""
    given = {"host": "weave.test", "content-length": str(len(body)), **headers}
    head = f"{method} {path} HTTP/{version}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in given.items() if value is not None
    )
    return head.encode("latin-1") + b"\r\n" + body


class RawConnection:
    """A connection to a server."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname, place.port), _PATIENCE_S)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send `data` and leave the connection open."""
        self._socket.sendall(data)

    def end(self) -> None:
        """Send no more."""
        self._socket.shutdown(socket.SHUT_WR)

    def ask(self, data: bytes, *, has_body: bool = True) -> RawAnswer:
        """Send `data` and read one answer.

        Args:
            data: One request.
            has_body: False for HEAD, whose answer tells the length of a body that does not come.
        """
        self.send(data)
        return self.answer(has_body=has_body)

    def answer(self, *, has_body: bool = True) -> RawAnswer:
        """The next answer."""
        while b"\r\n\r\n" not in self._read:
            if not self._more():
                return RawAnswer(0, {}, self._read)
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        size = int(headers.get("content-length", 0)) if has_body else 0
        while len(self._read) < size and self._more():
            pass
        body, self._read = self._read[:size], self._read[size:]
        return RawAnswer(int(first.split()[1]), headers, body)

    def _more(self) -> bool:
        try:
            received = self._socket.recv(65_536)
        except ConnectionResetError:
            return False
        self._read += received
        return bool(received)
