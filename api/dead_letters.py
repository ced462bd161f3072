"""Messages, or parts of them, that ingest could not take, as rows. Only in one process with ingest.

The payload is shown as text: bytes that are not UTF-8 in hex, after a backslash and an x.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

TOPIC_CHARS: Final = 200
PAYLOAD_BYTES: Final = 1024


class DeadLetter(NamedTuple):
    """`t`: when it came, ms UTC. `reason` is one of the counters', `detail` a sentence."""

    id: int
    t: int
    topic: str
    reason: str
    detail: str
    payload: bytes


DeadLetters = Callable[[int | None, int], Sequence[DeadLetter]]
"""(after, limit): the newest first, of those older than the one with the id `after`."""


def dead_letter_row(letter: DeadLetter) -> dict[str, Any]:
    row = letter._asdict()
    text = letter.payload[:PAYLOAD_BYTES].decode(errors="backslashreplace")
    return row | {"topic": letter.topic[:TOPIC_CHARS], "payload": text}
