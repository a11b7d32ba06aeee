"""Proof that the `status` zone can do its work: an OCSP answer and a time-stamp token, asked for and read as a client would.

What is read back is read with other code than wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ca import public_keys
from ca.draft import HASHES, new_serial
from ca.ocsp.answer import Refusal
from ca.ocsp.issuers import AnsweredIssuer
from ca.status_parts import StatusParts
from core.algorithms import HashAlgorithm
from core.entropy import Entropy
from core.errors import Unavailable

_SHA256: Final = hashes.SHA256()


class ProbeFailed(Unavailable):
    """What a client asked the zone for is not what it must get."""


class StatusProbe:
    """Asks for an answer and a token that nobody needs."""

    def __init__(self, parts: StatusParts, entropy: Entropy) -> None:
        self._parts = parts
        self._entropy = entropy

    def check(self, generations: Iterable[int]) -> None:
        """Have both parts prove that they work, the responder for each of these generations of the issuing CA.

        Raises:
            ProbeFailed: what one gives is wrong, or is no answer.
            ClockInDoubt: there are no time-stamps at the moment.
            DelegationUnusable, DelegationOver, HsmUnavailable: one cannot sign.
        """
        known = set(self._parts.issuers.numbers())
        for number in generations:
            if number not in known:
                raise ProbeFailed(f"OCSP: generation {number} of the issuing CA is not published")
            self._check_responder(self._parts.issuers.answered(number))
        self._check_unit()

    def _check_responder(self, issuer: AnsweredIssuer) -> None:
        issuer.delegation()
        nonce, serial = self._entropy.token_bytes(32), new_serial(self._entropy)
        name_hash, key_hash = issuer.hashes(HashAlgorithm.SHA256.oid)
        asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name_hash, key_hash, serial, _SHA256)
        request = asked.add_extension(x509.OCSPNonce(nonce), critical=False).build()
        answer = self._parts.answer(request.public_bytes(Encoding.DER))
        if isinstance(answer, Refusal):
            raise ProbeFailed(f"OCSP: {answer.name}")
        said = ocsp.load_der_ocsp_response(answer.der)
        echoed = said.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        if (
            said.certificate_status is not ocsp.OCSPCertStatus.UNKNOWN
            or echoed != nonce
            or said.serial_number != serial
        ):
            raise ProbeFailed("OCSP: another answer than to what was asked")
        key, hashing = public_keys.narrowed(said.certificates[0].public_key()), said.signature_hash_algorithm
        if hashing is None or not public_keys.verifies(key, said.signature, said.tbs_response_bytes, hashing):
            raise ProbeFailed("OCSP: the signature does not verify")

    def _check_unit(self) -> None:
        unit = self._parts.unit.current()
        imprint = self._entropy.token_bytes(32)
        request = {"version": 1, "message_imprint": _imprint(imprint), "cert_req": True}
        signed = cms.ContentInfo.load(unit.stamp(tsp.TimeStampReq(request).dump()), strict=True)["content"]
        content = signed["encap_content_info"]["content"]
        if content.parsed["message_imprint"]["hashed_message"].native != imprint:
            raise ProbeFailed("TSA: another imprint than was asked for")
        _check_signed(signed, content.contents)


def _imprint(digest: bytes) -> dict[str, object]:
    return {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}


def _check_signed(signed: cms.SignedData, content: bytes) -> None:
    (signer,) = signed["signer_infos"]
    attributes = {each["type"].native: each["values"][0] for each in signer["signed_attrs"]}
    hashing = HashAlgorithm[signer["digest_algorithm"]["algorithm"].native.upper()]
    if attributes["message_digest"].native != hashing.new(content).digest():
        raise ProbeFailed("TSA: another digest than of the token's content")
    names = signer["sid"].chosen["serial_number"].native
    der = next(each.dump() for each in signed["certificates"] if each.chosen.serial_number == names)
    key = public_keys.narrowed(x509.load_der_x509_certificate(der).public_key())
    if not public_keys.verifies(
        key, signer["signature"].native, signer["signed_attrs"].untag().dump(force=True), HASHES[hashing]
    ):
        raise ProbeFailed("TSA: the signature does not verify")
