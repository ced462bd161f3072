"""How many readings an InfluxDB holds of some sources."""

from collections import Counter
from collections.abc import Callable, Iterable

from venueair.store import flux, flux_answer
from venueair.store.flux_answer import Table
from venueair.store.line_protocol import READINGS
from venueair.topics import is_id


def count(ask: Callable[[str], list[Table]], bucket: str, sources: Iterable[str]) -> tuple[int, int]:
    """(rows, distinct (series, t)); they differ where a reading is stored at two places of a moved source.

    The value of a reading that was replaced by a missing one stays on the server, and is counted.
    """
    named = sorted({source for source in sources if is_id(source)})
    rows = distinct = 0
    for start in range(0, len(named), flux.MAX_NAMED):
        some = named[start : start + flux.MAX_NAMED]
        found = flux_answer.counts(ask(flux.counts(bucket, READINGS, some)))
        places = Counter((source, quantity) for source, quantity, _ in found)
        moved = {source for (source, _), n in places.items() if n > 1}
        rows += sum(n for _, _, n in found)
        distinct += sum(n for source, _, n in found if source not in moved)
        for source in sorted(moved):
            distinct += sum(flux_answer.distinct_counts(ask(flux.distinct_counts(bucket, READINGS, source))))
    return rows, distinct
