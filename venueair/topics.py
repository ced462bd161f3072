"""Topic <-> (venue, device, kind): `venueair/v1/{venue}/{device}/{kind}`; a venue's own leave the device out.

Identity comes from the topic, never from the payload: the broker's access list vouches for it.
"""

import re
from dataclasses import dataclass
from typing import Final

ROOT: Final = "venueair/v1"
ID_PATTERN: Final = "[a-z0-9][a-z0-9_-]{0,63}"
_ID: Final = re.compile(ID_PATTERN)

DEVICE_KINDS: Final = frozenset({"data", "status", "committed", "set", "lease", "ack", "state"})
VENUE_KINDS: Final = frozenset({"alarm", "alarm_seen", "open", "live"})


class TopicError(ValueError):
    """Not a topic of ours; the message says which part is wrong."""


@dataclass(frozen=True, slots=True)
class Topic:
    venue: str
    device: str | None
    kind: str


def is_id(text: str) -> bool:
    """Ids of venues, halls, zones and devices: `[a-z0-9][a-z0-9_-]{0,63}`."""
    return _ID.fullmatch(text) is not None


def device_topic(venue: str, device: str, kind: str) -> str:
    for text in (venue, device):
        if not is_id(text):
            raise TopicError(f"{text!r} is not an id (small letters, digits, - and _, at most 64)")
    if kind not in DEVICE_KINDS:
        raise TopicError(f"a device has no topic {kind!r}")
    return f"{ROOT}/{venue}/{device}/{kind}"


def venue_topic(venue: str, kind: str) -> str:
    if not is_id(venue):
        raise TopicError(f"{venue!r} is not an id (small letters, digits, - and _, at most 64)")
    if kind not in VENUE_KINDS:
        raise TopicError(f"a venue has no topic {kind!r}")
    return f"{ROOT}/{venue}/{kind}"


def any_device(venue: str, kind: str) -> str:
    """Subscription filter for one kind of topic of all devices of a venue."""
    if kind not in DEVICE_KINDS:
        raise TopicError(f"a device has no topic {kind!r}")
    return f"{ROOT}/{venue}/+/{kind}"


def parse(topic: str) -> Topic:
    parts = topic.split("/")
    if parts[:2] != ROOT.split("/") or len(parts) not in (4, 5):
        raise TopicError(f"{topic!r} is not below {ROOT}/")
    if not all(is_id(part) for part in parts[2:]):
        raise TopicError(f"{topic!r} has a part that is not an id")
    if len(parts) == 5 and parts[4] in DEVICE_KINDS:
        return Topic(parts[2], parts[3], parts[4])
    if len(parts) == 4 and parts[3] in VENUE_KINDS:
        return Topic(parts[2], None, parts[3])
    raise TopicError(f"{topic!r} ends in an unknown kind")
