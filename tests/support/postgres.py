"""A real PostgreSQL of our own, started by the test run on a free port and thrown away after it."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from support.ports import free_port

__all__ = ["find_postgres", "new_database", "start_postgres"]

_START_TIMEOUT_S = 60
# Enough for tests; durability of PostgreSQL itself is not what they are about.
_FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=100"


def find_postgres() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, newest version first; None where there is none."""
    on_path = shutil.which("pg_ctl")
    if on_path and (Path(on_path).parent / "initdb").exists():
        return Path(on_path).parent
    # Debian keeps the server's programs off the PATH.
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"),
        key=lambda path: int(path.parts[4]),
        reverse=True,
    )
    return versions[0].parent if versions else None


@contextmanager
def start_postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL with its data in `folder` and yield its URL, without driver name.

    The URL reads `postgresql://weave@127.0.0.1:PORT/postgres`; any local user may connect.

    Raises:
        FileNotFoundError: If no PostgreSQL is installed (`apt-get install postgresql`).
    """
    programs = find_postgres()
    if programs is None:
        raise FileNotFoundError("no PostgreSQL here: apt-get install postgresql")
    user = _server_user()
    data = folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    if user:
        _open_to(folder, user)
    port = free_port()
    _run(user, programs / "initdb", "-D", data, "-U", "weave", "-A", "trust", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} {_FAST}"
    log = folder / "log"
    _run(user, programs / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
    try:
        yield f"postgresql://weave@127.0.0.1:{port}/postgres"
    finally:
        _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def new_database(url: str, options: str = "") -> str:
    """Make an empty database in the server at `url`; its URL as our setting takes it.

    Args:
        url: What `start_postgres` gave.
        options: More words for CREATE DATABASE.
    """
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}".encode())
    return url.replace("postgresql://", "postgresql+psycopg://").rpartition("/")[0] + f"/{name}"


def _server_user() -> str | None:
    """The user to run as: PostgreSQL refuses root, so there it is Debian's own `postgres`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


def _open_to(folder: Path, user: str) -> None:
    """Give `folder` to `user`, and let it walk there through pytest's private parents."""
    shutil.chown(folder, user)
    for parent in folder.parents:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)


def _run(user: str | None, program: Path, *arguments: object) -> None:
    # Output goes to a file: pg_ctl's child would keep a pipe open for ever.
    subprocess.run(
        [str(program), *map(str, arguments)],
        check=True,
        user=user,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_START_TIMEOUT_S,
    )
