"""The schema of ops_db: the migrations make what the tables say, and keep what was there."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

import api.ops_db
from api.alarm_book import AlarmBook
from api.ops_db import open_ops_db
from api.tables import metadata
from tests.api.parts import edge

MIGRATIONS = Path(api.ops_db.__file__).parent / "migrations"


def test_the_migrations_make_what_the_tables_say(tmp_path):
    with open_ops_db(tmp_path / "ops.db").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_alarms_of_the_first_schema_are_kept(tmp_path):
    path = tmp_path / "ops.db"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        columns = 'id, alarm, venue, rule, scope, quantity, level, peak_level, raised, value, "limit"'
        values = "'pm/zone-a/1/1', 'pm/zone-a', 'expo', 'pm', 'zone-a', 'pm2_5', 1, 1, 1, 61.0, 50.0"
        connection.execute(text(f"INSERT INTO alarms ({columns}) VALUES ({values})"))
        connection.execute(text("INSERT INTO alarm_edges VALUES ('pm/zone-a/1/1', 'pm/zone-a', 1, 1, 61.0)"))
    book = AlarmBook(open_ops_db(path))
    (alarm,) = book.opened(2)
    assert (alarm.family, alarm.latching, alarm.turns, alarm.limit) == ("operating", False, 1, 50.0)
    assert book.enter([edge(1, 1)], "expo") == []
    assert book.enter([edge(3, 0)], "expo")[0].cleared == 3
