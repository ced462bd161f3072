"""Finds frames in a stream of bytes: feed(chunk) -> frames and rejects, whatever the chunks are.

One scanner serves every protocol; a Layout says where its frames start, how long they are and when they are
intact. After a failure one byte is dropped, never the whole candidate: a good frame may begin inside a bad
one. The result does not depend on how the input is cut. Rejected bytes wait for the end of their run (a
frame, MAX_RUN bytes, or silence), so that a stretch of garbage is one Reject.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MAX_RUN: Final = 256  # bytes; longer garbage is reported in pieces of this size


@dataclass(frozen=True, slots=True)
class Frame:
    """`start` is the offset of the first byte in everything that was ever fed."""

    data: bytes
    start: int


@dataclass(frozen=True, slots=True)
class Reject:
    """reason "header": no frame starts here; "length": one does, of a size the model does not send;
    "checksum", "incomplete": as they say. Decoders add their own, such as "all_zero"."""

    reason: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """What a protocol's frames look like.

    `length` gets what there is from a possible start on, at most `max_length` bytes and at least one. It
    gives the frame's length in bytes, None when it takes more bytes to know, or a reason to reject the start.
    """

    max_length: int
    length: Callable[[bytes], int | str | None]
    is_intact: Callable[[bytes], bool]


class Scanner:
    """Holds at most MAX_RUN + Layout.max_length bytes between calls."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._buffer = bytearray()
        self._offset = 0  # of the buffer's first byte
        self._run = bytearray()  # rejected, not yet handed out
        self._reason = ""
        self._suspect_until = 0  # end of the failed candidate that the run's bytes belong to

    @property
    def pending(self) -> int:
        """Bytes that are neither in a Frame nor in a Reject yet."""
        return len(self._run) + len(self._buffer)

    @property
    def pending_start(self) -> int:
        """Offset of the oldest byte that can still be a frame's first."""
        return self._offset

    def feed(self, chunk: bytes) -> list[Frame | Reject]:
        self._buffer += chunk
        return self._scan(at_end=False)

    def finish(self) -> list[Frame | Reject]:
        """End of input or silence: what is unfinished is rejected, and its bytes searched for frames."""
        found = self._scan(at_end=True)
        self._end_run(found)
        return found

    def _scan(self, *, at_end: bool) -> list[Frame | Reject]:
        found: list[Frame | Reject] = []
        layout, buffer, start = self._layout, self._buffer, 0
        while start < len(buffer):
            head = bytes(buffer[start : start + layout.max_length])
            length = layout.length(head)
            if isinstance(length, str):
                self._reject(found, head[0], self._offset + start, length, 1)
                start += 1
            elif length is None or length > len(head):
                if not at_end:
                    break
                self._reject(found, head[0], self._offset + start, "incomplete", len(head))
                start += 1
            elif layout.is_intact(head[:length]):
                self._end_run(found)
                found.append(Frame(head[:length], self._offset + start))
                start += length
            else:
                self._reject(found, head[0], self._offset + start, "checksum", length)
                start += 1
        del buffer[:start]
        self._offset += start
        return found

    def _reject(
        self, found: list[Frame | Reject], byte: int, offset: int, reason: str, candidate: int
    ) -> None:
        """A failed candidate starts a run of its own; what is found inside it, or is mere noise, joins."""
        if not self._run or (reason != "header" and offset >= self._suspect_until):
            self._end_run(found)
            self._reason = reason
            self._suspect_until = offset + candidate
        self._run.append(byte)
        if len(self._run) == MAX_RUN:
            self._end_run(found)

    def _end_run(self, found: list[Frame | Reject]) -> None:
        if self._run:
            found.append(Reject(self._reason, bytes(self._run)))
            self._run.clear()
