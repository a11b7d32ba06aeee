"""Certificate profiles as data: what each kind of certificate says, with the clause that wants it.

A change of policy is a change of this file. `ca.extensions` turns a profile into extensions, `ca.lint` checks the
result against rules of its own. Nothing here is asked of a caller (attack W4).

Editions: EN 319 411-1 v1.5.1, 411-2 v2.6.1, 412-1 v1.7.1, 412-2 v2.5.1, 412-5 v2.6.1, TS 119 312 v2.1.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import NameOID

from ca import addresses
from core.algorithms import HashAlgorithm, KeyType
from core.config import Ca

Kind = Literal["root", "issuing", "signatory"]

ANY_POLICY: Final = ObjectIdentifier("2.5.29.32.0")
NCP_PLUS: Final = ObjectIdentifier("0.4.0.2042.1.2")  # EN 319 411-1 §5.3
QCP_N_QSCD: Final = ObjectIdentifier("0.4.0.194112.1.2")  # EN 319 411-2 §5.3

SEMANTICS_NATURAL: Final = ObjectIdentifier("0.4.0.194121.1.1")  # EN 319 412-1 §5.1.3
TYPE_ESIGN: Final = ObjectIdentifier("0.4.0.1862.1.6.1")  # EN 319 412-5 §4.2.3
IDENTIFIED_REMOTELY: Final = ObjectIdentifier("0.4.0.1862.1.8.3")  # eIDAS Art. 24(1a)(c); EN 319 412-5 §4.2.5

_CA_SUBJECT: Final = (
    NameOID.COUNTRY_NAME,  # EN 319 412-2 GEN-4.2.3.1-2: where the provider is established
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
_SIGNATORY_KEYS: Final = frozenset({KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072})  # RSA ≥ 3000 bits from 2027 on


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

    @property
    def is_ca(self) -> bool:
        """Whether certificates of this profile sign certificates."""
        return self.kind != "signatory"


def root(settings: Ca) -> Profile:
    """Return the profile of the root CA."""
    return Profile(
        kind="root",
        name="root",
        subject=_CA_SUBJECT,
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
    )


def issuing(settings: Ca) -> Profile:
    """Return the profile of the CA that issues to signatories."""
    return Profile(
        kind="issuing",
        name="issuing",
        subject=_CA_SUBJECT,
        validity=timedelta(days=3650),
        keys=_CA_KEYS & {KeyType(settings.key)},
        rsa_hash=HashAlgorithm.SHA512,
        path_length=0,  # RFC 5280 §4.2.1.9: end entities only
        policies=(ANY_POLICY,),  # RFC 5280 §4.2.1.4
        practice_url=None,
        crl_url=settings.public_url + addresses.ROOT_CRL,
        issuer_url=settings.public_url + addresses.ROOT_CERTIFICATE,
        ocsp_url=None,  # the root has no responder
        qc=None,
    )


def signatory(settings: Ca) -> Profile:
    """Return the profile of a natural person's certificate, with the marking that the settings choose."""
    full = settings.marking == "full"
    return Profile(
        kind="signatory",
        name=f"signatory-{settings.marking}",
        subject=_SIGNATORY_SUBJECT,
        validity=timedelta(days=settings.validity_days),
        keys=_SIGNATORY_KEYS,
        rsa_hash=HashAlgorithm.SHA256,
        path_length=None,
        # Own policy always beside ETSI's: it is what a private test list binds to.
        policies=(QCP_N_QSCD if full else NCP_PLUS, ObjectIdentifier(settings.policy_oid)),
        practice_url=settings.documents_url + addresses.PRACTICE_STATEMENT,
        crl_url=settings.public_url + addresses.ISSUING_CRL,  # EN 319 412-2 GEN-4.3.11: http
        issuer_url=settings.public_url + addresses.ISSUING_CERTIFICATE,  # GEN-4.4.1-2
        ocsp_url=settings.public_url + addresses.OCSP,  # GEN-4.4.1-4
        qc=_full_claims(settings) if full else _honest_claims(settings),
    )


def _honest_claims(settings: Ca) -> QcClaims:
    # SoftHSM is no QSCD and this is no qualified provider: nothing is claimed that a trusted list would have to back.
    # A purpose may be stated in a certificate that is not qualified (EN 319 412-5 §4.2.3).
    return QcClaims(
        semantics=SEMANTICS_NATURAL,
        qualified=False,
        in_qscd=False,
        disclosure=_disclosure(settings),
        purpose=TYPE_ESIGN,
        identified_by=None,
    )


def _full_claims(settings: Ca) -> QcClaims:
    # A simulated claim, for exercising relying parties. It is worth nothing outside a private test list.
    return QcClaims(
        semantics=SEMANTICS_NATURAL,
        qualified=True,
        in_qscd=True,
        disclosure=_disclosure(settings),
        purpose=TYPE_ESIGN,
        identified_by=IDENTIFIED_REMOTELY,
    )


def _disclosure(settings: Ca) -> tuple[tuple[str, str], ...]:
    return tuple(
        (settings.documents_url + addresses.DISCLOSURE_STATEMENT.format(language), language)
        for language in ("en", "ro")
    )
