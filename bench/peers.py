"""The peers, each set up as well as we know how, and each as its own process.

All read `venueair/v1/bench/+/data` and write measurement `air`, tag `device`, field `pm2_5` in ms. `rows` is
what one message holds (1 or 50): buffers and parsers are set for it, as one who tunes would.
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.databases import CACHE, Database, installed
from bench.payloads import VENUE
from bench.processes import HOST, MissingError, Process
from bench.sink import Sink

HERE: Final = Path(__file__).parent
FILTER: Final = f"venueair/v1/{VENUE}/+/data"

# Telegraf drops rows when its buffer is smaller than what may be undelivered; two writers lose rows. Its own
# order of size: flush at 5,000 metrics, or after 200 ms.
_TELEGRAF: Final = """
[agent]
  interval = "1s"
  flush_interval = "200ms"
  flush_jitter = "0s"
  metric_batch_size = {batch}
  metric_buffer_limit = {buffer}
  omit_hostname = true
  quiet = true
  skip_processors_after_aggregators = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://{host}:{port}"]
  topics = ["{filter}"]
  topic_tag = ""
  qos = {qos}
  client_id = "telegraf"
  persistent_session = {persistent}
  max_undelivered_messages = {undelivered}
{parser}
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
  content_encoding = "identity"
"""
_TOPIC: Final = """  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "venueair/v1/+/+/data"
    tags = "_/_/_/device/_"
"""
_SINGLE: Final = f"""  data_format = "json_v2"
{_TOPIC}  [[inputs.mqtt_consumer.json_v2]]
    measurement_name = "air"
    timestamp_path = "t"
    timestamp_format = "unix_ms"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "q.pm2_5"
      rename = "pm2_5"
      type = "float"
"""
_ROWS: Final = f"""  name_override = "air"
  data_format = "json"
  json_time_key = "t"
  json_time_format = "unix_ms"
{_TOPIC}"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a system reads and writes in one run. `folder` is its own and empty."""

    port: int
    qos: int
    rows: int
    database: Database | Sink
    folder: Path


def telegraf(place: Place) -> Process:
    program = CACHE / "telegraf-1.36.4" / "telegraf"
    if not program.exists():
        raise MissingError("Telegraf is not built: sh bench/servers/get.sh")
    single = place.rows == 1
    undelivered = 20_000 if single else 2_000
    database = place.database
    text = _TELEGRAF.format(
        host=HOST,
        port=place.port,
        filter=FILTER,
        qos=place.qos,
        persistent=str(place.qos == 1).lower(),
        batch=5_000 if single else 20_000,
        buffer=200_000 if single else max(500_000, undelivered * place.rows),
        undelivered=undelivered,
        parser=_SINGLE if single else _ROWS,
        url=database.url,
        token=database.token,
        org=database.org,
        bucket=database.bucket,
    )
    conf = place.folder / "telegraf.conf"
    conf.write_text(text)
    return Process([program, "--config", conf], place.folder / "telegraf.log")


def node_red(place: Place) -> Process:
    """MQTT in (parsed as JSON) > a function that collects 500 points > InfluxDB batch; batches go at once."""
    packages = CACHE / "node-red-4.1.15" / "node_modules"
    if not packages.exists():
        raise MissingError("Node-RED is not installed: sh bench/servers/get.sh")
    for name in ("settings.js", "flows_cred.json"):
        shutil.copy(HERE / "servers" / "node-red" / name, place.folder)
    flows = "flows-single.json" if place.rows == 1 else "flows-rows.json"
    shutil.copy(HERE / "servers" / "node-red" / flows, place.folder / "flows.json")
    database = place.database
    env = {
        "MQTT_PORT": str(place.port),
        "MQTT_QOS": str(place.qos),
        "INFLUX_URL": database.url,
        "INFLUX_ORG": database.org,
        "INFLUX_BUCKET": database.bucket,
        "INFLUX_TOKEN": database.token,
        "NODE_OPTIONS": "--max-old-space-size=2048",
    }
    command: list[str | Path] = [
        installed("node", ask="install nodejs"),
        packages / "node-red" / "red.js",
        "--userDir",
        place.folder,
        "flows.json",
    ]
    return Process(command, place.folder / "node-red.log", env=env)


def script(place: Place) -> Process:
    """paho, json, Point and the batching WriteApi, as tutorials write it."""
    if place.rows != 1:
        raise MissingError("the tutorial script reads singles")
    database = place.database
    arguments = [
        HOST,
        str(place.port),
        str(place.qos),
        database.url,
        database.token,
        database.org,
        database.bucket,
    ]
    command: list[str | Path] = [sys.executable, HERE / "plain_script.py", *arguments]
    return Process(command, place.folder / "script.log")
