"""Whom the service asks for time-stamps and for the status of certificates: for `web`, and for documents renewed later.

The embedded default asks the zone `status` of this machine, at the paths under which the world knows it, and pins its own
root. Another authority's time-stamps are taken when the settings name it, pin it, and say whom to ask about its chain.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from cryptography.x509 import Certificate

from core import addresses
from core.clock import Clock
from core.config import BadSettings, Settings
from core.entropy import Entropy
from core.pinned_authorities import pinned, time_stamp_url
from core.time_stamp import TimeStampTrust
from signer.augmentation import Augmentation
from signer.outside import Outside
from signer.revocation import Revocation, StatusSource
from signer.tsa_client import TsaClient

ROOT: Final = "root.pem"  # pinned in the folder of `web`
ISSUING: Final = "issuing*.pem"  # one for each generation


def augmentation(settings: Settings, clock: Clock, entropy: Entropy) -> Augmentation:
    """Return what raises signatures to their levels.

    Raises:
        BadSettings: a pinned certificate is missing or none.
    """
    outside = Outside()
    root = _pinned(settings, ROOT)
    tsa = TsaClient(outside, *_authority(settings, root), clock, entropy)
    return Augmentation(tsa, Revocation(outside, partial(_sources, settings, root), clock), root)


def _authority(settings: Settings, root: Certificate) -> tuple[str, TimeStampTrust]:
    if settings.tsa.url:
        trust = TimeStampTrust((pinned(settings.tsa.root),), frozenset(settings.tsa.policies))
    else:
        trust = TimeStampTrust((root,), frozenset({settings.status.tsa_policy_oid}), _issuers(settings))
    return time_stamp_url(settings), trust


def _sources(settings: Settings, root: Certificate) -> tuple[StatusSource, ...]:
    zone = settings.status_url()
    return (
        *(StatusSource(issuer, ocsp_url=zone + addresses.OCSP) for issuer in _issuers(settings)),
        StatusSource(root, crl_url=zone + addresses.ROOT_CRL),
        *(StatusSource(pinned(each.issuer), each.ocsp, each.crl) for each in settings.tsa.status),
    )


def _issuers(settings: Settings) -> tuple[Certificate, ...]:
    """Return the pinned certificates of every generation of the issuing CA."""
    found = tuple(pinned(path) for path in sorted(settings.zone_dir("web").glob(ISSUING)))
    if not found:
        raise BadSettings(f"{settings.zone_dir('web') / ISSUING}: none")
    return found


def _pinned(settings: Settings, name: str) -> Certificate:
    return pinned(settings.zone_dir("web") / name)
