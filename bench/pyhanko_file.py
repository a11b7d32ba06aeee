"""Signing one file with pyHanko and nothing of ours: through its API, or as a command line does, a process for a file.

`python -m bench.pyhanko_file SETUP.json LEVEL IN OUT`. The setup names the token, the key and everything that a
signature of level B-LT takes, so that pyHanko fetches nothing but time-stamps.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asn1crypto import crl, ocsp, x509
from pkcs11 import lib as load_module
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.pkcs11 import PKCS11Signer
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko_certvalidator import ValidationContext


def signing(setup: dict[str, Any], level: str) -> Callable[[bytes], bytes]:
    """Return what signs a document; the token's session and everything else is kept."""
    os.environ["SOFTHSM2_CONF"] = setup["softhsm_conf"]
    token = load_module(setup["module"]).get_token(token_label=setup["token"])
    session = token.open(user_pin=setup["pin"])
    certificates = [x509.Certificate.load(bytes.fromhex(each)) for each in setup["chain"]]
    signer = PKCS11Signer(
        session, signing_cert=certificates[0], key_label=setup["key"], ca_chain=certificates[1:], use_raw_mechanism=True
    )
    long_term = level == "AdES-B-LT"
    meta = signers.PdfSignatureMetadata(
        field_name="S",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        embed_validation_info=long_term,
        validation_context=_context(setup) if long_term else None,
    )
    stamper = HTTPTimeStamper(setup["tsa"])
    loop = asyncio.new_event_loop()

    async def sign(document: bytes) -> bytes:
        out = io.BytesIO()
        writer = IncrementalPdfFileWriter(io.BytesIO(document))
        await signers.PdfSigner(meta, signer=signer, timestamper=stamper).async_sign_pdf(writer, output=out)
        return out.getvalue()

    return lambda document: loop.run_until_complete(sign(document))


def _context(setup: dict[str, Any]) -> ValidationContext:
    return ValidationContext(
        trust_roots=[x509.Certificate.load(bytes.fromhex(each)) for each in setup["roots"]],
        other_certs=[x509.Certificate.load(bytes.fromhex(each)) for each in setup["others"]],
        ocsps=[ocsp.OCSPResponse.load(bytes.fromhex(each)) for each in setup["ocsps"]],
        crls=[crl.CertificateList.load(bytes.fromhex(each)) for each in setup["crls"]],
        allow_fetching=False,
        revocation_mode="require",
    )


def main(setup: str, level: str, source: str, target: str) -> None:
    """Sign one file."""
    sign = signing(json.loads(Path(setup).read_bytes()), level)
    Path(target).write_bytes(sign(Path(source).read_bytes()))


if __name__ == "__main__":
    main(*sys.argv[1:])
