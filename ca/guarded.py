"""An operation that takes two people: what it refuses beforehand, and how it is carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ca.dual_control import Approved


@dataclass(frozen=True, slots=True)
class Guarded:
    """One operation, for one kind of act.

    `check` refuses, when it is proposed, what could not be carried out. `carry_out` does it in the transaction of the
    approval, and returns what came of it; without one, the act waits, approved, for who carries it out.
    """

    check: Callable[[Connection, Any], None]
    carry_out: Callable[[Connection, Approved], str] | None = None
