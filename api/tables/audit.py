"""What was done and decided: the audit log, the journal of decisions, and requests that acted already."""

from sqlalchemy import JSON, BigInteger, Column, Float, Integer, String, Table, Text

from api.tables.metadata import metadata

# Only appended to: triggers refuse UPDATE and DELETE. What the columns say is in api.audit.Entry.
audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("t", BigInteger, nullable=False, index=True),
    Column("who", String, nullable=False, index=True),
    Column("what", String, nullable=False),
    Column("target", String, nullable=False, index=True),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("slot", String),
    Column("command", String, index=True),
    Column("reason", String),
    Column("remote", String),
    Column("status", Integer),
    Column("answers", Integer),
    Column("hash", String, nullable=False),
)

# One row per change of what a unit should do; `command` follows when the order has left. See api.decision.
decisions = Table(
    "decisions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("t", BigInteger, nullable=False, index=True),
    Column("purifier", String, nullable=False, index=True),
    Column("zone", String, nullable=False, index=True),
    Column("mode", String),
    Column("level", Integer),
    Column("from_level", Integer),
    Column("slot", String, nullable=False),
    Column("why", String, nullable=False),
    Column("source", String),
    Column("quantity", String),
    Column("value", Float),
    Column("relation", String),
    Column("limit", Float),
    Column("for_s", Float),
    Column("version", String, nullable=False),
    Column("phase", String),
    Column("command", String),
)

# Requests with an Idempotency-Key; `status` is null while the first of them is at work, or was cut short.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("request", String, nullable=False),  # SHA-256 of method, path and body
    Column("t", BigInteger, nullable=False, index=True),
    Column("status", Integer),
    Column("headers", JSON(none_as_null=True)),
    Column("body", Text),
)
