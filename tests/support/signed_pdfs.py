"""Signing whole files with a software key, and asking others what they think of them."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import keys, x509
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from core.algorithms import KeyType, SignatureAlgorithm
from core.cms import CmsTemplate
from preflight.check import check_document
from preflight.increment import judge
from signer.pades.embed import embed
from signer.pades.options import Appearance, SignatureOptions
from signer.pades.prepare import PreparedIncrement, prepare
from tests.support.signatory import SoftwareSignatory, software_signatory

NOW = datetime.now(UTC).replace(microsecond=0)


def increment_of(original: bytes, appearance: Appearance | None = None) -> PreparedIncrement:
    """Check, prepare, judge: what happens to a document before the key is used."""
    report = check_document(original)
    prepared = prepare(original, SignatureOptions(NOW, appearance=appearance), strict=report.strict)
    judge(original, prepared.before, prepared.room, prepared.after)
    return prepared


def signed(
    original: bytes,
    appearance: Appearance | None = None,
    key_type: KeyType = KeyType.EC_P256,
    algorithm: SignatureAlgorithm = SignatureAlgorithm.ECDSA_SHA256,
) -> bytes:
    """Return the document signed as the service signs it, with a software key in the token's place."""
    return completed(original, increment_of(original, appearance), software_signatory(key_type), algorithm)


def completed(
    original: bytes,
    prepared: PreparedIncrement,
    person: SoftwareSignatory,
    algorithm: SignatureAlgorithm = SignatureAlgorithm.ECDSA_SHA256,
) -> bytes:
    """Sign a prepared document."""
    template = CmsTemplate.of(person.chain, algorithm)
    digest = algorithm.hash.new(original + prepared.before + prepared.after).digest()
    signature = person.sign(algorithm.hash.new(template.signed_attributes(digest)).digest(), algorithm)
    return embed(original, prepared.before, prepared.room, prepared.after, template.assemble(digest, signature))


def signed_by_pyhanko(original: bytes, field: SigFieldSpec | None = None, **metadata: object) -> bytes:
    """Return the document signed by pyHanko's own signer, as some other program would."""
    import io

    person = software_signatory()
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko leaves its constructor untyped
    store.register_multiple([x509.Certificate.load(der) for der in person.chain[1:]])
    signer = SimpleSigner(x509.Certificate.load(person.chain[0]), keys.PrivateKeyInfo.load(person.key_der), store)
    writer = IncrementalPdfFileWriter(io.BytesIO(original))
    if field is not None:
        append_signature_field(writer, field)
    name = field.sig_field_name if field else "Alta1"
    out = sign_pdf(writer, PdfSignatureMetadata(field_name=name, md_algorithm="sha256", **metadata), signer=signer)
    return bytes(out.getvalue())


@dataclass(frozen=True)
class Opinion:
    """What pdfsig says of the signatures, in their order."""

    valid: list[bool]
    total: list[bool]


def pdfsig(data: bytes) -> Opinion:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.pdf").write_bytes(data)
        done = subprocess.run(["pdfsig", "-nocert", "a.pdf"], cwd=folder, capture_output=True, text=True, check=False)
    parts = done.stdout.split("Signature #")[1:]
    return Opinion(
        ["Signature is Valid" in part for part in parts], ["Total document signed" in part for part in parts]
    )


def qpdf_check(data: bytes) -> str:
    """Return qpdf's complaints, empty when it has none."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.pdf").write_bytes(data)
        done = subprocess.run(["qpdf", "--check", "a.pdf"], cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def pyhanko_opinion(data: bytes, *, strict: bool = True) -> list[tuple[bool, bool]]:
    """Return for each signature whether it is sound, and whether what came after it is allowed."""
    import io

    reader = PdfFileReader(io.BytesIO(data), strict=strict)
    if reader.encrypted:
        reader.decrypt(b"")
    with tempfile.NamedTemporaryFile(suffix=".pem") as root:
        root.write(software_signatory().root_pem)
        root.flush()
        context = ValidationContext(trust_roots=[load_cert_from_pemder(root.name)])
    statuses = [validate_pdf_signature(one, context, skip_diff=reader.encrypted) for one in reader.embedded_signatures]
    return [(s.intact and s.valid and s.trusted, reader.encrypted or bool(s.docmdp_ok)) for s in statuses]


def openssl_verifies(data: bytes, person: SoftwareSignatory) -> bool:
    """Let openssl verify the last signature's CMS over its byte range, trusting the root alone."""
    import io

    last = PdfFileReader(io.BytesIO(data), strict=False).embedded_signatures[-1]
    start, length, second, rest = last.byte_range
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "cms").write_bytes(last.pkcs7_content)
        (base / "content").write_bytes(data[start : start + length] + data[second : second + rest])
        (base / "root").write_bytes(person.root_pem)
        command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-content", "content"]
        options = ["-CAfile", "root", "-purpose", "any", "-out", "out"]
        return subprocess.run([*command, *options], cwd=base, capture_output=True, check=False).returncode == 0


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
