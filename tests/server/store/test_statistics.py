"""SQLite's planner is told how large things are, once they are."""

from pathlib import Path

from alembic import command
from support.programs import wait_for
from support.raw_spans import open_store, raw_span, rows_of, store_spans

from weave_core.server.store.dialects import connect
from weave_core.server.store.schemas import migration_config

SPANS = 21_000
"""More than a store needs before it is measured."""
MEASURED = "SELECT idx FROM sqlite_stat1 WHERE idx = 'newest_spans'"


def test_a_store_that_has_grown_is_measured(tmp_path: Path) -> None:
    """The indexes of spans have statistics, also those that a newer version made anew."""
    query = "SELECT name FROM sqlite_master WHERE name = 'sqlite_stat1'"
    with open_store(tmp_path) as store:
        store_spans(store, raw_span(1))
        assert rows_of(store, query) == []
        for first in range(2, SPANS, 3_000):
            store_spans(store, *(raw_span(first + n, trace=first + n) for n in range(3_000)))
        wait_for(lambda: rows_of(store, query))
        wait_for(lambda: rows_of(store, MEASURED))

    # A migration makes the index anew, which loses its figures.
    engines = connect(f"sqlite:///{tmp_path}/store.db")
    config = migration_config()
    with engines.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0017")
        assert not connection.exec_driver_sql(MEASURED).all()
    engines.dispose()
    with open_store(tmp_path) as store:
        wait_for(lambda: rows_of(store, MEASURED))
