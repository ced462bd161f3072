from collections.abc import Callable

import pytest

from tests.control.bench import Bench, make_bench


@pytest.fixture
def bench() -> Bench:
    """One unit in an automatic zone, connected, with short minimum times already over."""
    made = make_bench(min_on_s=0, min_off_s=0)
    made.run(1)
    return made


@pytest.fixture
def make() -> Callable[..., Bench]:
    return make_bench
