"""Ports: which one is free, and who sits on one that is not."""

import errno
import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

from weave_core.errors import ConfigError

__all__ = [
    "find_port_owner",
    "free_port",
    "is_port_free",
    "is_serving",
    "require_free_port",
    "url_of",
]

_LISTEN = "0A"
"""State of a listening socket in /proc/net/tcp."""


def url_of(host: str, port: int) -> str:
    """The address to open for what listens on `host`: a wildcard is reached by loopback."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104  # Compared, not bound.
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    return f"http://{name}:{port}"


def is_serving(url: str) -> bool:
    """Whether a GET of `url` is answered with 200 within a second; no proxy is asked."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=1)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port(host: str) -> int:
    """A port of `host` that nobody listens on now."""
    with _bound(host, 0) as listener:
        return int(listener.getsockname()[1])


def is_port_free(host: str, port: int) -> bool:
    """Whether a server could listen there now; False for any reason that it could not."""
    try:
        _bound(host, port).close()
    except OSError:
        return False
    return True


def require_free_port(host: str, port: int, *, option: str) -> None:
    """Refuse to go on when nothing can listen on `port` of `host`.

    Args:
        host: Name or address.
        port: From 1; 0 is always free.
        option: The command line option that chooses another port, for the message.

    Raises:
        ConfigError: With who has the port, or why it can't be had.
    """
    try:
        _bound(host, port).close()
    except socket.gaierror as error:
        raise ConfigError(
            f"the host name {host!r} is not known here: {error.strerror}", "try 127.0.0.1"
        ) from error
    except OverflowError:
        raise ConfigError(f"port {port} does not exist", "ports go from 1 to 65535") from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise ConfigError(
                f"can't listen on {host}:{port}: {error.strerror}",
                "ports below 1024 need root; the address must be one of this machine's",
            ) from error
        owner = find_port_owner(port) or "another process"
        raise ConfigError(
            f"port {port} is taken by {owner}",
            f"stop it, or choose another port with {option} (0 picks a free one)",
        ) from error


def find_port_owner(port: int) -> str | None:
    """Command and pid of the process that listens on `port`; None where that can't be told.

    Read from /proc, so it knows processes of this user on Linux and nothing elsewhere.
    """
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(link.readlink()) for link in (folder / "fd").iterdir()}
            if inodes & links:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                return f"`{' '.join(words).strip()[:100]}` (pid {folder.name})"
        except OSError:  # Gone meanwhile, or another user's.
            continue
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{columns[9]}]")
    return found


def _bound(host: str, port: int) -> socket.socket:
    """A socket bound to `host` and `port`, not yet listening."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # As the server does: a port whose last connections are still closing counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except BaseException:
        listener.close()
        raise
    return listener
