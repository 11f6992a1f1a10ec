"""A PostgreSQL that can't be used is told in one line; one that can has one server, safely."""

import re
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from support.commands import run_command
from support.postgres import new_database
from support.servers import start_server

from weave_core.errors import ConfigError, StoreError
from weave_core.server.store.dialects import connect
from weave_core.server.store.stores import Store
from weave_core.settings import Settings


def refusal(home: Path, url: str) -> str:
    """What `weave-core server` says of a database that it can't use: one line."""
    done = run_command(
        *("server", "--home", str(home), "--port", "0", "--no-grpc"),
        env={"WEAVE_CORE_DATABASE_URL": url},
    )
    assert done.returncode == 1, done.stderr
    [line] = done.stderr.splitlines()
    assert "Traceback" not in line
    assert done.stdout == ""
    return line


@pytest.fixture
def stranger(postgres_url: str) -> SimpleNamespace:
    """A user who may connect, with a password, and may do nothing else."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS stranger")
        admin.execute("CREATE ROLE stranger LOGIN PASSWORD 'sesame'")
        [hba] = admin.execute("SHOW hba_file").fetchone() or ()
        rules = Path(hba).read_text(encoding="utf-8")
        if "stranger" not in rules:
            rule = "host all stranger 127.0.0.1/32 scram-sha-256\n"
            Path(hba).write_text(rule + rules, encoding="utf-8")
            admin.execute("SELECT pg_reload_conf()")
            # A reload is carried out later; new sessions have it once this view shows it.
            while not admin.execute(
                "SELECT 1 FROM pg_hba_file_rules WHERE user_name = '{stranger}'"
            ).fetchone():
                pass
    return SimpleNamespace(name="stranger", password="sesame")  # noqa: S106  # Of this test alone.


def as_user(url: str, user: str, password: str) -> str:
    """`url` with another user."""
    return re.sub("//.*@", f"//{user}:{password}@", url)


def test_a_server_that_is_not_there(home: Path) -> None:
    """The address and the setting are named, the password is not."""
    line = refusal(home, "postgresql+psycopg://ada:hidden@127.0.0.1:1/weave")
    assert re.search("can't prepare the database weave: .*Connection refused", line)
    assert "WEAVE_CORE_DATABASE_URL" in line
    assert "hidden" not in line


def test_a_wrong_password(home: Path, database_url: str, stranger: SimpleNamespace) -> None:
    """PostgreSQL's own words, without the password."""
    line = refusal(home, as_user(database_url, stranger.name, "guessed"))
    assert 'password authentication failed for user "stranger"' in line
    assert "guessed" not in line


def test_a_database_that_is_not_there(home: Path, database_url: str) -> None:
    """It is not made: which one was meant is the user's to say."""
    line = refusal(home, f"{database_url}_none")
    assert re.search('database "test_.*_none" does not exist', line)


def test_a_user_without_rights(home: Path, database_url: str, stranger: SimpleNamespace) -> None:
    """Who may not make tables is told so."""
    line = refusal(home, as_user(database_url, stranger.name, stranger.password))
    assert "permission denied for schema public" in line


def test_a_database_that_cannot_hold_every_text(home: Path, postgres_url: str) -> None:
    """Names and prompts have letters of every script."""
    url = new_database(postgres_url, "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    assert "is in LATIN1, which can't hold every text" in refusal(home, url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+asyncpg://db/weave", r"the driver 'postgresql\+asyncpg'"),
        ("postgresql://weave@127.0.0.1", "names no database"),
        ("mysql://db/weave", "names 'mysql', which is not supported"),
        ("my secret", "database_url is no database URL"),
    ],
)
def test_a_url_that_is_not_supported(url: str, said: str) -> None:
    """With an example of what is."""
    with pytest.raises(ConfigError, match=said) as refused:
        connect(url)
    assert "secret" not in str(refused.value)
    assert refused.value.hint


def test_a_second_server_on_one_database_is_refused(tmp_path: Path, database_url: str) -> None:
    """Row ids are given out by the writer, so there can be one; a killed one blocks nobody."""
    env = {"WEAVE_CORE_DATABASE_URL": database_url}
    with start_server(tmp_path / "first", env=env) as first:
        line = refusal(tmp_path / "second", database_url)
        assert "in use by another weave-core server" in line
        first.kill()
        with start_server(tmp_path / "second", env=env) as second:
            assert second.stop() == 0


def test_readers_cannot_write(home: Path, database_url: str) -> None:
    """Whatever a query brings with it."""
    store = Store.open(Settings(home=home, database_url=database_url))
    try:
        with (
            store.engine.connect() as connection,
            pytest.raises(DBAPIError, match="read-only transaction"),
        ):
            connection.execute(text("DELETE FROM span"))
    finally:
        store.close()


def test_a_database_of_a_newer_version_is_refused(home: Path, database_url: str) -> None:
    """An old program must not write into tables that it does not know."""
    settings = Settings(home=home, database_url=database_url)
    Store.open(settings).close()
    with psycopg.connect(database_url.replace("+psycopg", "")) as admin:
        admin.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"newer weave-core \(revision 9999\)"):
        Store.open(settings)


def test_every_text_sorts_by_code_point(home: Path, database_url: str) -> None:
    """As on SQLite, whatever the locale of the database; so cursors survive its next version."""
    Store.open(Settings(home=home, database_url=database_url)).close()
    with psycopg.connect(database_url.replace("+psycopg", "")) as admin:
        localised = admin.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
            " AND data_type IN ('character varying', 'text')"
            " AND collation_name IS DISTINCT FROM 'C'"
        ).fetchall()
    assert localised == []
