"""Certificate profiles as data: what each kind of certificate says, with the clause that wants it.

A change of policy is a change of this file. `ca.extensions` turns a profile into extensions, `ca.lint` checks the
result against rules of its own. Nothing here is asked of a caller (attack W4). `generation` is the issuing CA's, whose
list and certificate the certificate names.

Editions: EN 319 411-1 v1.5.1, 411-2 v2.6.1, 412-1 v1.7.1, 412-2 v2.5.1, 412-5 v2.6.1, TS 119 312 v2.1.1, TS 119 612
v2.4.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca.protocol import ServiceKind
from core import addresses
from core.algorithms import HashAlgorithm, KeyType
from core.config import Ca

Kind = Literal["root", "issuing", "signatory", "seal", "ocsp", "tsu", "list-signer"]
KeyUsage = Literal["digital_signature", "content_commitment", "key_cert_sign", "crl_sign"]

ANY_POLICY: Final = ObjectIdentifier("2.5.29.32.0")
NCP_PLUS: Final = ObjectIdentifier("0.4.0.2042.1.2")  # EN 319 411-1 §5.3
QCP_N_QSCD: Final = ObjectIdentifier("0.4.0.194112.1.2")  # EN 319 411-2 §5.3
QCP_L_QSCD: Final = ObjectIdentifier("0.4.0.194112.1.3")

SEMANTICS_NATURAL: Final = ObjectIdentifier("0.4.0.194121.1.1")  # EN 319 412-1 §5.1.3
SEMANTICS_LEGAL: Final = ObjectIdentifier("0.4.0.194121.1.2")  # EN 319 412-1 §5.1.4
TYPE_ESIGN: Final = ObjectIdentifier("0.4.0.1862.1.6.1")  # EN 319 412-5 §4.2.3
TYPE_ESEAL: Final = ObjectIdentifier("0.4.0.1862.1.6.2")
TSL_SIGNING: Final = ObjectIdentifier("0.4.0.2231.3.0")  # TS 119 612 §5.7.1
IDENTIFIED_REMOTELY: Final = ObjectIdentifier("0.4.0.1862.1.8.3")  # eIDAS Art. 24(1a)(c); EN 319 412-5 §4.2.5

_LEGAL_PERSON: Final = (  # CA, seal (EN 319 412-3 §4.2.1), TSU, responder: the provider and its parts are legal persons
    NameOID.COUNTRY_NAME,  # EN 319 412-2 GEN-4.2.3.1-2: where it is established
    NameOID.ORGANIZATION_NAME,  # full registered name
    NameOID.ORGANIZATION_IDENTIFIER,  # GEN-4.2.3.1-9: a registration number exists
    NameOID.COMMON_NAME,
)
_SIGNATORY_SUBJECT: Final = (
    NameOID.COUNTRY_NAME,  # NAT-4.2.4-1
    NameOID.SURNAME,  # NAT-4.2.4-11: known, therefore present
    NameOID.GIVEN_NAME,  # NAT-4.2.4-10
    NameOID.SERIAL_NUMBER,  # NAT-4.2.4-13: makes the subject unique at this CA
    NameOID.COMMON_NAME,  # NAT-4.2.4-1
)
_CA_KEYS: Final = frozenset({KeyType.RSA_4096, KeyType.EC_P384})  # TS 119 312
_END_KEYS: Final = frozenset({KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072})  # RSA ≥ 3000 bits from 2027 on

_CA_USES: Final[frozenset[KeyUsage]] = frozenset({"key_cert_sign", "crl_sign"})  # RFC 5280 §4.2.1.3
_COMMITMENT: Final[frozenset[KeyUsage]] = frozenset({"content_commitment"})  # type A: EN 319 412-2 §4.3.2
_SIGNATURE: Final[frozenset[KeyUsage]] = frozenset({"digital_signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QcClaims:
    """What the qcStatements extension says (EN 319 412-5)."""

    semantics: ObjectIdentifier  # pkixQCSyntax-v2: how to read the subject's serialNumber
    qualified: bool  # QcCompliance, §4.2.1
    in_qscd: bool  # QcSSCD, §4.2.2
    disclosure: tuple[tuple[str, str], ...]  # QcPDS, §4.3.4: (https URL, language), English among them
    purpose: ObjectIdentifier  # QcType, §4.2.3: exactly one
    identified_by: ObjectIdentifier | None  # QcIdentMethod, §4.2.5: only when true


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of certificate."""

    kind: Kind
    name: str  # as the issuance record says it
    subject: tuple[ObjectIdentifier, ...]  # attributes in their order, one for each RDN
    validity: timedelta  # both ends included: notAfter is one second less (RFC 5280 §4.1.2.5)
    keys: frozenset[KeyType]
    rsa_hash: HashAlgorithm  # with which an RSA issuer signs it; an EC issuer's curve fixes the hash
    path_length: int | None  # of a CA
    policies: tuple[ObjectIdentifier, ...]
    practice_url: str | None  # CPS qualifier of the first policy, https
    crl_url: str | None
    issuer_url: str | None  # caIssuers, DER
    ocsp_url: str | None
    qc: QcClaims | None
    key_usage: frozenset[KeyUsage]  # critical
    purpose: ObjectIdentifier | None = None  # the one extended key usage
    purpose_critical: bool = False
    key_life: timedelta | None = None  # privateKeyUsagePeriod, from notBefore: shorter than the certificate's own
    never_checked: bool = False  # id-pkix-ocsp-nocheck
    says_end_entity: bool = False  # basicConstraints with CA FALSE, where a standard wants it said

    @property
    def is_ca(self) -> bool:
        """Whether certificates of this profile sign certificates."""
        return "key_cert_sign" in self.key_usage


def root(settings: Ca) -> Profile:
    """Return the profile of the root CA."""
    return Profile(
        kind="root",
        name="root",
        subject=_LEGAL_PERSON,
        validity=timedelta(days=7300),
        keys=_CA_KEYS & {KeyType(settings.key)},
        rsa_hash=HashAlgorithm.SHA512,
        path_length=None,
        policies=(),  # a trust anchor limits nothing
        practice_url=None,
        crl_url=None,  # nobody revokes a root by its own list
        issuer_url=None,
        ocsp_url=None,
        qc=None,
        key_usage=_CA_USES,
    )


def issuing(settings: Ca) -> Profile:
    """Return the profile of the CA that issues to signatories."""
    return Profile(
        kind="issuing",
        name="issuing",
        subject=_LEGAL_PERSON,
        validity=timedelta(days=5479),  # fifteen years: a file may be looked at ten years after it was signed
        keys=_CA_KEYS & {KeyType(settings.key)},
        rsa_hash=HashAlgorithm.SHA512,
        path_length=0,  # RFC 5280 §4.2.1.9: end entities only
        policies=(ANY_POLICY,),  # RFC 5280 §4.2.1.4
        practice_url=None,
        crl_url=settings.public_url + addresses.ROOT_CRL,
        issuer_url=settings.public_url + addresses.ROOT_CERTIFICATE,
        ocsp_url=None,  # the root has no responder
        qc=None,
        key_usage=_CA_USES,
    )


def signatory(settings: Ca, generation: int = addresses.FIRST) -> Profile:
    """Return the profile of a natural person's certificate, with the marking that the settings choose."""
    return _committing(settings, generation, "signatory", _SIGNATORY_SUBJECT, QCP_N_QSCD, _claims(settings))


def seal(settings: Ca, generation: int = addresses.FIRST) -> Profile:
    """Return the profile of a legal person's certificate for seals. Source: EN 319 412-3."""
    claims = replace(_claims(settings), semantics=SEMANTICS_LEGAL, purpose=TYPE_ESEAL)
    return _committing(settings, generation, "seal", _LEGAL_PERSON, QCP_L_QSCD, claims)


def ocsp(settings: Ca, generation: int = addresses.FIRST) -> Profile:
    """Return the profile of the OCSP responder's certificate. Source: RFC 6960 §4.2.2.2; EN 319 411-1 §6.6.3."""
    return Profile(
        kind="ocsp",
        name="ocsp",
        subject=_LEGAL_PERSON,
        validity=timedelta(days=30),  # short, since nobody asks for its status
        keys=_END_KEYS,
        rsa_hash=HashAlgorithm.SHA256,
        path_length=None,
        policies=(),
        practice_url=None,
        crl_url=None,  # EN 319 412-2 GEN-4.3.11-1A
        issuer_url=settings.public_url + addresses.issuing_certificate(generation),
        ocsp_url=None,  # EN 319 411-1 CSS-6.6.3-01B: it does not answer for itself
        qc=None,
        key_usage=_SIGNATURE,
        purpose=ExtendedKeyUsageOID.OCSP_SIGNING,
        never_checked=True,  # RFC 6960 §4.2.2.2.1
    )


def tsu(settings: Ca, generation: int = addresses.FIRST) -> Profile:
    """Return the profile of a time-stamping unit's certificate. Source: EN 319 421 §8.1, EN 319 422 §6; RFC 3161 §2.3."""
    return Profile(
        kind="tsu",
        name="tsu",
        subject=_LEGAL_PERSON,
        validity=timedelta(
            days=2557
        ),  # seven years: each time-stamp is verified for six, so that one renewal gives ten
        keys=_END_KEYS,
        rsa_hash=HashAlgorithm.SHA256,
        path_length=None,
        policies=(NCP_PLUS,),  # EN 319 421 TIS-8.1-01
        practice_url=settings.documents_url + addresses.PRACTICE_STATEMENT,
        crl_url=settings.public_url + addresses.issuing_crl(generation),
        issuer_url=settings.public_url + addresses.issuing_certificate(generation),
        ocsp_url=settings.public_url + addresses.OCSP,
        qc=None,
        key_usage=_SIGNATURE,
        purpose=ExtendedKeyUsageOID.TIME_STAMPING,
        purpose_critical=True,  # RFC 3161 §2.3
        key_life=timedelta(days=365),  # EN 319 422 §6.4: used for a year
    )


def list_signer(settings: Ca, generation: int = addresses.FIRST) -> Profile:
    """Return the profile of the certificate that signs the test scheme's trusted list. Source: TS 119 612 §5.7.1."""
    return Profile(
        kind="list-signer",
        name="list-signer",
        subject=_LEGAL_PERSON,  # C and O among them: the scheme's territory and operator
        validity=timedelta(days=1096),
        keys=_END_KEYS,
        rsa_hash=HashAlgorithm.SHA256,
        path_length=None,
        policies=(),
        practice_url=None,
        crl_url=settings.public_url + addresses.issuing_crl(generation),
        issuer_url=settings.public_url + addresses.issuing_certificate(generation),
        ocsp_url=settings.public_url + addresses.OCSP,
        qc=None,
        key_usage=_COMMITMENT,  # digitalSignature, nonRepudiation or both; a list is content that its operator stands by
        purpose=TSL_SIGNING,
        says_end_entity=True,
    )


def of_service(settings: Ca, kind: ServiceKind, generation: int) -> Profile:
    """Return the profile of a part of the service itself."""
    profiles = {"ocsp": ocsp, "tsu": tsu, "list-signer": list_signer}
    return profiles[kind](settings, generation)


def _committing(
    settings: Ca,
    generation: int,
    kind: Kind,
    subject: tuple[ObjectIdentifier, ...],
    qualified: ObjectIdentifier,
    claims: QcClaims,
) -> Profile:
    """Return the profile of a person's certificate: natural or legal, for content that person stands by."""
    return Profile(
        kind=kind,
        name=f"{kind}-{settings.marking}",
        subject=subject,
        validity=timedelta(days=settings.validity_days),
        keys=_END_KEYS,
        rsa_hash=HashAlgorithm.SHA256,
        path_length=None,
        # Own policy always beside ETSI's: it is what a private test list binds to.
        policies=(qualified if claims.qualified else NCP_PLUS, ObjectIdentifier(settings.policy_oid)),
        practice_url=settings.documents_url + addresses.PRACTICE_STATEMENT,
        crl_url=settings.public_url + addresses.issuing_crl(generation),  # EN 319 412-2 GEN-4.3.11: http
        issuer_url=settings.public_url + addresses.issuing_certificate(generation),  # GEN-4.4.1-2
        ocsp_url=settings.public_url + addresses.OCSP,  # GEN-4.4.1-4
        qc=claims,
        key_usage=_COMMITMENT,
    )


def _claims(settings: Ca) -> QcClaims:
    # SoftHSM is no QSCD and this is no qualified provider. "honest": nothing is claimed that a trusted list would have
    # to back; a purpose may be stated all the same (EN 319 412-5 §4.2.3). "full": a simulated claim, for exercising
    # relying parties, worth nothing outside a private test list.
    full = settings.marking == "full"
    return QcClaims(
        semantics=SEMANTICS_NATURAL,
        qualified=full,
        in_qscd=full,
        disclosure=_disclosure(settings),
        purpose=TYPE_ESIGN,
        identified_by=IDENTIFIED_REMOTELY if full else None,
    )


def _disclosure(settings: Ca) -> tuple[tuple[str, str], ...]:
    return tuple(
        (settings.documents_url + addresses.DISCLOSURE_STATEMENT.format(language), language)
        for language in ("en", "ro")
    )
