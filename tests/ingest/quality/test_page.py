from pathlib import Path

from ingest.quality.page import page
from ingest.quality.start_values import MEMORY_MS, START, memory_ms
from venueair.block import Why
from venueair.quantities import QUANTITIES

ONE_QUANTITY = {Why.FLAT_LINE, Why.BELOW_OUTDOOR}  # how far back these go depends on it
PAGE = Path(__file__).parents[3] / "docs" / "quality.md"


def test_the_page_is_the_one_generated_from_the_start_values():
    assert PAGE.read_text() == page()


def test_every_reason_is_on_the_page():
    assert [why.name for why in Why if f"`{why.name}`" not in page()] == []


def test_every_measured_quantity_is_tested_for_more_than_its_range_or_said_not_to_be():
    untested = {name for name, q in QUANTITIES.items() if name not in START and not q.derived}
    assert untested == {"radon", "fire", "n2_5", "n4", "n5", "n10"}


def test_memory_covers_every_test():
    assert memory_ms("co2") == MEMORY_MS[Why.BELOW_OUTDOOR] == 4.5 * 3_600_000
    assert memory_ms("temperature") == max(MEMORY_MS.values()) == 9 * 3_600_000
    assert all(
        memory_ms(name) >= MEMORY_MS[why] for name in START for why in MEMORY_MS if why not in ONE_QUANTITY
    )
