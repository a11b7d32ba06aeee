"""Whose time-stamps the service believes, as settings and pinned files say: its own authority's, and another's if one is asked."""

from __future__ import annotations

from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificate

from core import addresses
from core.config import BadSettings, Settings
from core.time_stamp import TimeStampTrust


def time_stamp_url(settings: Settings) -> str:
    """Return where time-stamps are asked for."""
    return settings.tsa.url or settings.status_url() + addresses.TIME_STAMP


def time_stamp_trust(settings: Settings, root: Certificate) -> TimeStampTrust:
    """Return whose time-stamps are believed on something that is kept for years: whoever may have been asked meanwhile.

    Raises:
        BadSettings: the other authority's certificate is missing or none.
    """
    own = frozenset({settings.status.tsa_policy_oid})
    if not settings.tsa.url:
        return TimeStampTrust((root,), own)
    return TimeStampTrust((root, pinned(settings.tsa.root)), own | frozenset(settings.tsa.policies))


def pinned(path: Path) -> Certificate:
    """Return a pinned certificate (PEM).

    Raises:
        BadSettings: it is missing, or none.
    """
    try:
        return load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadSettings(f"{path}: {error}") from error
