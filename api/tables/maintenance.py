"""Devices that people work on (정비 중): locked until somebody releases them."""

from sqlalchemy import BigInteger, Column, String, Table

from api.tables.metadata import metadata

# In force until `released`; `until` is only when the work was expected to be done.
maintenance_locks = Table(
    "maintenance_locks",
    metadata,
    Column("id", String, primary_key=True),
    Column("device", String, nullable=False, index=True),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("released", BigInteger),
    Column("released_by", String),
    Column("release_reason", String),
)
