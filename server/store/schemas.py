"""Bring a database to the tables that this version knows, by the migrations in the wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, bindparam, text
from sqlalchemy.exc import DBAPIError

from weave_core.errors import StoreError
from weave_core.server.store import (
    alert_tables,
    annotation_tables,
    artifact_tables,
    evaluation_tables,
    feedback_tables,
    monitor_tables,
    object_tables,
    registry_tables,
    rollup_tables,
    run_tables,
    sweep_tables,
    telemetry_tables,
)
from weave_core.server.store.dialects import reason_of
from weave_core.server.store.statistics import forget_statistics
from weave_core.server.store.tables import METADATA

__all__ = ["migration_config", "upgrade"]

DECLARED_BY = (
    alert_tables,
    annotation_tables,
    artifact_tables,
    evaluation_tables,
    feedback_tables,
    monitor_tables,
    object_tables,
    registry_tables,
    rollup_tables,
    run_tables,
    sweep_tables,
    telemetry_tables,
)
"""Modules that add their tables to `METADATA` when they are imported."""
_HINTS = {
    "sqlite": "the disk may be full, or the file damaged",
    "postgresql": "the server must run and the user must be allowed to make tables;"
    " WEAVE_CORE_DATABASE_URL names both",
}
_LOCALISED = text("""
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND data_type = 'character varying'
AND collation_name IS DISTINCT FROM 'C' AND table_name IN :names
ORDER BY table_name, ordinal_position
""").bindparams(bindparam("names", expanding=True))


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
            heads = MigrationContext.configure(connection).get_current_heads()
            _refuse_newer(heads, config)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if heads and heads != MigrationContext.configure(connection).get_current_heads():
                forget_statistics(connection)
            if engine.dialect.name == "postgresql":
                _sort_by_code_point(connection)
    except DBAPIError as error:
        raise StoreError(
            f"can't prepare the database {engine.url.database}: {reason_of(error)}",
            _HINTS[engine.dialect.name],
        ) from error


def _sort_by_code_point(connection: Connection) -> None:
    """Give every text column the order that SQLite has, whatever the locale of the database.

    So one filter and one order mean the same everywhere, cursors survive a new version of the
    system's locales, and indexes serve prefixes.  A column that was just made costs nothing.
    """
    for table, column in connection.execute(_LOCALISED, {"names": sorted(METADATA.tables)}).all():
        connection.exec_driver_sql(
            f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE VARCHAR COLLATE "C"'
        )


def _refuse_newer(heads: tuple[str, ...], config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    unknown = set(heads) - known
    if unknown:
        raise StoreError(
            f"the database is of a newer weave-core (revision {', '.join(sorted(unknown))})",
            "upgrade weave-core, or choose another folder with --home",
        )
