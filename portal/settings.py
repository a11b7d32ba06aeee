"""The portal's settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portal.verification.levels import Level

RETURN_PATH = "/authorization/return"


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """What the portal needs to know. Origins have no slash at their end."""

    service_url: str  # the signing service; also its issuer name (RFC 9207)
    public_origin: str
    city: str
    state_dir: Path
    max_file_bytes: int
    max_files: int
    help_phone: str
    level: Level = Level.LT  # of the signatures that are asked for: a filing outlives a certificate of three months

    @property
    def directory(self) -> Path:
        """The portal's own folder: databases, keys and files that nobody else reads."""
        return self.state_dir / "portal"

    @property
    def redirect_uri(self) -> str:
        """Where the service sends the browser back to; registered there, letter by letter."""
        return self.public_origin + RETURN_PATH
