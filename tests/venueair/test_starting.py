"""Which store a process gets, with which token, and what it says when it cannot."""

import threading

import pytest
from typer.testing import CliRunner

from tests.fake_influx import FakeInflux
from venueair.cli import app
from venueair.settings import Settings
from venueair.starting import StartError, open_store
from venueair.store.duckdb_store import DuckDbStore
from venueair.store.influx_store import InfluxStore

NAME = {"ko": "이름", "en": "Name"}
SITE = {"gateway": {"venue": "expo"}, "venue": [{"id": "expo", "name": NAME}]}


@pytest.fixture
def fake():
    with FakeInflux() as fake:
        fake.token = "right"
        yield fake


def open_(tmp_path, url: str, *, writes: bool = True, **store):
    store = {"kind": "influxdb", "url": url, "org": "venue", "write_only": True} | store
    settings = Settings(data=tmp_path, store=store, **SITE)
    return open_store(settings, writes=writes, stopping=threading.Event())


def test_without_a_word_it_is_duckdb_in_the_data_folder(tmp_path):
    store = open_store(Settings(data=tmp_path, **SITE), writes=True, stopping=threading.Event())
    assert isinstance(store, DuckDbStore)
    assert (tmp_path / "air.duckdb").exists()
    store.close()


@pytest.mark.parametrize("name", ["token", "write_token"])
def test_a_token_opens_influxdb(tmp_path, fake, name):
    store = open_(tmp_path, fake.url, **{name: "right"})
    assert isinstance(store, InfluxStore)
    assert store.health().ok
    store.close()
    assert (tmp_path / "influx.sqlite").exists()


def test_a_token_comes_from_a_file_that_only_its_owner_reads(tmp_path, fake):
    file = tmp_path / "token"
    file.write_text("right\n")
    file.chmod(0o600)
    open_(tmp_path, fake.url, token_file=file).close()
    file.chmod(0o644)
    with pytest.raises(StartError, match="open to everybody on this machine: chmod o-rwx"):
        open_(tmp_path, fake.url, token_file=file)


@pytest.mark.parametrize(
    ("content", "said"), [("", "is empty"), ("\n", "is empty"), (None, "cannot be read")]
)
def test_a_token_file_without_a_token_is_named(tmp_path, fake, content, said):
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
        file.chmod(0o600)
    with pytest.raises(StartError, match=rf"token_file .*token {said}"):
        open_(tmp_path, fake.url, token_file=file)


@pytest.mark.parametrize(
    ("writes", "store", "said"),
    [
        (True, {}, "no write_token and no read_token"),
        (True, {"read_token": "right"}, r"no write_token, .*VENUEAIR_STORE__WRITE_TOKEN"),
        (True, {"write_token": "right"}, r"no read_token, .*VENUEAIR_STORE__READ_TOKEN"),
        (False, {"write_token": "right"}, "no read_token"),
    ],
    ids=["none", "only read", "only write", "who reads needs no other"],
)
def test_a_missing_token_is_named_with_its_variable(tmp_path, fake, writes, store, said):
    with pytest.raises(StartError, match=said):
        open_(tmp_path, fake.url, writes=writes, write_only=False, **store)


def test_a_wrong_token_ends_the_start(tmp_path, fake):
    with pytest.raises(StartError, match="does not know the token"):
        open_(tmp_path, fake.url, token="wrong")
    open_(tmp_path, fake.url, token="right").close()


def test_who_waits_for_the_store_can_be_stopped(tmp_path):
    with FakeInflux() as gone:
        url = gone.url
    stopping = threading.Event()
    stopping.set()
    settings = {"kind": "influxdb", "url": url, "org": "venue", "token": "right"}
    with pytest.raises(SystemExit) as caught:
        open_store(Settings(data=tmp_path, store=settings, **SITE), writes=True, stopping=stopping)
    assert caught.value.code == 0
    reads = open_store(Settings(data=tmp_path, store=settings, **SITE), writes=False, stopping=stopping)
    assert not reads.health().ok
    reads.close()


@pytest.mark.parametrize("part", ["ingest", "api", "gateway"])
def test_a_part_alone_says_what_it_needs(tmp_path, part):
    path = tmp_path / "venueair.toml"
    runner = CliRunner()
    assert runner.invoke(app, ["init", str(path)]).exit_code == 0
    result = runner.invoke(app, [part, "--config", str(path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the host of your broker" in result.stderr


@pytest.mark.parametrize("part", ["ingest", "api"])
def test_a_part_alone_refuses_duckdb_with_a_sentence(tmp_path, part):
    path = tmp_path / "venueair.toml"
    runner = CliRunner()
    runner.invoke(app, ["init", str(path)])
    path.write_text(path.read_text("utf-8").replace('broker = "embedded"', 'broker = "127.0.0.1"'), "utf-8")
    result = runner.invoke(app, [part, "--config", str(path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert 'needs [store] kind = "influxdb"' in result.stderr
    assert "`venueair run`" in result.stderr
    assert not (tmp_path / "data").exists()


def test_tokens_are_shown_neither_in_settings_nor_in_mistakes(tmp_path, fake):
    store = {"kind": "influxdb", "url": fake.url, "org": "o", "token": "s3cret", "read_token": "s3cret"}
    assert "s3cret" not in repr(Settings(data=tmp_path, store=store, **SITE))


def test_a_token_beside_a_token_file_is_a_mistake(tmp_path):
    with pytest.raises(ValueError, match="token is given too"):
        Settings(data=tmp_path, store={"token": "a", "token_file": "b"}, **SITE)
