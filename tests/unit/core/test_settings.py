"""Settings that would take a defence away are refused, each by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import BadSettings, load

CONFIG = Path("config/paraph.toml")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("multisign", [0, 1001, -1]),
        ("sad_minutes", [0, 16, -1]),
        ("honest_error_rate", [-0.1, 0.51, float("nan"), float("inf")]),
    ],
)
def test_bounds_of_the_sam(name, values):
    for value in values:
        with pytest.raises(BadSettings, match=rf"sam\.{name}"):
            load(CONFIG, {"sam": {name: value}})
    load(CONFIG)
