"""What tests of the whole system share."""

import pytest

from tests.support.instance import make_instance


@pytest.fixture(scope="session")
def instance():
    """A running instance with every zone, one for each test process; tests leave it as healthy as they found it."""
    made = make_instance()
    yield made
    made.remove()
