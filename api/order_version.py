"""Which order of a person a purifier is under, as an ETag: it changes when somebody orders or releases.

What automatic control does in between changes nothing: an operator's order is about the orders of others.
"""

from typing import Final

from api.control_port import PurifierView
from api.etag import Version, etag_of

_OF_PEOPLE: Final = frozenset({"safety", "maintenance", "interlock", "local", "stopped"})


def order_version(view: PurifierView) -> Version:
    """With who gave the order that stands and when; nobody where none stands."""
    order = view.override
    slot = view.slot if view.slot in _OF_PEOPLE else None
    if order is None:
        return Version(etag_of(view.id, slot))
    said = (order.by, order.reason, order.until, order.since)
    return Version(etag_of(view.id, slot, *said), order.by, order.since)
