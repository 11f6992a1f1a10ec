"""Bring a database to the tables that this version knows, by the migrations in the wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from weave_core.errors import StoreError

__all__ = ["migration_config", "upgrade"]


def migration_config() -> Config:
    """Alembic's configuration, built here so that no ini file has to be found."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def upgrade(engine: Engine) -> None:
    """Run the migrations that `engine`'s database has not seen, all in one transaction.

    Raises:
        StoreError: If a newer version made the database, or it can't be read or changed.
    """
    config = migration_config()
    try:
        with engine.begin() as connection:
            _refuse_newer(MigrationContext.configure(connection).get_current_heads(), config)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DatabaseError as error:
        raise StoreError(
            f"can't prepare the database {engine.url.database}: {error.orig}",
            "the disk may be full, or the file damaged",
        ) from error


def _refuse_newer(heads: tuple[str, ...], config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    unknown = set(heads) - known
    if unknown:
        raise StoreError(
            f"the database is of a newer weave-core (revision {', '.join(sorted(unknown))})",
            "upgrade weave-core, or choose another folder with --home",
        )
