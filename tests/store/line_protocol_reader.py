r"""Line protocol read character by character, as its documentation says: a second opinion for the tests.

InfluxData docs, "Line protocol": measurement[,key=value…] field=number[,field=number…] time. A backslash
before a comma, a space or an equals sign takes away its meaning.
"""

Point = tuple[str, tuple[tuple[str, str], ...], dict[str, float], int]


def parse(text: bytes) -> list[Point]:
    assert text.endswith(b"\n") or not text
    return [_line(line) for line in text.decode().split("\n")[:-1]]


def _line(line: str) -> Point:
    name, at = _until(line, 0, ", ")
    tags = []
    while line[at] == ",":
        key, at = _until(line, at + 1, "=")
        value, at = _until(line, at + 1, ", ")
        tags.append((key, value))
    fields = {}
    while not fields or line[at] == ",":
        key, at = _until(line, at + 1, "=")
        number, at = _until(line, at + 1, ", ")
        assert key not in fields
        fields[key] = float(number)
        assert number not in ("nan", "inf", "-inf", "null")
    return name, tuple(tags), fields, int(line[at + 1 :])


def _until(line: str, at: int, ends: str) -> tuple[str, int]:
    found = ""
    while line[at] not in ends:
        if line[at] == "\\" and line[at + 1] in ", =":
            at += 1
        found += line[at]
        at += 1
    assert found, f"nothing at {at} of {line}"
    return found, at
