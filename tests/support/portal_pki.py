"""A root, an issuing authority and signatories, and PAdES signatures by them: what a signing service would send back.

The signatures are made by pyHanko, which the portal's own checks of CMS and byte ranges do not use.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """A key with its certificate."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey  # a unit's is RSA: pyHanko's time-stamper knows no other
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
        self.unit = self._issue(self._named("TEST unit"), self.issuing, ca=False, stamps=True)

    def signatory(self, given: str, surname: str, *, until: datetime | None = None, usage: bool = True) -> Holder:
        subject = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "RO"),
            x509.NameAttribute(NameOID.GIVEN_NAME, given),
            x509.NameAttribute(NameOID.SURNAME, surname),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{given} {surname}"),
        ]
        return self._issue(x509.Name(subject), self.issuing, ca=False, until=until, usage=usage)

    def stamping_for(self, purpose) -> Holder:
        """Return a unit whose certificate is for another purpose."""
        return self._issue(self._named("TEST other unit"), self.issuing, ca=False, stamps=True, purpose=purpose)

    def _make(self, name: str, issuer: Holder | None, *, ca: bool) -> Holder:
        return self._issue(self._named(name), issuer, ca=ca)

    def _named(self, name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def _issue(
        self,
        subject,
        issuer,
        *,
        ca: bool,
        until: datetime | None = None,
        usage: bool = True,
        stamps: bool = False,
        purpose=ExtendedKeyUsageOID.TIME_STAMPING,
    ) -> Holder:
        key = rsa.generate_private_key(65537, 2048) if stamps else ec.generate_private_key(ec.SECP256R1())
        signing_key, issuer_name = (key, subject) if issuer is None else (issuer.key, issuer.certificate.subject)
        key_usage = dict.fromkeys(
            (
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
                    **key_usage,
                    digital_signature=stamps,
                    content_commitment=not ca and usage and not stamps,
                    key_cert_sign=ca,
                    crl_sign=ca or not usage,
                ),
                critical=True,
            )
        )
        if issuer is not None:  # where the status would be asked: the library looks for none that is not announced
            builder = builder.add_extension(_lists() if ca else _responder(), critical=False)
        if stamps:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        return Holder(key, builder.sign(signing_key, hashes.SHA256()))

    def sign(self, content: bytes, holder: Holder, *, at: datetime | None = None, level="AdES-B-B", **options) -> bytes:
        """Return a document with one more signature of a level; `options` go to `PdfSignatureMetadata`."""
        box, room = options.pop("box", None), options.pop("room", None)
        append = options.pop("append", lambda writer: None)
        field = options.pop("field", None) or f"Sig-{len(content)}"
        writer = quiet_writer(content)
        append(writer)
        subfilter = options.pop("subfilter", SigSeedSubFilter.PADES)
        metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=subfilter, **options)
        spec = SigFieldSpec(field, on_page=0, box=box)
        timestamper = None if level == "AdES-B-B" else self.stamper()
        signer = PdfSigner(metadata, signer=self.signer(holder), new_field_spec=spec, timestamper=timestamper)
        out = BytesIO()
        asyncio.run(signer.async_sign_pdf(writer, output=out, bytes_reserved=room))
        signed = out.getvalue()
        if level in {"AdES-B-LT", "AdES-B-LTA"}:
            signed = self.with_store(signed, [holder, self.unit])
        return self.with_time_stamp(signed) if level == "AdES-B-LTA" else signed

    def stamper(self, unit: Holder | None = None) -> DummyTimeStamper:
        """Return pyHanko's time-stamper with the unit's key."""
        unit = unit or self.unit
        store = SimpleCertificateStore()
        store.register(_asn1(self.issuing))
        return DummyTimeStamper(_asn1(unit), _private(unit), certs_to_embed=store)

    def with_store(self, signed: bytes, holders: list[Holder], *, crl: bool = True, **status) -> bytes:
        """Return a document with a security store that has an OCSP answer about each holder."""
        writer = quiet_writer(signed)
        ocsps = [asn1_ocsp.OCSPResponse.load(self.ocsp(each, **status)) for each in holders]
        crls = [asn1_crl.CertificateList.load(self.crl())] if crl else []
        DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[_asn1(self.root)], ocsps=ocsps, crls=crls)
        return written(writer)

    def with_time_stamp(self, signed: bytes) -> bytes:
        """Return a document with a document time-stamp."""
        out = BytesIO()
        stamping = PdfTimeStamper(self.stamper(), field_name=f"Time-{len(signed)}", invis_settings=InvisSigSettings())
        asyncio.run(stamping.async_timestamp_pdf(quiet_writer(signed), "sha256", None, output=out))
        return out.getvalue()

    def ocsp(self, holder: Holder, *, revoked: bool = False, at: datetime | None = None) -> bytes:
        """Return the issuing authority's own answer about a certificate of its."""
        now = at or datetime.now(UTC).replace(microsecond=0)
        builder = ocsp.OCSPResponseBuilder().add_response(
            holder.certificate,
            self.issuing.certificate,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            now - timedelta(minutes=1),
            now + timedelta(hours=1),
            now - timedelta(minutes=2) if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, self.issuing.certificate)
        return builder.sign(self.issuing.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def crl(self) -> bytes:
        """Return the root's list, which is empty."""
        now = datetime.now(UTC).replace(microsecond=0)
        builder = x509.CertificateRevocationListBuilder(self.root.certificate.subject)
        builder = builder.last_update(now - timedelta(hours=1)).next_update(now + _DAY)
        return builder.sign(self.root.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def signer(self, holder: Holder) -> SimpleSigner:
        """Return pyHanko's signer with a holder's key."""
        store = SimpleCertificateStore()
        store.register(_asn1(self.issuing))
        return SimpleSigner(_asn1(holder), _private(holder), store)


def quiet_writer(content: bytes) -> IncrementalPdfFileWriter:
    """Return pyHanko's writer, which leaves the document's information as it is, as a good service does."""
    writer = IncrementalPdfFileWriter(BytesIO(content), strict=False)
    writer._update_meta = lambda: None
    return writer


def written(writer: IncrementalPdfFileWriter) -> bytes:
    """Return what a writer makes of a file."""
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _responder() -> x509.AuthorityInformationAccess:
    place = x509.UniformResourceIdentifier("http://pki.example.com/ocsp")
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])


def _lists() -> x509.CRLDistributionPoints:
    place = x509.UniformResourceIdentifier("http://pki.example.com/root.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])


def _private(holder: Holder) -> asn1_keys.PrivateKeyInfo:
    return asn1_keys.PrivateKeyInfo.load(holder.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _asn1(holder: Holder) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(holder.der)
