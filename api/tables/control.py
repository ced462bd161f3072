"""What was ordered: commands and overrides."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, String, Table

from api.tables.metadata import metadata

# Written before it is published. `history` is a list of [state, t, note].
commands = Table(
    "commands",
    metadata,
    Column("id", String, primary_key=True),
    Column("venue", String, nullable=False),
    Column("purifier", String, nullable=False, index=True),
    Column("session", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("release", Boolean, nullable=False),
    Column("reason", String, nullable=False),
    Column("issued_by", String, nullable=False),  # "automatic" or the name of a key
    Column("created", BigInteger, nullable=False, index=True),
    Column("deadline", BigInteger, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("history", JSON, nullable=False),
)

# A person's word over automation: a lease with an end. `mode` stopped or run at `level`.
overrides = Table(
    "overrides",
    metadata,
    Column("id", String, primary_key=True),
    Column("purifier", String, nullable=False, index=True),
    Column("mode", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("ended", BigInteger),
)

# What a person said last of each zone: control acts there, or only advises. Else the settings say it.
zone_modes = Table(
    "zone_modes",
    metadata,
    Column("zone", String, primary_key=True),
    Column("automatic", Boolean, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("changed", BigInteger, nullable=False),
)
