"""What keeps units from running until a person says otherwise: stops of whole halls."""

from sqlalchemy import BigInteger, Column, String, Table

from api.tables.metadata import metadata

# In force until `released`; kept afterwards, because units that were away learn of the release from it.
hall_stops = Table(
    "hall_stops",
    metadata,
    Column("id", String, primary_key=True),
    Column("hall", String, nullable=False, index=True),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("released", BigInteger),
    Column("released_by", String),
    Column("release_reason", String),
)
