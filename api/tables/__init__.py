"""The tables of ops_db, one file per noun; the migrations in api/migrations make and change them."""

from api.tables import alarms, control, keys
from api.tables.metadata import metadata

__all__ = ["alarms", "control", "keys", "metadata"]
