"""The tables of ops_db, one file per noun; the migrations in api/migrations make and change them."""

from api.tables import alarms, audit, control, keys, maintenance, safety
from api.tables.metadata import metadata

__all__ = ["alarms", "audit", "control", "keys", "maintenance", "metadata", "safety"]
