"""No single byte of an honest increment can be changed and still mean something else."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from preflight.increment import judge
from preflight.sample import sample
from preflight.syntax import parse_increment
from preflight.values import Name

GOOD = sample()
WHOLE = GOOD.before + GOOD.after
CONTENTS = b"<" + b"0" * (GOOD.room - 2) + b">"


def accepted(before: bytes, after: bytes) -> bool:
    try:
        judge(GOOD.original, before, GOOD.room, after)
    except DomainError:
        return False
    return True


def meaning(before: bytes, after: bytes) -> tuple[object, object]:
    """Return objects and trailer, without what is free: the claimed time, the second half of /ID, our field's number."""
    parsed = parse_increment(before + CONTENTS + after)
    objects = {ref: _fixed(value) for ref, value in parsed.objects.items()}
    trailer = {key: value for key, value in parsed.trailer.items() if key != "/ID"}
    return objects, trailer


def _fixed(value):
    if isinstance(value, dict) and value.get("/Type") == Name("/Sig"):
        return {key: part for key, part in value.items() if key != "/M"}
    if isinstance(value, dict) and "/T" in value:
        return {key: part for key, part in value.items() if key != "/T"}
    return value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_changed_byte_is_refused_or_changes_nothing(at, byte):
    changed = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    before, after = changed[: len(GOOD.before)], changed[len(GOOD.before) :]
    if accepted(before, after):
        assert meaning(before, after) == meaning(GOOD.before, GOOD.after)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(WHOLE)), st.binary(min_size=1, max_size=4))
def test_inserted_bytes_are_refused(at, added):
    changed = WHOLE[:at] + added + WHOLE[at:]
    cut = len(GOOD.before) + (len(added) if at <= len(GOOD.before) else 0)
    assert not accepted(changed[:cut], changed[cut:])


def test_the_sample_itself_is_accepted():
    assert accepted(GOOD.before, GOOD.after)
