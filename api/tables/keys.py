"""Keys of the API."""

from sqlalchemy import BigInteger, Column, String, Table

from api.tables.metadata import metadata

# Only the SHA-256 of a key is kept: 256 random bits need no slow hash.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("sha256", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),  # viewer, operator, admin
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
)
