"""`venueair import` that kills itself: `python -m … METHOD NUMBER before|after ARGUMENTS…`.

METHOD of the store or of the journal; it dies before or after the call with that NUMBER, from 1 on.
"""

import os
import signal
import sys

from ingest.history import run
from ingest.journal import Journal
from venueair.cli import app
from venueair.store.duckdb_store import DuckDbStore

PIECE = 2000


def die_at(method: str, number: int, when: str) -> None:
    owner = DuckDbStore if hasattr(DuckDbStore, method) else Journal
    real, calls = getattr(owner, method), 0

    def watched(*arguments):
        nonlocal calls
        calls += 1
        if calls == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, method, watched)


if __name__ == "__main__":
    method, number, when, *arguments = sys.argv[1:]
    run.READINGS = PIECE
    die_at(method, int(number), when)
    app(["import", *arguments])
