"""Recorded bytes -> one dict per frame and per reject, in stream order: what `venueair decode` prints."""

from collections.abc import Iterator
from typing import Any

from gateway.frames import Frame, Reject
from gateway.sensors.model import Model


def lines(model: Model, data: bytes, request: bytes | None = None) -> Iterator[dict[str, Any]]:
    """`{"frame", "values", "native"}` or `{"reject", "bytes"}`, bytes as "42 4D …"; the end is silence.

    `request` is what the bytes answer; the model's usual poll when None. Raises ValueError, before anything
    else, for a request that the model cannot be sent.
    """
    scanner = model.scanner(request)
    return _described(model, [*scanner.feed(data), *scanner.finish()], request)


def _described(model: Model, found: list[Frame | Reject], request: bytes | None) -> Iterator[dict[str, Any]]:
    for part in found:
        decoded = model.decode(part.data, request) if isinstance(part, Frame) else part
        if isinstance(decoded, Reject):
            yield {"reject": decoded.reason, "bytes": _hex(decoded.data)}
        else:
            yield {"frame": _hex(part.data), "values": decoded.values, "native": decoded.native}


def parse_hex(text: str) -> bytes:
    """ "42 4D …", "424d…" or "0x42, 0x4D, …" -> bytes. Raises ValueError with a sentence for people."""
    digits = "".join(part.removeprefix("0x").removeprefix("0X") for part in text.replace(",", " ").split())
    if not digits:
        raise ValueError("there are no bytes: give them as hexadecimal digits such as 42 4D 00 1C")
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise ValueError(
            f"{text[:60]!r} is not hexadecimal: give two digits per byte such as 42 4D 00 1C"
        ) from error


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()
