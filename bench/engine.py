"""Signing a document inside one process: prepare, the SAM, embed. Beside it pyHanko's own `sign_pdf` with the same token.

The verdict of `preflight` is made beforehand with a key of the bench and measured apart over HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asn1crypto import x509
from asn1crypto.algos import SignedDigestAlgorithm
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench.samples import pdf_of
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.clock import SystemClock
from core.types import Dtbsr
from hsm.session import Token
from hsm.wrapping import TokenVault
from signer.pades.engine import PadesEngine
from signer.pades.options import Wishes
from tests.support.allowances import forget
from tests.support.sam_bench import Workbench
from tests.support.small_pki import SmallCa
from tests.support.tokens import MODULE, sam_keys


def floor(directory: str, size: int) -> Callable[[], Any]:
    """Return the least any server must do: hash the file, sign once."""
    document = pdf_of(size)
    lent = _lent(directory)
    sha256 = HashAlgorithm.SHA256

    def once() -> None:
        digest = hashlib.sha256(document).digest()
        lent.sign(Dtbsr(sha256, digest), SignatureAlgorithm.ECDSA_SHA256)

    return once


def engine(directory: str, size: int) -> Callable[[], Any]:
    """Return prepare + SAM (all its records and evidence) + embed, for a fresh authorization of 20 digests at a time."""
    document = pdf_of(size)
    folder = Path(tempfile.mkdtemp(dir=Path(directory).parent))
    bench = Workbench(folder, keys=sam_keys(Token(Path(directory), MODULE, "paraph-sam")), clock=SystemClock())
    server = bench.sam.server(frozenset())
    bench.ask = lambda request: server._handlers[type(request)](request)  # type: ignore[method-assign]  # noqa: SLF001
    pades = PadesEngine(SystemClock())
    documents = [document + b"%" + str(number).encode() + b"\n" for number in range(20)]
    waiting = _authorisations(bench, documents)

    def once() -> None:
        sad, each = next(waiting)
        prepared = pades.prepare(each, Wishes(), strict=True)
        answer = bench.sign_document(sad, bench.prepared(each, prepared.before, prepared.after))
        pades.embed(each, answer.increment_before, answer.increment_after, answer.cms)

    return once


def _authorisations(bench: Workbench, documents: list[bytes]):  # a generator of the bench
    digests = [hashlib.sha256(each).digest() for each in documents]
    while True:
        forget(bench.database, bench.seals())
        sad = bench.authorise(*digests, kind="sodr").sad
        for each in documents:
            yield sad, each


class _TokenSigner(signers.Signer):
    """pyHanko's signer over the same token and key type; all else is pyHanko's own."""

    def __init__(self, directory: str) -> None:
        self._lent = _lent(directory)
        clock = SystemClock()
        authority = SmallCa(clock.now())
        certificate = authority.issue(_made(self._lent.public_key_der), clock.now())
        store = SimpleCertificateStore()
        store.register(x509.Certificate.load(authority.certificate_der))
        super().__init__(
            signing_cert=x509.Certificate.load(certificate),
            cert_registry=store,
            signature_mechanism=SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002, FBT001, FBT002
        if dry_run:
            return bytes(72)
        digest = Dtbsr(HashAlgorithm.SHA256, hashlib.sha256(data).digest())
        return self._lent.sign(digest, SignatureAlgorithm.ECDSA_SHA256)


def stock(directory: str, size: int) -> Callable[[], Any]:
    """Return pyHanko's `sign_pdf`, B-B, invisible."""
    document = pdf_of(size)
    signer = _TokenSigner(directory)
    meta = signers.PdfSignatureMetadata(field_name="S", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)

    def once() -> None:
        writer = IncrementalPdfFileWriter(io.BytesIO(document))
        asyncio.run(signers.async_sign_pdf(writer, meta, signer=signer, in_place=False, output=io.BytesIO()))

    return once


def _lent(directory: str) -> Any:
    vault = TokenVault(Token(Path(directory), MODULE, "paraph-sam"), "wrap")
    lending = vault.unwrapped(vault.generate(KeyType.EC_P256))
    lent = lending.__enter__()  # held for the length of the process
    lent.lending = lending
    return lent


def _made(public_key_der: bytes) -> Any:
    from core.statements import KeyAttestation
    from signer.sam.protocol import MadeKey

    now = SystemClock().now()
    word = KeyAttestation(public_key_der, "c", "s", 1, "Ana", "Pop", "PNORO-1", now, now, b"")
    return MadeKey("c", word, b"")
