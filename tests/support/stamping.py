"""A time-stamping authority whose answers a test may bend: honest unless told otherwise, and never more than asked."""

from __future__ import annotations

from datetime import timedelta

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.cms import TST_INFO, CmsTemplate
from core.der import SEQUENCE, tlv
from core.time_stamp import TimeStampAuthority
from core.types import Dtbsr
from tests.support.ca_bench import CaBench
from tests.support.software_hsm import SoftwareSigningKey

POLICY = "1.3.6.1.4.1.99999.1.2.1"


class StampingAuthority:
    """A unit of the workbench's authority."""

    def __init__(self, bench: CaBench) -> None:
        self.bench = bench
        self.clock = bench.clock
        self.key = SoftwareSigningKey(KeyType.EC_P256)
        self.certificate = bench.certify("tsu", "TEST Time-Stamping Unit 1", self.key)
        self.issuing = x509.load_der_x509_certificate(bench.made.issuing)
        self.root = x509.load_der_x509_certificate(bench.made.root)
        self.trusted = TimeStampAuthority((self.root,), POLICY)
        self.asked = 0

    def respond(self, request: bytes, **bent) -> bytes:
        """Return the TimeStampResp to a request."""
        token = tsp.ContentInfo.load(self.token(request, **bent))
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()

    def refuse(self) -> bytes:
        """Return a refusal."""
        return tlv(SEQUENCE, tsp.PKIStatusInfo({"status": "rejection", "fail_info": {"time_not_available"}}).dump())

    def token(
        self, request: bytes, *, late=timedelta(0), certificate=None, chain=None, key=None, signed=None, **info
    ) -> bytes:
        """Return the token for a request; `info` are fields of the TSTInfo, None leaves one out."""
        asked = tsp.TimeStampReq.load(request)
        self.asked += 1
        fields = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": asked["message_imprint"],
            "serial_number": self.asked,
            "gen_time": self.clock.now() + late,
            "accuracy": {"seconds": 1},
            "nonce": asked["nonce"].native,
            **info,
        }
        content = tsp.TSTInfo({name: value for name, value in fields.items() if value is not None}).dump()
        certificate = certificate or self.certificate
        between = [self.issuing] if chain is None else chain
        ders = [each.public_bytes(Encoding.DER) for each in (certificate, *between)]
        template = CmsTemplate.of(ders, SignatureAlgorithm.ECDSA_SHA256, TST_INFO)
        digest = HashAlgorithm.SHA256.new(content).digest()
        attributes = template.signed_attributes(signed or digest)
        value = Dtbsr(HashAlgorithm.SHA256, HashAlgorithm.SHA256.new(attributes).digest())
        signature = (key or self.key).sign(value, SignatureAlgorithm.ECDSA_SHA256)
        return template.assemble(signed or digest, signature, content)
