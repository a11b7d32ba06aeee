"""Certificate revocation lists: built, read, and what comes onto the next one. Source: RFC 5280 §5; EN 319 411-1 §6.3.9.

An entry that was once on a list stays on it: the next list begins with the entries of the last one, whose signature is
checked first, so that no row of a table takes a revocation back (attack D9). Only a suspension leaves it, or becomes a
revocation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from ca import extensions
from ca.draft import HASHES, Issuer
from ca.signing import SignatureUnusable
from ca.statuses import HOLD, Change
from core.algorithms import HashAlgorithm
from core.errors import Unavailable
from hsm.ports import SigningKey
from hsm.x509_keys import x509_key

LIFE: Final = timedelta(hours=48)  # until nextUpdate
RENEWED_AFTER: Final = timedelta(hours=12)  # at least every 24 h (CSS-6.3.9-05)
ROOT_LIFE: Final = timedelta(days=365)  # of an ARL (CSS-6.3.9-12)


class RecordBehindPublication(Unavailable):
    """The database knows less than what was published: it is an old copy. Nothing is issued until that is settled."""


class PublishedCrlBroken(Unavailable):
    """The list on record or in public is none, or not signed by this authority."""


def build(
    issuer: Issuer,
    key: SigningKey,
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
    entries: Sequence[x509.RevokedCertificate] = (),
    rsa_hash: HashAlgorithm = HashAlgorithm.SHA256,
) -> x509.CertificateRevocationList:
    """Return a complete, signed CRL, its signature checked.

    Raises:
        SignatureUnusable: the key is not the issuer's, or its signature is faulty.
        HsmUnavailable: the token does not answer.
    """
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=issuer.name,
        last_update=this_update,
        next_update=next_update,
        revoked_certificates=list(entries),  # given at once: adding them one by one copies the list each time
    )
    for extension in extensions.of_crl(issuer.public_key, number, issuer.not_before):
        builder = builder.add_extension(extension.value, extension.critical)
    crl = builder.sign(x509_key(key), HASHES[issuer.hash(rsa_hash)])
    if not crl.is_signature_valid(issuer.public_key):
        raise SignatureUnusable("CRL")
    return crl


def read(der: bytes, issuer: Issuer) -> x509.CertificateRevocationList:
    """Return the CRL of this issuer in `der`, its signature checked.

    Raises:
        PublishedCrlBroken: it is none.
    """
    try:
        crl = x509.load_der_x509_crl(der)
        if crl.issuer != issuer.name or not crl.is_signature_valid(issuer.public_key):
            raise PublishedCrlBroken("not signed by this authority")
    except (ValueError, TypeError) as error:
        raise PublishedCrlBroken(str(error)) from error
    return crl


def number_of(crl: x509.CertificateRevocationList) -> int:
    """Return the CRL number."""
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def entry(change: Change) -> x509.RevokedCertificate:
    """Return the entry of a certificate that is revoked or suspended. Source: RFC 5280 §5.3."""
    found: list[x509.Extension[x509.ExtensionType]] = []
    if change.reason != "unspecified":  # left out instead (RFC 5280 §5.3.1)
        reason = x509.CRLReason(x509.ReasonFlags(change.reason))
        found.append(x509.Extension(x509.CRLReason.oid, critical=False, value=reason))
    if change.invalid_since is not None:
        since = x509.InvalidityDate(change.invalid_since)
        found.append(x509.Extension(x509.InvalidityDate.oid, critical=False, value=since))
    # Nothing but its public builder makes one; handed all at once, since each step would copy what is there.
    return x509.RevokedCertificateBuilder(int(change.serial, 16), change.at.replace(tzinfo=None), found).build()


def merged(last: Iterable[x509.RevokedCertificate], changes: Iterable[Change]) -> list[x509.RevokedCertificate]:
    """Return the entries of the list after `last`, with what has changed since."""
    newest = {int(change.serial, 16): change for change in changes}
    kept = []
    for each in last:
        change = newest.get(each.serial_number)
        if change is not None and is_hold(each):
            continue
        newest.pop(each.serial_number, None)  # revoked, which is final, whatever a later change says
        kept.append(each)
    return kept + [entry(change) for change in newest.values() if change.status != "good"]


def is_hold(each: x509.RevokedCertificate) -> bool:
    """Return whether an entry is a suspension, which alone may leave the list."""
    return reason_of(each) == HOLD


def reason_of(each: x509.RevokedCertificate) -> str:
    """Return the reason of an entry, as RFC 5280 §5.3.1 spells it."""
    try:
        return str(each.extensions.get_extension_for_class(x509.CRLReason).value.reason.value)
    except x509.ExtensionNotFound:
        return "unspecified"


def invalid_since(each: x509.RevokedCertificate) -> datetime | None:
    """Return the invalidity date of an entry; None when it has none."""
    try:
        return each.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return None
