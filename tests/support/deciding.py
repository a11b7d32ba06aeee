"""Two administrators of a development installation who decide."""

from __future__ import annotations

import json
import time

from apps.admin_credentials import CodeMaker, development_file
from ca.acts import AnyAct
from ca.admin_protocol import Approve, Propose, SignIn
from ca.control import Control
from core.clock import SystemClock
from core.config import Settings

PEOPLE = ("elena", "mihai")


def decide(settings: Settings, control: Control, act: AnyAct) -> str:
    """Have Elena propose an act and Mihai approve it, in this process; return the proposal."""
    first, second = (control.sign_in(sign_in_of(settings, name)).session for name in PEOPLE)
    found = control.propose(Propose(first, act)).proposal
    control.approve(Approve(second, found.proposal, found.digest))
    return found.proposal


def sign_in_of(settings: Settings, name: str) -> SignIn:
    """Return what signs one of them in; it waits for the next code where the present one was used."""
    path = development_file(settings, name)
    kept = json.loads(path.read_bytes())
    codes = CodeMaker(path.with_suffix(".step"), SystemClock(), time.sleep)
    return SignIn(name, kept["password"], codes.next_code(kept["totp_secret"]))
