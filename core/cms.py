"""CMS SignedData for a PAdES or CAdES baseline signature or a time-stamp token, from pre-encoded DER parts.

Of one signer's CMS only a few values change from one signature to the next: the message digest, the signature, and
content that is carried inside. All else is encoded once for a chain and an algorithm; filling in the rest takes a few
microseconds.

What the rules of baseline signatures (B-B) and of time-stamp tokens demand, and this module gives:

- one SignerInfo (version 1, issuer and serial number), certificates of the chain; content of type id-data, detached,
  or of another type, carried inside;
- the signed attributes are content-type, message-digest and signing-certificate-v2; signing-time is there for CAdES
  alone: the claimed time of a PAdES signature is /M of the signature dictionary, that of a token is its genTime;
- every SET OF is in DER order, because what is hashed is the DER encoding.

Source: EN 319 142-1 §6.3; EN 319 122-1 §6.3; RFC 3161 §2.4.2; RFC 5652 §5; RFC 5035 §3; RFC 4056 and RFC 5754 for the algorithm
identifiers. No PDF library is imported here: the SAM uses this module, and the time-stamping authority.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto.x509 import Certificate
from cryptography.hazmat import asn1

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.der import NULL, OCTET_STRING, SEQUENCE, SET, oid, tlv
from core.errors import Malformed, MalformedDigest

_EXPLICIT_0: Final = b"\xa0"  # [0]: content, certificates, signedAttrs; also the hash in PSS parameters
_EXPLICIT_1: Final = b"\xa1"
_EXPLICIT_2: Final = b"\xa2"
_DIRECTORY_NAME: Final = b"\xa4"  # GeneralName [4]
_VERSION_1: Final = b"\x02\x01\x01"
_VERSION_3: Final = b"\x02\x01\x03"  # of SignedData whose content is not id-data (RFC 5652 §5.1)

DATA: Final = "1.2.840.113549.1.7.1"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_ID_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
_ID_CONTENT_TYPE: Final = bytes.fromhex("06092a864886f70d010903")
_ID_MESSAGE_DIGEST: Final = bytes.fromhex("06092a864886f70d010904")
_ID_SIGNING_TIME: Final = bytes.fromhex("06092a864886f70d010905")
_ID_SIGNING_CERTIFICATE_V2: Final = bytes.fromhex("060b2a864886f70d010910022f")
_ID_MGF1: Final = bytes.fromhex("06092a864886f70d010108")


def _digest_identifier(algorithm: HashAlgorithm) -> bytes:
    return tlv(SEQUENCE, oid(algorithm.oid), NULL)


def signature_identifier(algorithm: SignatureAlgorithm) -> bytes:
    """Return the AlgorithmIdentifier: no parameters for ECDSA, NULL for PKCS#1 v1.5, all of them for PSS."""
    if algorithm is SignatureAlgorithm.RSA_PSS_SHA256:
        return tlv(SEQUENCE, oid(algorithm.oid), _pss_parameters(algorithm.hash))
    parameters = b"" if algorithm.name.startswith("ECDSA") else NULL
    return tlv(SEQUENCE, oid(algorithm.oid), parameters)


def _pss_parameters(algorithm: HashAlgorithm) -> bytes:
    """Return RSASSA-PSS-params: this hash, MGF1 with the same, a salt as long as the digest (RFC 4055 §3.1)."""
    digest = _digest_identifier(algorithm)
    return tlv(
        SEQUENCE,
        tlv(_EXPLICIT_0, digest),
        tlv(_EXPLICIT_1, tlv(SEQUENCE, _ID_MGF1, digest)),
        tlv(_EXPLICIT_2, b"\x02\x01", algorithm.size.to_bytes(1, "big")),
    )


def _attribute(kind: bytes, value: bytes) -> bytes:
    return tlv(SEQUENCE, kind, tlv(SET, value))


def _signing_certificate(certificate: bytes, issuer: bytes, serial: bytes) -> bytes:
    """Return the signing-certificate-v2 attribute; SHA-256 is its default and so left out (RFC 5035 §3)."""
    issuer_serial = tlv(SEQUENCE, tlv(SEQUENCE, tlv(_DIRECTORY_NAME, issuer)), serial)
    identifier = tlv(SEQUENCE, tlv(OCTET_STRING, hashlib.sha256(certificate).digest()), issuer_serial)
    return _attribute(_ID_SIGNING_CERTIFICATE_V2, tlv(SEQUENCE, tlv(SEQUENCE, identifier)))


@dataclass(frozen=True, slots=True)
class CmsTemplate:
    """The CMS of one signer's chain and algorithm, but for message digest, content and signature. Made by `of()`."""

    algorithm: SignatureAlgorithm
    _fixed_attributes: tuple[bytes, ...]  # those signed attributes that are the same each time
    _signed_data_head: bytes  # version, digest algorithms
    _content_type: bytes
    _certificates: bytes
    _signer_info_head: bytes  # version, issuer and serial number, digest algorithm
    _signature_identifier: bytes

    @classmethod
    def of(
        cls, chain: list[bytes], algorithm: SignatureAlgorithm, content_type: str = DATA, *, embed: bool = True
    ) -> CmsTemplate:
        """Return the template for certificates in DER, the signer's first, all of which are embedded if `embed`.

        Raises:
            Malformed: the chain is empty or its first element is no certificate.
        """
        if not chain:
            raise Malformed("no certificate")
        issuer, serial = _issuer_and_serial(chain[0])
        digest = _digest_identifier(algorithm.hash)
        kind = oid(content_type)
        return cls(
            algorithm,
            (_attribute(_ID_CONTENT_TYPE, kind), _signing_certificate(chain[0], issuer, serial)),
            (_VERSION_1 if content_type == DATA else _VERSION_3) + tlv(SET, digest),
            kind,
            tlv(_EXPLICIT_0, *sorted(set(chain))) if embed else b"",
            _VERSION_1 + tlv(SEQUENCE, issuer, serial) + digest,
            signature_identifier(algorithm),
        )

    def signed_attributes(self, message_digest: bytes, signing_time: datetime | None = None) -> bytes:
        """Return the signed attributes as the DER SET whose digest the key signs (RFC 5652 §5.4).

        Raises:
            MalformedDigest: the digest has not the length of the algorithm's hash.
        """
        return tlv(SET, self._attributes(message_digest, signing_time))

    def assemble(
        self,
        message_digest: bytes,
        signature: bytes,
        content: bytes | None = None,
        signing_time: datetime | None = None,
    ) -> bytes:
        """Return the ContentInfo, DER, with this signature: ECDSA as DER `ECDSA-Sig-Value`, RSA as a raw block.

        `content` is carried inside; without it the signature is detached.

        Raises:
            MalformedDigest: the digest has not the length of the algorithm's hash.
        """
        signer_info = tlv(
            SEQUENCE,
            self._signer_info_head,
            tlv(_EXPLICIT_0, self._attributes(message_digest, signing_time)),
            self._signature_identifier,
            tlv(OCTET_STRING, signature),
        )
        carried = b"" if content is None else tlv(_EXPLICIT_0, tlv(OCTET_STRING, content))
        encapsulated = tlv(SEQUENCE, self._content_type, carried)
        signed_data = tlv(SEQUENCE, self._signed_data_head, encapsulated, self._certificates, tlv(SET, signer_info))
        return tlv(SEQUENCE, _ID_SIGNED_DATA, tlv(_EXPLICIT_0, signed_data))

    def size(self, signature_length: int) -> int:
        """Return how many bytes the ContentInfo has with a signature of this many bytes."""
        return len(self.assemble(bytes(self.algorithm.hash.size), bytes(signature_length)))

    def _attributes(self, message_digest: bytes, signing_time: datetime | None) -> bytes:
        if len(message_digest) != self.algorithm.hash.size:
            raise MalformedDigest(f"{len(message_digest)} bytes for {self.algorithm.hash.name}")
        attributes = [*self._fixed_attributes, _attribute(_ID_MESSAGE_DIGEST, tlv(OCTET_STRING, message_digest))]
        if signing_time is not None:
            attributes.append(_attribute(_ID_SIGNING_TIME, _time(signing_time)))
        return b"".join(sorted(attributes))


def _time(instant: datetime) -> bytes:
    """Return a Time, to the second: UTCTime until 2049, GeneralizedTime after (RFC 5652 §11.3)."""
    second = instant.replace(microsecond=0)
    return asn1.encode_der(asn1.UTCTime(second) if second.year < 2050 else asn1.GeneralizedTime(second))


def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Return issuer and serial number exactly as the certificate has them, DER with tag."""
    try:
        to_be_signed = Certificate.load(certificate, strict=True)["tbs_certificate"]
        return to_be_signed["issuer"].dump(), to_be_signed["serial_number"].dump()
    except (ValueError, TypeError) as error:
        raise Malformed("not a certificate") from error
