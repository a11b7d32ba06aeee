"""The root of every failure the portal expects. `detail` is for the log; pages have words of their own."""

from __future__ import annotations


class PortalError(Exception):
    """An expected failure."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class NotConnected(PortalError):
    """The portal was not yet registered with the signing service, or its files for it are not there."""
