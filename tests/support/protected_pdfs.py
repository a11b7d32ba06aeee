"""Documents under encryption, each with what is to happen (classes C and D of the list of odd PDFs)."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder, KeyUsage, Name, NameAttribute, NameOID
from pikepdf import Encryption
from pyhanko.pdf_utils.crypt import (
    STD_CF,
    CryptFilterConfiguration,
    StandardAESCryptFilter,
    StandardSecurityHandler,
)
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from tests.support.pdfs import Generator, changed, plain, qpdf
from tests.support.quirky_pdfs import SIGNED


def encrypted(*, user: str = "", revision: int = 6) -> bytes:
    """Encrypted with AES, of 128 bits (revision 4) or 256 (revision 6)."""
    protection = Encryption(user=user, owner="stapan", R=revision, aes=True)
    return changed(plain(), lambda pdf: None, encryption=protection)


def forbidden() -> bytes:
    """An author who allows nothing but reading."""
    return qpdf(plain(), "--encrypt", "", "stapan", "256", "--modify=none", "--form=n", "--annotate=n", "--")


def weakly(bits: int) -> bytes:
    """Encrypted with RC4."""
    return qpdf(plain(), "--allow-weak-crypto", "--encrypt", "", "stapan", str(bits), "--")


def only_attachments_encrypted() -> bytes:
    """Pages in the clear, and a password for what is attached."""
    writer = _copied()
    attached = StandardAESCryptFilter(keylen=32)
    attached.set_embedded_only()
    clear = pdf_name("/Identity")
    filters = CryptFilterConfiguration({STD_CF: attached}, clear, clear, STD_CF)
    handler = StandardSecurityHandler.build_from_pw("secret", encrypt_metadata=False, crypt_filter_config=filters)
    writer._assign_security_handler(handler)
    return _written(writer)


def for_recipients() -> bytes:
    """Encrypted under the public key of somebody."""
    key = rsa.generate_private_key(65537, 2048)
    name = Name([NameAttribute(NameOID.COMMON_NAME, "Destinatar")])
    now = datetime.now(UTC)
    builder = CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    usage = KeyUsage(False, False, True, False, False, False, False, False, False)
    certificate = builder.add_extension(usage, critical=True).sign(key, SHA256())
    writer = _copied()
    writer.encrypt_pubkey([x509.Certificate.load(certificate.public_bytes(Encoding.DER))])
    return _written(writer)


def direct_encrypt() -> bytes:
    """/Encrypt written into the trailer, where strings would be encrypted or not as a reader thinks."""
    data = encrypted(revision=4)
    reference = re.search(rb"/Encrypt (\d+) 0 R", data)
    assert reference is not None
    dictionary = re.search(rb"(?s)\n%s 0 obj\n(.*?)\nendobj" % reference[1], data)
    assert dictionary is not None
    return data.replace(reference[0], b"/Encrypt " + dictionary[1], 1)


def without_id() -> bytes:
    """Encrypted, but the identifier that the key is derived from is missing."""
    return re.sub(rb"/ID \[[^]]*\]", lambda match: b" " * len(match[0]), encrypted(revision=4))


def _copied() -> PdfFileWriter:
    return copy_into_new_writer(PdfFileReader(io.BytesIO(plain())))


def _written(writer: PdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


PROTECTED: dict[str, tuple[Generator, str]] = {
    "encrypted-rc4-40": (lambda: weakly(40), SIGNED),
    "encrypted-rc4-128": (lambda: weakly(128), SIGNED),
    "encrypted-aes-128": (lambda: encrypted(revision=4), SIGNED),
    "encrypted-aes-256": (encrypted, SIGNED),
    "password": (lambda: encrypted(user="secret"), "password"),
    "forbidden-by-author": (forbidden, "permissions"),
    "attachments-encrypted": (only_attachments_encrypted, "password"),
    "encrypted-for-recipients": (for_recipients, "recipients"),
    "encrypt-dictionary-direct": (direct_encrypt, "unusual-protection"),
    "encrypted-without-id": (without_id, "unusual-protection"),
}
