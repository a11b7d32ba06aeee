"""A time-stamping unit of a workbench's authority whose answers a test may bend: honest unless told otherwise."""

from __future__ import annotations

from datetime import timedelta

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.cms import TST_INFO, CmsTemplate
from core.der import SEQUENCE, tlv
from core.time_stamp import TimeStampTrust
from core.types import Dtbsr
from tests.support.ca_bench import CaBench
from tests.support.software_hsm import SoftwareSigningKey

POLICY = "1.3.6.1.4.1.99999.1.2.1"
GRANTED = bytes.fromhex("3003020100")


class StampingUnit:
    """Stamps whatever it is asked for."""

    def __init__(self, bench: CaBench) -> None:
        self.clock = bench.clock
        self.key = SoftwareSigningKey(KeyType.EC_P256)
        unit = bench.certify("tsu", "TEST Time-Stamping Unit 1", self.key)
        self.trust = TimeStampTrust((x509.load_der_x509_certificate(bench.made.root),), frozenset({POLICY}))
        chain = [unit.public_bytes(Encoding.DER), bench.made.issuing]
        self._template = CmsTemplate.of(chain, SignatureAlgorithm.ECDSA_SHA256, TST_INFO)
        self._count = 0

    def respond(self, request: bytes, **bent) -> bytes:
        """Return the TimeStampResp to a request, DER."""
        return tlv(SEQUENCE, GRANTED, self.token(request, **bent))

    def token(self, request: bytes, *, late=timedelta(0), **bent) -> bytes:
        """Return the token for a request, DER; `bent` are other fields of its TSTInfo."""
        asked = tsp.TimeStampReq.load(request)
        self._count += 1
        fields = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": asked["message_imprint"],
            "serial_number": self._count,
            "gen_time": self.clock.now() + late,
            "accuracy": {"seconds": 1},
            "nonce": asked["nonce"].native,
        }
        content = tsp.TSTInfo(fields | bent).dump()
        digest = HashAlgorithm.SHA256.new(content).digest()
        attributes = HashAlgorithm.SHA256.new(self._template.signed_attributes(digest)).digest()
        signature = self.key.sign(Dtbsr(HashAlgorithm.SHA256, attributes), SignatureAlgorithm.ECDSA_SHA256)
        return self._template.assemble(digest, signature, content)
