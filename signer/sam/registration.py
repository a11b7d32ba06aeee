"""Registering portals: whom the SAM takes requests from, and with which key each signs them."""

from __future__ import annotations

from signer.sam.parts import Parts
from signer.sam.protocol import RegisterPortal


class Registration:
    """Registers portals."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, asked: RegisterPortal) -> None:
        """Register a portal, or replace its record.

        Raises:
            Malformed: the request key or the SMS name cannot be used.
        """
        now = self._parts.clock.now()
        with self._parts.database.transaction() as connection:
            portal = self._parts.portals.register(connection, asked)
            self._parts.evidence.append(
                connection, "portal registered", now, client=portal.client, version=portal.version
            )
