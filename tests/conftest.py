import pytest

# Test modules import it before pytest reads their `pytest_plugins`: its asserts are to be explained too.
pytest.register_assert_rewrite("tests.integration.influxdb")
