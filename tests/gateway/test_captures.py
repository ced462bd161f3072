"""Every frame of tests/captures means what its file says; the files name where the bytes come from."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.decode import lines, parse_hex
from gateway.sensors import MODELS
from gateway.sensors.model import Decoded
from venueair.quantities import QUANTITIES

CAPTURES = Path(__file__).parents[1] / "captures"


def entries(kind: str) -> list[Any]:
    return [
        pytest.param(path.stem, entry, id=f"{path.stem}: {entry.get('origin', entry.get('name'))[:60]}")
        for path in sorted(CAPTURES.glob("*.toml"))
        if path.stem in MODELS
        for entry in tomllib.loads(path.read_text()).get(kind, [])
    ]


def request_of(entry: dict[str, Any]) -> bytes | None:
    return parse_hex(entry["request"]) if "request" in entry else None


def test_every_model_has_captures() -> None:
    assert {path.stem for path in CAPTURES.glob("*.toml")} >= set(MODELS)


@pytest.mark.parametrize(("model", "entry"), entries("frame"))
def test_captured_frame_means(model: str, entry: dict[str, Any]) -> None:
    found = list(lines(MODELS[model], parse_hex(entry["hex"]), request_of(entry)))
    assert found == [{"frame": entry["hex"], "values": entry["values"], "native": entry["native"]}]
    assert all(type(value) is float for value in found[0]["values"].values())
    assert set(found[0]["values"]) <= set(QUANTITIES)


@pytest.mark.parametrize(("model", "entry"), entries("frame"))
def test_captured_frame_is_a_fault_only_where_it_says_so(model: str, entry: dict[str, Any]) -> None:
    decoded = MODELS[model].decode(parse_hex(entry["hex"]), request_of(entry))
    assert isinstance(decoded, Decoded)
    assert (decoded.fault is not None) == ("fault" in entry)
    assert entry.get("fault", "") in (decoded.fault or "")


@pytest.mark.parametrize(("model", "entry"), entries("reject"))
def test_captured_bytes_are_rejected(model: str, entry: dict[str, Any]) -> None:
    found = list(lines(MODELS[model], parse_hex(entry["hex"]), request_of(entry)))
    assert found == [{"reject": entry["reason"], "bytes": entry["hex"]}]
