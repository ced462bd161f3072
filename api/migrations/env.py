"""Alembic's entry point; ops_db.open_ops_db hands it an open connection."""

from alembic import context

from api.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
