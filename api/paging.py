"""Keyset paging: a page goes on after the last row that was seen, whatever came or went meanwhile.

A cursor is `kind-number` or `kind-number-id`, opaque to those who pass it on. Its pattern stands in the
OpenAPI document: what is none is refused like any other wrong parameter, and all that fits can be looked up.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

Row = TypeVar("Row")
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Those of one kind of list, whose rows have a key (number, id); without ids the id is empty.

    Numbers have at most 15 digits: ms UTC until the year 33658.
    """

    kind: str
    has_id: bool = False

    @property
    def pattern(self) -> str:
        return rf"^{self.kind}-[0-9]{{1,15}}{r'-[!-~]{1,300}' if self.has_id else ''}$"

    def of(self, key: Key) -> str:
        number, id_ = key
        return f"{self.kind}-{number}-{id_}" if self.has_id else f"{self.kind}-{number}"

    def key(self, cursor: str | None) -> Key | None:
        """None without a cursor. Raises ValueError for what does not fit the pattern."""
        if cursor is None:
            return None
        if re.fullmatch(self.pattern, cursor) is None:
            raise ValueError(f"{cursor[:80]!r} is no cursor of {self.kind}")
        number, _, id_ = cursor.removeprefix(f"{self.kind}-").partition("-")
        return int(number), id_

    def page(self, found: Sequence[Row], limit: int, key: Callable[[Row], Key]) -> "Page[Row]":
        """`found` is one row more than `limit` when there is a next page."""
        rows = list(found[:limit])
        return Page(rows, self.of(key(rows[-1])) if len(found) > limit else None)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`following` is the cursor of the next page; None on the last."""

    rows: list[Row]
    following: str | None


def link(path: str, asked: Mapping[str, Any], following: str | None) -> dict[str, str]:
    """The Link header (RFC 8288) to the next page; what was not asked for (None) is left out."""
    if following is None:
        return {}
    query = {name: value for name, value in asked.items() if value is not None}
    return {"Link": f'<{path}?{urlencode(query | {"after": following})}>; rel="next"'}
