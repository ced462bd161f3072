"""The alarm book: episodes and the edges that made them."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String, Table, false

from api.tables.metadata import metadata

# One row per episode: from the raise of an alarm to its clear. `alarm` is "rule/scope".
alarms = Table(
    "alarms",
    metadata,
    Column("id", String, primary_key=True),  # the id of the raising edge
    Column("alarm", String, nullable=False, index=True),
    Column("venue", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("quantity", String, nullable=False),
    Column("level", Integer, nullable=False),  # now; 0 once cleared
    Column("peak_level", Integer, nullable=False),
    Column("raised", BigInteger, nullable=False, index=True),
    Column("cleared", BigInteger),
    Column("value", Float),
    Column("limit", Float),
    Column("acknowledged", BigInteger),
    Column("acknowledged_by", String),
    Column("comment", String),
    Column("family", String, nullable=False, server_default="operating"),
    Column("source", String),
    Column("latching", Boolean, nullable=False, server_default=false()),
    Column("historical", Boolean, nullable=False, server_default=false()),
    Column("reason", String),  # why it ended, where the air is not the reason
    Column("turns", Integer, nullable=False, server_default="1"),
    Column("held_until", BigInteger),  # it chatters and stays open until then
    Column("reset", BigInteger),
    Column("reset_by", String),
)

# Every edge that was ever seen: a repeated one changes nothing.
alarm_edges = Table(
    "alarm_edges",
    metadata,
    Column("id", String, primary_key=True),
    Column("alarm", String, nullable=False, index=True),
    Column("t", BigInteger, nullable=False),
    Column("level", Integer, nullable=False),
    Column("value", Float),
    Column("historical", Boolean, nullable=False, server_default=false()),
)
