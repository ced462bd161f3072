"""What the routes answer: rows that fit their schema, problems that help, nothing that leaks."""

import re
from pathlib import Path

import orjson
import pytest
from pydantic import BaseModel, TypeAdapter

from tests.api.parts import T0, edge
from tests.api.test_auth import FILL
from venueair.messages import LeftOut, Status
from venueair.store.store import Health


def models(app):
    """(path, answer's type) of every GET that declares one."""
    for context in app.openapi()["paths"].items():
        path, operations = context
        schema = operations.get("get", {}).get("responses", {}).get("200", {})
        reference = schema.get("content", {}).get("application/json", {}).get("schema", {})
        if reference.get("$ref") or reference.get("items"):
            yield path, reference


def model_of(reference):
    name = (reference.get("$ref") or reference["items"]["$ref"]).rsplit("/", 1)[1]
    (model,) = (
        one for one in _below(BaseModel) if one.__name__ == name and one.__module__.startswith("api.")
    )
    return list[model] if "items" in reference else model


def _below(model):
    for one in model.__subclasses__():
        yield one
        yield from _below(one)


def test_every_answer_fits_the_schema_that_is_published(site):
    aside = LeftOut(device="pm1", why=["flat_line"], since=T0)
    site.live(("zone-a pm2_5", T0, 10.0, 1), ("pm1 pm2_5", T0, None, 9), left_out={"zone-a pm2_5": [aside]})
    site.edge(edge(T0, 2))
    site.status("pm1", Status(state="fault", detail="fan stuck", model="pms5003"))
    site.letters.bury("venueair/v1/expo/pm1/data", "malformed", b"{")
    FILL["alarm_id"] = f"pm/zone-a/{T0}/2"
    walked = 0
    for path, reference in models(site.app):
        filled = re.sub(r"\{(\w+)(:path)?\}", lambda m: FILL[m[1]], path)
        params = {"source": "zone-a", "quantity": "pm2_5"} if path.endswith("readings") else {}
        answer = site.client("admin").get(filled, params=params)
        assert answer.status_code == 200, (path, answer.text)
        model = model_of(reference)
        read = TypeAdapter(model).validate_json(answer.content)
        assert set(_keys(answer.json())) <= set(_keys(TypeAdapter(model).dump_python(read, mode="json"))), (
            path
        )
        walked += 1
    assert walked >= 12


def _keys(value):
    rows = value if isinstance(value, list) else [value]
    return [key for row in rows for key in row]


def test_the_site_is_a_tree_with_devices_and_their_state(site):
    site.status("pm1", Status(state="online", interval_s=2, firmware="1.0"))
    site.live(("pm1 pm2_5", T0 - 3000, 10.0, 1))
    (venue,) = site.client().get("/api/v1/site").json()["venues"]
    (hall,) = venue["halls"]
    assert hall["zones"][0]["why"] == "pm2_5"
    devices = {d["id"]: d for d in site.client().get("/api/v1/devices").json()}
    assert {d: row["state"] for d, row in devices.items()} == {
        "pm1": "online",
        "node1": "unknown",
        "pf1": "unknown",
        "gw1": "unknown",
    }
    assert (devices["pm1"]["age_s"], devices["pm1"]["interval_s"], devices["node1"]["kind"]) == (
        3.0,
        2,
        "node",
    )


def readings(site, **params):
    query = {
        "source": "zone-a",
        "quantity": "pm2_5",
        "start": T0 - 1000,
        "end": T0 + 5000,
        "format": "columns",
    } | params
    return site.client().get("/api/v1/readings", params=query)


def test_raw_readings_are_columns_and_nan_is_null(site):
    body = readings(site).json()
    assert body["t"] == [T0, T0 + 1000, T0 + 2000]
    assert body["value"] == [10.0, None, 12.5]
    assert body["quality"] == ["not_evaluated", "missing", "not_evaluated"]
    assert b"NaN" not in readings(site).content


def test_readings_are_flat_rows_by_default(site):
    rows = site.client().get(
        "/api/v1/readings", params={"source": "zone-a", "quantity": "pm2_5", "start": T0, "end": T0 + 1500}
    )
    first, second = rows.json()
    assert first["t"] == T0
    assert first["time"].endswith("Z")
    assert (first["value"], second["value"], second["quality"]) == (10.0, None, "missing")


def test_csv_by_format_or_accept_has_empty_fields_for_missing_numbers(site):
    by_format = readings(site, format="csv")
    assert by_format.headers["content-type"].startswith("text/csv")
    lines = by_format.text.split("\r\n")
    assert lines[0] == "t,value,raw,flag,quality"
    assert lines[2] == f"{T0 + 1000},,,9,missing"
    client = site.client()
    query = {"source": "zone-a", "quantity": "pm2_5", "start": T0, "end": T0 + 5000}
    assert client.get("/api/v1/readings", params=query, headers={"Accept": "text/csv"}).text.startswith("t,")
    assert client.get("/api/v1/readings", params=query, headers={"Accept": "image/png"}).status_code == 406


def test_rollups_are_mean_min_max_count(site):
    body = readings(site, every="60").json()
    assert (body["mean"], body["min"], body["max"], body["count"]) == ([11.25], [10.25], [12.25], [2])
    assert "value" not in body


def test_iso_times_mean_the_same_as_milliseconds(site):
    iso = readings(site, start="2026-11-23T14:45:00Z", end="2026-11-23T23:46:00+09:00").json()
    assert (iso["start"], iso["end"]) == (1_795_445_100_000, 1_795_445_160_000)
    spaced = "2026-11-23T23:46:00 09:00"
    assert readings(site, start="2026-11-23T14:45:00Z", end=spaced).json()["end"] == iso["end"]


@pytest.mark.parametrize(
    ("params", "status", "hint"),
    [
        ({"source": "nowhere"}, 404, "unknown source"),
        ({"quantity": "smell"}, 404, "unknown quantity"),
        ({"start": "yesterday"}, 422, "ISO 8601"),
        ({"start": "2026-11-23T14:45:00"}, 422, "time zone"),
        ({"start": str(10**14)}, 422, "milliseconds"),
        ({"start": T0 + 6000}, 422, "before end"),
        ({"start": 0}, 422, "every=60"),
        ({"start": 0, "every": "60"}, 413, "coarser"),
        ({"every": "7"}, 422, "every"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_change(site, params, status, hint):
    answer = readings(site, **params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in answer.json()["detail"]


def test_a_known_source_without_readings_is_empty_and_not_unknown(site):
    assert readings(site, source="node1", quantity="temperature").json()["t"] == []


ORDER = {"mode": "run", "level": 2, "minutes": 30, "reason": "opening"}


def test_a_command_is_accepted_and_followed(site):
    answer = site.client("operator").post("/api/v1/purifiers/pf1/commands", json=ORDER)
    assert answer.status_code == 202
    assert answer.headers["location"] == "/api/v1/commands/c1" == answer.json()["status_url"]
    assert site.client().get(answer.headers["location"]).json()["state"] == "SENT"
    assert site.control.orders[0]["by"] == "operator"


def test_the_same_idempotency_key_acts_once_and_refuses_another_request(site):
    client, headers = site.client("operator"), {"Idempotency-Key": "k1"}
    path = "/api/v1/purifiers/pf1/commands"
    first = client.post(path, json=ORDER, headers=headers).json()
    assert client.post(path, json=ORDER, headers=headers).json() == first
    assert client.post(path, json=ORDER | {"level": 3}, headers=headers).status_code == 422
    client.post(path, json=ORDER, headers={"Idempotency-Key": "k2"})
    assert len(site.control.orders) == 2


def test_a_refusal_tells_why_and_may_be_tried_again(site):
    client, headers = site.client("operator"), {"Idempotency-Key": "k1"}
    site.control.refuses = True
    answer = client.post("/api/v1/purifiers/pf1/commands", json=ORDER, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (409, "the unit is offline; look at its plug")
    site.control.refuses = False
    assert client.post("/api/v1/purifiers/pf1/commands", json=ORDER, headers=headers).status_code == 202


@pytest.mark.parametrize(
    "wrong",
    [{"mode": "off"}, {"level": -1}, {"minutes": -1}, {"reason": ""}, {"by": "admin"}, {"minutes": 1e9}],
    ids=lambda w: next(iter(w)),
)
def test_a_wrong_order_is_refused_before_control_sees_it(site, wrong):
    answer = site.client("operator").post("/api/v1/purifiers/pf1/commands", json=ORDER | wrong)
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["errors"][0]["where"]
    assert site.control.orders == []


@pytest.mark.parametrize(
    "path", ["purifiers/none", "commands/none", "alarms/none", "purifiers/none/commands"]
)
def test_unknown_things_are_404_problems(site, path):
    client = site.client("operator")
    answer = (
        client.post(f"/api/v1/{path}", json=ORDER)
        if path.endswith("commands")
        else client.get(f"/api/v1/{path}")
    )
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_a_body_over_the_limit_and_a_wrong_method_are_problems(site):
    answer = site.client("operator").post("/api/v1/purifiers/pf1/commands", content=b"x" * 70_000)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    answer = site.client().delete("/api/v1/site")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")


def test_an_error_of_ours_shows_no_traceback(site):
    def fails():
        raise RuntimeError("password=hunter2")

    site.control.purifiers = fails
    answer = site.client().get("/api/v1/purifiers")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_a_store_out_of_reach_is_503_and_everything_else_goes_on(site):
    site.store.broken = True
    assert readings(site).status_code == 503
    assert site.client().get("/api/v1/values").status_code == 200


def test_ready_tells_which_part_is_missing(site):
    client = site.client(None)
    assert client.get("/healthz").status_code == 200
    assert set(client.get("/readyz").json()["reasons"]) == {"live"}
    site.live(("zone-a pm2_5", T0, 10.0, 1))
    assert client.get("/readyz").status_code == 200
    site.link.connected = False
    site.store.health = lambda: Health(ok=False, detail="read only")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["reasons"]) == {"store", "mqtt", "live"}


def test_metrics_are_readable_also_when_one_source_fails(site):
    def fails():
        raise RuntimeError("gone")

    site.app.state.metrics.add(fails)
    text = site.client(None).get("/metrics").text
    assert "venueair_api_mqtt_connected 1.0" in text
    assert "venueair_metrics_failed_total 1.0" in text
    assert 'venueair_api_messages_total{what="live_invalid"}' not in text


def test_what_cannot_be_read_is_counted_and_stops_nothing(site):
    site.link.give("venueair/v1/expo/live", b'{"v":1,"series":5}')
    site.link.give("venueair/v1/expo/live", b"\xff")
    site.link.give("venueair/v1/expo/alarm", b'{"v":2}')
    site.link.give("venueair/v1/expo/live", b'{"v":1,"series":["a co2"],"t":[],"value":[],"flag":[]}')
    counts = site.client().get("/api/v1/health").json()["counts"]
    assert (counts["live_invalid"], counts["live_malformed"], counts["live_ragged"]) == (1, 1, 1)
    assert counts["alarmedge_invalid"] == 1
    site.live(("zone-a pm2_5", T0, 10.0, 1))
    assert len(site.lives) == 1


def test_the_service_says_hello_and_goodbye_once(site):
    site.service.start()
    site.service.start()
    site.service.stop()
    site.service.stop()
    said = [
        orjson.loads(p)["state"] for t, p, retain in site.link.sent if t.endswith("api/status") and retain
    ]
    assert said == ["online", "offline"]
    assert site.link.stops == 1


@pytest.mark.parametrize("path", ["/", "/api/v1/site", "/api/v1/none", "/healthz"])
def test_every_answer_tells_browsers_what_not_to_do(site, path):
    for client in (site.client(None), site.client()):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_every_route_stands_in_the_docs(site):
    described = site.client().get("/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    assert set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", page, flags=re.MULTILINE)) == routes


def test_reference_page_names_every_route_and_loads_nothing(site):
    answer = site.client(None).get("/docs")
    assert answer.status_code == 200
    for path in site.client().get("/openapi.json").json()["paths"]:
        assert path in answer.text
    assert "<script" not in answer.text
    assert "http" not in answer.text
