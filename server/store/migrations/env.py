"""Alembic's door: it runs this file, which runs the migrations on the connection it was handed."""

from alembic import context

from weave_core.server.store.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    # SQLite can take back changes of tables; the driver is told when to begin, so it does.
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
