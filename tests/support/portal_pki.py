"""A root, an issuing authority and signatories, and PAdES signatures by them: what a signing service would send back.

The signatures are made by pyHanko, which the portal's own checks of CMS and byte ranges do not use.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """A key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


class PortalPki:
    """One root, one issuing authority below it, and signatories as they are asked for."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)
        self.root = self._make("TEST root", None, ca=True)
        self.issuing = self._make("TEST issuing", self.root, ca=True)

    def signatory(self, given: str, surname: str, *, until: datetime | None = None, usage: bool = True) -> Holder:
        subject = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "RO"),
            x509.NameAttribute(NameOID.GIVEN_NAME, given),
            x509.NameAttribute(NameOID.SURNAME, surname),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{given} {surname}"),
        ]
        return self._issue(x509.Name(subject), self.issuing, ca=False, until=until, usage=usage)

    def _make(self, name: str, issuer: Holder | None, *, ca: bool) -> Holder:
        return self._issue(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), issuer, ca=ca)

    def _issue(self, subject, issuer, *, ca: bool, until: datetime | None = None, usage: bool = True) -> Holder:
        key = ec.generate_private_key(ec.SECP256R1())
        signing_key, issuer_name = (key, subject) if issuer is None else (issuer.key, issuer.certificate.subject)
        key_usage = dict.fromkeys(
            (
                "digital_signature",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - _DAY)
            .not_valid_after(until or self.now + 90 * _DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    **key_usage, content_commitment=not ca and usage, key_cert_sign=ca, crl_sign=ca or not usage
                ),
                critical=True,
            )
        )
        return Holder(key, builder.sign(signing_key, hashes.SHA256()))

    def sign(self, content: bytes, holder: Holder, *, at: datetime | None = None, **options) -> bytes:
        """Return a document with one more signature of level B-B; `options` go to `PdfSignatureMetadata`."""
        box = options.pop("box", None)
        append = options.pop("append", lambda writer: None)
        field = options.pop("field", None) or f"Sig-{len(content)}"
        writer = IncrementalPdfFileWriter(BytesIO(content), strict=False)
        writer._update_meta = lambda: None  # as a good service does: the document's information stays as it is
        append(writer)
        subfilter = options.pop("subfilter", SigSeedSubFilter.PADES)
        metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=subfilter, **options)
        spec = SigFieldSpec(field, on_page=0, box=box)
        signer = PdfSigner(metadata, signer=self.signer(holder), new_field_spec=spec)
        out = BytesIO()
        asyncio.run(signer.async_sign_pdf(writer, output=out))
        return out.getvalue()

    def signer(self, holder: Holder) -> SimpleSigner:
        """Return pyHanko's signer with a holder's key."""
        store = SimpleCertificateStore()
        store.register(_asn1(self.issuing))
        der = holder.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return SimpleSigner(_asn1(holder), asn1_keys.PrivateKeyInfo.load(der), store)


def _asn1(holder: Holder) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(holder.der)
