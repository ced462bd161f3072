"""A peer: what a tutorial on MQTT and InfluxDB ends with. Nothing of venueair, nothing tuned.

python plain_script.py HOST PORT QOS URL TOKEN ORG BUCKET
"""

import json
import sys
from typing import Any

import paho.mqtt.client as mqtt
from influxdb_client import InfluxDBClient, Point, WritePrecision

host, port, qos, url, token, org, bucket = sys.argv[1:]
write_api = InfluxDBClient(url=url, token=token, org=org).write_api()


def on_connect(client: mqtt.Client, *_: object) -> None:
    client.subscribe("venueair/v1/bench/+/data", int(qos))


def on_message(_client: mqtt.Client, _userdata: object, message: Any) -> None:
    data = json.loads(message.payload)
    point = Point("air").tag("device", message.topic.split("/")[3])
    for name, value in data["q"].items():
        point.field(name, float(value))
    point.time(data["t"], WritePrecision.MS)
    write_api.write(bucket=bucket, record=point)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_connect = on_connect
client.on_message = on_message
client.connect(host, int(port))
client.loop_forever()
