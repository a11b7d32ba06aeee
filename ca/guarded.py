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

    `check` refuses, when it is proposed, what could not be carried out. `carry_out` is called as soon as the act is
    approved, and again when somebody asks for it because it could not be done then: it redeems the act in a transaction
    of its own, does it, and finishes. Without one, the act waits, approved, for who carries it out another way.
    """

    check: Callable[[Connection, Any], None]
    carry_out: Callable[[Approved], None] | None = None
