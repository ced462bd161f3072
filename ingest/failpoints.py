"""Places where a test can have the process killed, as a crash would.

VENUEAIR_FAILPOINT=committed:3 is SIGKILL at the third pass of `committed`.
"""

import os
import signal
from typing import Final

PLACES: Final = ("received", "validated", "committed", "before_ack", "after_ack")
_wanted, _, _nth = os.environ.get("VENUEAIR_FAILPOINT", "").partition(":")
_passes = dict.fromkeys(PLACES, 0)


def passed(place: str) -> None:
    if place == _wanted:
        _passes[place] += 1
        if _passes[place] >= int(_nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
