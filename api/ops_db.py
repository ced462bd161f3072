"""ops_db: what is small and transactional. Keys, alarms, commands, overrides; SQLite in WAL by default.

The tables are made and changed by the numbered migrations in api/migrations; a test compares the two.
"""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    false,
)

metadata = MetaData()

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


def open_ops_db(path: Path) -> Engine:
    """Opens or creates the database at `path` and brings it to the newest schema."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 5})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return engine
