"""Cells of a file -> numbers and times, as SQL of DuckDB. Pure."""

from ingest.history.units import SAME, Scale


def time(text: str) -> str:
    """ms since 1970 UTC of the text; NULL where it is no time. Without an offset it is local to TimeZone."""
    number = f"TRY_CAST({text} AS DOUBLE)"
    return (
        f"CASE WHEN {number} IS NULL THEN epoch_ms(TRY_CAST({text} AS TIMESTAMPTZ))"
        f" WHEN {number} >= 1e9 AND {number} < 1e11 THEN CAST(round({number} * 1000) AS BIGINT)"
        f" WHEN {number} >= 1e12 AND {number} < 1e14 THEN CAST(round({number}) AS BIGINT) END"
    )


def number(cell: str, scale: Scale = SAME) -> str:
    """The double nearest to the text; NULL where the cell is empty or no number. May be NaN or infinite."""
    # DuckDB takes 1_000 for a number; nobody who writes measurements does.
    is_odd = f"typeof({cell}) = 'VARCHAR' AND contains(CAST({cell} AS VARCHAR), '_')"
    found = f"CASE WHEN NOT ({is_odd}) THEN TRY_CAST({cell} AS DOUBLE) END"
    if scale == SAME:
        return found  # adding 0 would turn -0 into 0
    return f"({found} + {_double(scale.add)}) * {_double(scale.times)} / {_double(scale.per)}"


def _double(value: float) -> str:
    return f"CAST('{value!r}' AS DOUBLE)"
