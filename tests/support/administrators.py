"""An administrator of a running development installation, signed in as the command signs in."""

from __future__ import annotations

import time

from apps.admin_credentials import CodeMaker, development_file, read
from ca.admin_protocol import ByAdmin, SignedInUntil
from ca.client import CaAdmin, CaControl
from ca.protocol import CA_ADMIN
from channel.client import Channel
from core.clock import SystemClock
from core.config import Settings


class SignedIn:
    """Holds the authority in an administrator's name, whose session is begun anew before it ends."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._path = development_file(settings, name)
        self._channel = Channel(CA_ADMIN, settings.socket("ca-admin"))
        self._begun: SignedInUntil | None = None

    @property
    def authority(self) -> CaAdmin:
        return CaAdmin(self._channel, ByAdmin(self.session()))

    @property
    def control(self) -> CaControl:
        return CaControl(self._channel)

    def session(self) -> str:
        """Return a session that lasts for a minute at least."""
        left = 0.0 if self._begun is None else (self._begun.until - SystemClock().now()).total_seconds()
        if self._begun is None or left < 60:
            kept = read(self._path)
            code = CodeMaker(self._path.with_suffix(".step"), SystemClock(), time.sleep).next_code(kept.totp_secret)
            self._begun = self.control.sign_in(kept.name, kept.password, code)
        return self._begun.session
