"""What every stream scanner must survive. Each check takes a Case; a test applies all CHECKS to all cases.

Frames are compared by content, and every byte must be accounted for: input == frames + rejects + pending.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from gateway.frames import MAX_RUN, Frame, Reject, Scanner

FLIPS = (0x01, 0x80, 0xFF)


@dataclass(frozen=True)
class Case:
    """Intact frames of one protocol. `header` is how they start, `longest` the largest candidate in bytes."""

    name: str
    scanner: Callable[[], Scanner]
    frame: bytes
    neighbour: bytes
    header: bytes
    longest: int
    checksum_00: bytes  # the checksum (its last byte where it has two) is 00
    checksum_ff: bytes
    header_inside: bytes  # the payload contains `header`


def run(scanner: Scanner, *chunks: bytes, end: bool = False) -> list[Frame | Reject]:
    """Feeds the chunks, checking after each that no byte was lost, doubled, changed or put out of order."""
    found: list[Frame | Reject] = []
    given = b""
    for chunk in chunks:
        found += scanner.feed(chunk)
        given += chunk
        _check_account(found, given, scanner.pending)
    if end:
        found += scanner.finish()
        assert scanner.pending == 0
        _check_account(found, given, 0)
    return found


def _check_account(found: list[Frame | Reject], given: bytes, pending: int) -> None:
    out = b"".join(part.data for part in found)
    assert len(given) == len(out) + pending
    assert given.startswith(out)
    for part in found:
        if isinstance(part, Frame):
            assert given[part.start : part.start + len(part.data)] == part.data


def frames(found: list[Frame | Reject]) -> list[bytes]:
    return [part.data for part in found if isinstance(part, Frame)]


def whole(case: Case) -> None:
    for frame in (case.frame, case.neighbour):
        assert frames(run(case.scanner(), frame)) == [frame]


def cut_at_every_position(case: Case) -> None:
    for cut in range(1, len(case.frame)):
        scanner = case.scanner()
        assert run(scanner, case.frame[:cut]) == []  # nothing comes out early
        assert frames(scanner.feed(case.frame[cut:])) == [case.frame]


def byte_by_byte(case: Case) -> None:
    found = run(case.scanner(), *(bytes([b]) for b in case.frame + case.neighbour))
    assert frames(found) == [case.frame, case.neighbour]


def two_in_one_chunk(case: Case) -> None:
    assert frames(run(case.scanner(), case.frame + case.neighbour)) == [case.frame, case.neighbour]


def noise_then_frame(case: Case) -> None:
    found = run(case.scanner(), b"\x00\x11\x22" + case.frame)
    assert found == [Reject("header", b"\x00\x11\x22"), Frame(case.frame, 3)]


def noise_ending_in_header_bytes_then_frame(case: Case) -> None:
    for size in range(1, len(case.header) + 1):
        found = run(case.scanner(), b"\x00" + case.header[:size] + case.frame, end=True)
        assert frames(found) == [case.frame], size


def corrupt_frame_then_good_one(case: Case) -> None:
    for corrupt in _corruptions(case.frame):
        found = run(case.scanner(), corrupt + case.neighbour, end=True)
        assert frames(found) == [case.neighbour], corrupt.hex(" ")


def good_frame_then_corrupt_one(case: Case) -> None:
    for corrupt in _corruptions(case.neighbour):
        found = run(case.scanner(), case.frame + corrupt, end=True)
        assert frames(found) == [case.frame], corrupt.hex(" ")


def _corruptions(frame: bytes) -> list[bytes]:
    """A bit flipped, a byte inserted, a byte lost, the tail cut off, at every position."""
    places = range(len(frame))
    return [
        *(frame[:i] + bytes([frame[i] ^ flip]) + frame[i + 1 :] for i in places for flip in FLIPS),
        *(frame[:i] + b"\x55" + frame[i:] for i in places if i > 0),
        *(frame[:i] + frame[i + 1 :] for i in places if _changes_without(frame, i)),
        *(frame[:i] for i in places if i > 0),
    ]


def _changes_without(frame: bytes, i: int) -> bool:
    """Losing the first byte of a frame that starts with two equal ones is no corruption, say."""
    return frame not in frame[:i] + frame[i + 1 :]


def checksum_of_00_and_ff(case: Case) -> None:
    assert case.checksum_00[-1] == 0x00
    assert case.checksum_ff[-1] == 0xFF
    for frame in (case.checksum_00, case.checksum_ff):
        assert frames(run(case.scanner(), frame + case.frame)) == [frame, case.frame]


def payload_containing_the_header(case: Case) -> None:
    frame = case.header_inside
    assert case.header in frame[1:]
    assert frames(run(case.scanner(), frame + case.frame)) == [frame, case.frame]
    # Entered in the middle, the header inside must not swallow the frame behind.
    inside = frame.index(case.header, 1)
    assert frames(run(case.scanner(), frame[inside:] + case.frame, end=True)) == [case.frame]


def long_noise_then_ten_frames(case: Case) -> None:
    dice = random.Random(20)
    noises = {
        "random": dice.randbytes(64 * 1024),
        "headers": (case.header * 65536)[: 64 * 1024],
        "first byte": case.header[:1] * (64 * 1024),
    }
    for name, noise in noises.items():
        scanner = case.scanner()
        for i in range(0, len(noise), 1000):
            scanner.feed(noise[i : i + 1000])
            assert scanner.pending < MAX_RUN + case.longest, name
        ten = [case.frame, case.neighbour] * 5
        found = frames([*scanner.feed(b"".join(ten)), *scanner.finish()])
        assert found[-9:] == ten[1:], name


def any_chunking_gives_the_same(case: Case) -> None:
    """Frames, rejects, their reasons and their order do not depend on how the input is cut."""
    dice = random.Random(7)
    stream = b"".join(
        dice.choice([case.frame, case.neighbour, *_corruptions(case.frame), dice.randbytes(300)])
        for _ in range(60)
    )
    expected = run(case.scanner(), stream, end=True)
    assert run(case.scanner(), *(bytes([b]) for b in stream), end=True) == expected
    for _ in range(5):
        cuts = sorted(dice.sample(range(len(stream)), 40))
        chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert run(case.scanner(), *chunks, end=True) == expected


def unfinished_frame_is_searched_for_good_ones(case: Case) -> None:
    """Silence after a start that promised more bytes: a frame among them is still found."""
    for start in range(1, len(case.header) + 1):
        found = run(case.scanner(), case.header[:start] + case.frame, end=True)
        assert frames(found) == [case.frame]
    cut = case.frame[:-1]
    assert run(case.scanner(), cut, end=True) == [Reject("incomplete", cut)]


CHECKS: list[Callable[[Case], None]] = [
    whole,
    cut_at_every_position,
    byte_by_byte,
    two_in_one_chunk,
    noise_then_frame,
    noise_ending_in_header_bytes_then_frame,
    corrupt_frame_then_good_one,
    good_frame_then_corrupt_one,
    checksum_of_00_and_ff,
    payload_containing_the_header,
    long_noise_then_ten_frames,
    any_chunking_gives_the_same,
    unfinished_frame_is_searched_for_good_ones,
]
