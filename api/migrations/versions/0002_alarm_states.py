"""Alarms: family, source, latching and reset, chattering, and what was found only in late data."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (
        sa.Column("family", sa.String(), nullable=False, server_default="operating"),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("latching", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("historical", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("turns", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("reset", sa.BigInteger(), nullable=True),
        sa.Column("reset_by", sa.String(), nullable=True),
    ):
        op.add_column("alarms", column)
    op.add_column(
        "alarm_edges", sa.Column("historical", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(op.f("ix_alarms_raised"), "alarms", ["raised"], unique=False)
    op.create_index(op.f("ix_alarm_edges_alarm"), "alarm_edges", ["alarm"], unique=False)
