"""The chain of the audit log: what a row says, its hash, and what a walk over all rows finds.

hash = SHA-256(hash of the row before + canonical JSON of the row): JSON with sorted keys, without spaces, in
UTF-8, numbers as Python writes them. Numbers count from 1 without gaps; the first row follows GENESIS.
A hash chain as in RFC 9162 (Certificate Transparency), section 2, for a log that is only appended to.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

GENESIS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was asked, answered or decided; `who` is an id, never a name.

    `t` is wall time, ms UTC. `answers`: the number of the row in which that was asked. `before` and `after`
    are small JSON values: never a password, key or whole body.
    """

    t: int
    who: str
    what: str
    target: str
    before: Any = None
    after: Any = None
    slot: str | None = None
    command: str | None = None
    reason: str | None = None
    remote: str | None = None
    status: int | None = None
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the order of writing, whatever the clock says."""

    number: int
    entry: Entry
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last row, as it is told outside the table."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


EMPTY: Final = Head(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is the number of the first row that is not as it was written; None: nothing was found."""

    last: Head
    broken: int | None = None
    problem: str = ""


def canonical(number: int, entry: Entry) -> bytes:
    """Raises ValueError for what JSON cannot say (NaN, infinity)."""
    said = {"number": number, **asdict(entry)}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def next_row(last: Head, entry: Entry) -> Row:
    number = last.number + 1
    return Row(number, entry, _hash(last.hash, number, entry))


def head_of(text: str) -> Head:
    """From "number:hash", as __str__ writes it. Raises ValueError."""
    number, _, digest = text.strip().partition(":")
    if not number.isdecimal() or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError(f"{text[:80]!r} is no head of the audit log: it looks like 17:9f2c… (64 hex digits)")
    return Head(int(number), digest)


def verify(rows: Iterable[Row], known: Iterable[Head]) -> Verdict:
    """Walks `rows`, in the order of their numbers; each of the `known` heads must be one of them."""
    last = EMPTY
    unseen = {head for head in known if head != EMPTY}
    for row in rows:
        if row.number != last.number + 1:
            return Verdict(last, last.number + 1, _gap(last.number + 1, row.number))
        if row.hash != _hash(last.hash, row.number, row.entry):
            return Verdict(last, row.number, "it was changed, or stands where another one stood")
        last = Head(row.number, row.hash)
        unseen.discard(last)
        if any(head.number == row.number for head in unseen):
            problem = "it is not the row whose hash was noted: the log up to here was written anew"
            return Verdict(last, row.number, problem)
    if unseen:
        newest = max(head.number for head in unseen)
        return Verdict(last, last.number + 1, f"it is gone, with all up to {newest}: the log was longer once")
    return Verdict(last)


def _gap(first: int, found: int) -> str:
    if found < first:
        return f"the number {found} comes again"
    return f"it is missing, with all up to {found - 1}" if found - 1 > first else "it is missing"


def _hash(before: str, number: int, entry: Entry) -> str:
    return hashlib.sha256(before.encode() + canonical(number, entry)).hexdigest()
