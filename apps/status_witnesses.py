"""What the `status` zone says, fetched over HTTP as a relying party would, kept as files, and judged by openssl.

For the demonstration: an OCSP answer, a time-stamp with its request, the revocation list, and the certificates of who
answered and who stamped, as the answers carry them; and the trusted list they are on.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
from asn1crypto import tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificate, ocsp

from apps.judges import Verdict, run
from core import addresses
from core.entropy import Entropy
from core.errors import Unavailable

if TYPE_CHECKING:
    from core.config import Settings

_SECONDS: Final = 20.0


def fetch(settings: Settings, folder: Path, stamped: Path, entropy: Entropy) -> list[Verdict]:
    """Fetch everything into `folder`, which has root, issuing and signatory's certificate; return the verdicts on it.

    Raises:
        Unavailable: the zone gives no answer.
    """
    zone = f"http://{settings.status.listen}"
    (folder / "crl.der").write_bytes(_get(zone + addresses.issuing_crl(addresses.FIRST)))
    (folder / "trusted-list.xml").write_bytes(_get(zone + addresses.TRUSTED_LIST))
    _fetch_ocsp(zone, folder)
    _fetch_time_stamp(zone, folder, stamped, entropy)
    return [_crl(folder), _ocsp(folder), _time_stamp(folder)]


def _fetch_ocsp(zone: str, folder: Path) -> None:
    certificate, issuer = _certificate(folder / "signatory.pem"), _certificate(folder / "issuing.pem")
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    answer = _post(zone + addresses.OCSP, request.public_bytes(Encoding.DER), "application/ocsp-request")
    read = ocsp.load_der_ocsp_response(answer)
    if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise Unavailable(f"OCSP: {read.response_status.name}")
    (folder / "ocsp.der").write_bytes(answer)
    (folder / "ocsp-responder.pem").write_bytes(read.certificates[0].public_bytes(Encoding.PEM))


def _fetch_time_stamp(zone: str, folder: Path, stamped: Path, entropy: Entropy) -> None:
    digest = hashlib.sha256(stamped.read_bytes()).digest()
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    nonce = int.from_bytes(entropy.token_bytes(8), "big")
    asked = {"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    request: bytes = tsp.TimeStampReq(asked).dump()
    answer = _post(zone + addresses.TIME_STAMP, request, "application/timestamp-query")
    try:
        signed = tsp.TimeStampResp.load(answer, strict=True)["time_stamp_token"]["content"]
        serial = signed["signer_infos"][0]["sid"].chosen["serial_number"].native
        unit = next(each.dump() for each in signed["certificates"] if each.chosen.serial_number == serial)
    except ValueError as error:  # a response without a token
        raise Unavailable(f"time-stamp: {answer[:80]!r}") from error
    (folder / "timestamp.tsq").write_bytes(request)
    (folder / "timestamp.tsr").write_bytes(answer)
    (folder / "tsu.pem").write_bytes(load_der_x509_certificate(unit).public_bytes(Encoding.PEM))


def _crl(folder: Path) -> Verdict:
    code, said = run(
        "openssl", "crl", "-in", str(folder / "crl.der"), "-inform", "DER",
        "-CAfile", str(folder / "issuing.pem"), "-noout", "-verify",
    )  # fmt: skip
    return _verdict("openssl crl", code == 0 and "verify OK" in said, "the revocation list is the authority's", said)


def _ocsp(folder: Path) -> Verdict:
    code, said = run(
        "openssl", "ocsp", "-issuer", str(folder / "issuing.pem"), "-sha256", "-cert", str(folder / "signatory.pem"),
        "-respin", str(folder / "ocsp.der"), "-no_nonce", "-CAfile", str(folder / "root.pem"),
    )  # fmt: skip
    good = code == 0 and "Response verify OK" in said and "signatory.pem: good" in said
    return _verdict("openssl ocsp", good, "the signatory's certificate is good", said)


def _time_stamp(folder: Path) -> Verdict:
    code, said = run(
        "openssl", "ts", "-verify", "-queryfile", str(folder / "timestamp.tsq"), "-in", str(folder / "timestamp.tsr"),
        "-CAfile", str(folder / "root.pem"), "-untrusted", str(folder / "issuing.pem"),
    )  # fmt: skip
    return _verdict("openssl ts", code == 0 and "Verification: OK" in said, "the time-stamp holds", said)


def _verdict(judge: str, good: bool, words: str, said: str) -> Verdict:  # noqa: FBT001  # a verdict is yes or no
    return Verdict(judge, good, words if good else " ".join(said.split())[-200:])


def _certificate(path: Path) -> Certificate:
    return load_pem_x509_certificate(path.read_bytes())


def _get(url: str) -> bytes:
    try:
        return httpx.get(url, trust_env=False, timeout=_SECONDS).raise_for_status().content
    except httpx.HTTPError as error:
        raise Unavailable(f"{url}: {error}") from error


def _post(url: str, body: bytes, media_type: str) -> bytes:
    try:
        answer = httpx.post(url, content=body, headers={"Content-Type": media_type}, trust_env=False, timeout=_SECONDS)
        return answer.raise_for_status().content
    except httpx.HTTPError as error:
        raise Unavailable(f"{url}: {error}") from error
