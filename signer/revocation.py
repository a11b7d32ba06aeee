"""The status of certificates, asked of who is configured to know, judged by a library, and kept while it may be.

1. Whom to ask follows from the issuer, by a table in the settings; an address in a certificate is never asked, and a
   certificate of an issuer that is not in the table has no status here (attack Y7).
2. Nothing is believed before pyhanko-certvalidator finds the chain valid with exactly what was gathered, revocation
   demanded for every certificate but the pinned one.
3. What was gathered is kept: a signatory's status as long as one authorization lives, since it must be about the time of
   the signature; that of the service's own parts until shortly before it is over. So signing waits for it once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, RevokedError, ValidationError

from core.clock import Clock
from core.errors import DomainError, Unavailable
from signer.outside import Outside
from signer.validation_data import ValidationData, der_of

SIGNATORY_KEPT_FOR: Final = timedelta(minutes=5)
_PART_KEPT_FOR: Final = timedelta(hours=12)
_BEFORE_THE_END: Final = timedelta(minutes=2)  # so long before nextUpdate data is gathered anew
_LONGEST_OCSP: Final = 20_000  # bytes
_LONGEST_CRL: Final = 10_000_000
_MOST_KEPT: Final = 10_000

Chain = tuple[x509.Certificate, ...]  # a certificate first, then who issued it, the pinned one last


class StatusUnavailable(Unavailable):
    """The status of a certificate cannot be learned or believed."""


class CertificateRevoked(DomainError):
    """A certificate in a signature's chain is revoked."""


@dataclass(frozen=True, slots=True)
class StatusSource:
    """Where the status of one issuer's certificates is asked; exactly one of the two addresses is there."""

    issuer: x509.Certificate
    ocsp_url: str = ""
    crl_url: str = ""


@dataclass(frozen=True, slots=True)
class _Status:
    data: ValidationData
    over: datetime  # nextUpdate


@dataclass(frozen=True, slots=True)
class _Kept:
    data: ValidationData
    until: datetime


class Revocation:
    """Gathers what chains are validated with. One object serves all threads of a process."""

    def __init__(self, outside: Outside, sources: Callable[[], tuple[StatusSource, ...]], clock: Clock) -> None:
        """`sources` is asked again when a certificate is of an issuer that was not among them: one may be new."""
        self._outside = outside
        self._read_sources = sources
        self._sources = _by_issuer(sources())
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[bytes, _Kept] = {}

    def of_signatory(self, chain: Chain) -> ValidationData:
        """Return what the chain of a signatory's certificate is validated with.

        Raises:
            CertificateRevoked: a certificate in it is revoked.
            StatusUnavailable, OutsideFailed: the status of one cannot be learned.
        """
        return self._of(chain, SIGNATORY_KEPT_FOR)

    def of_part(self, chain: Chain) -> ValidationData:
        """Return what the chain of one of the service's own parts is validated with, a time-stamping unit's say.

        Raises:
            StatusUnavailable, OutsideFailed: the status of a certificate in it cannot be learned, or it is revoked.
        """
        try:
            return self._of(chain, _PART_KEPT_FOR)
        except CertificateRevoked as error:
            raise StatusUnavailable(error.detail) from error

    def _of(self, chain: Chain, kept_for: timedelta) -> ValidationData:
        name, now = der_of(chain[0]), self._clock.now()
        found = self._found(name, now)
        if found is None:
            with self._lock:  # whoever comes second finds what the first one gathered
                found = self._found(name, now) or self._gather(chain, kept_for, now)
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[name] = found
        return found.data

    def _found(self, name: bytes, now: datetime) -> _Kept | None:
        kept = self._kept.get(name)
        return None if kept is None or now >= kept.until else kept

    def _gather(self, chain: Chain, kept_for: timedelta, now: datetime) -> _Kept:
        statuses = [self._status(certificate, issuer) for certificate, issuer in pairwise(chain)]
        data = ValidationData(tuple(der_of(each) for each in chain))
        for status in statuses:
            data |= status.data
        _check(chain, data, now)
        ends = (status.over - _BEFORE_THE_END for status in statuses)
        return _Kept(data, min(now + kept_for, *ends))

    def _status(self, certificate: x509.Certificate, issuer: x509.Certificate) -> _Status:
        source = self._source(issuer)
        if source is None:
            raise StatusUnavailable(f"nobody is asked about certificates of {issuer.subject.rfc4514_string()}")
        try:
            return self._by_ocsp(source, certificate) if source.ocsp_url else self._by_crl(source)
        except (ValueError, TypeError) as error:
            raise StatusUnavailable(f"{type(error).__name__}: {error}"[:300]) from error

    def _source(self, issuer: x509.Certificate) -> StatusSource | None:
        if der_of(issuer) not in self._sources:
            self._sources = _by_issuer(self._read_sources())
        return self._sources.get(der_of(issuer))

    def _by_ocsp(self, source: StatusSource, certificate: x509.Certificate) -> _Status:
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, source.issuer, hashes.SHA256())
        answer = self._outside.post(
            source.ocsp_url,
            builder.build().public_bytes(Encoding.DER),
            media_type="application/ocsp-request",
            answer_type="application/ocsp-response",
            limit=_LONGEST_OCSP,
        )
        response = ocsp.load_der_ocsp_response(answer)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL or response.next_update_utc is None:
            raise StatusUnavailable(f"{source.ocsp_url}: {response.response_status.name}")
        return _Status(ValidationData(ocsps=(answer,)), response.next_update_utc)

    def _by_crl(self, source: StatusSource) -> _Status:
        answer = self._outside.get(source.crl_url, limit=_LONGEST_CRL)
        crl = x509.load_der_x509_crl(answer)
        if crl.next_update_utc is None:
            raise StatusUnavailable(f"{source.crl_url}: a list without an end")
        return _Status(ValidationData(crls=(answer,)), crl.next_update_utc)


def _by_issuer(sources: tuple[StatusSource, ...]) -> dict[bytes, StatusSource]:
    return {der_of(source.issuer): source for source in sources}


def _check(chain: Chain, data: ValidationData, now: datetime) -> None:
    """Have the library validate the chain with what was gathered, and nothing else."""
    leaf, *others, anchor = (asn1_x509.Certificate.load(der_of(each)) for each in chain)
    try:
        context = ValidationContext(
            trust_roots=[anchor],
            other_certs=[asn1_x509.Certificate.load(each) for each in data.certificates],
            ocsps=[asn1_ocsp.OCSPResponse.load(each) for each in data.ocsps],
            crls=[asn1_crl.CertificateList.load(each) for each in data.crls],
            moment=now,
            allow_fetching=False,
            revocation_mode="require",
            weak_hash_algos={"md5", "sha1"},
        )
        validator = CertificateValidator(leaf, intermediate_certs=others, validation_context=context)
        asyncio.run(validator.async_validate_path())
    except RevokedError as error:
        raise CertificateRevoked(str(error)[:300]) from error
    except (PathError, ValidationError, ValueError, TypeError, KeyError) as error:
        raise StatusUnavailable(f"{type(error).__name__}: {error}"[:300]) from error
