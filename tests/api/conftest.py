import pytest

from tests.api.parts import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)
