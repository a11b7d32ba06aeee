"""The authority with its keys on real tokens, and what happens when a token goes."""

from __future__ import annotations

import pytest
from cryptography import x509

from ca.client import CaClient
from ca.protocol import IssuedCertificate
from core.algorithms import KeyType
from core.errors import Unavailable
from tests.support.ca_bench import CaBench
from tests.support.tokens import signing_token


@pytest.fixture
def bench(tmp_path):
    store = tmp_path / "store"
    root = signing_token(tmp_path / "root", "paraph-root", "root", KeyType.EC_P384, store=store)
    issuing = signing_token(tmp_path / "ca", "paraph-ca", "issuing", KeyType.EC_P384, store=store)
    return CaBench(tmp_path / "state", root_key=root, issuing_key=issuing)


def test_ceremony_issuance_list_and_health_work_on_tokens(bench):
    client = CaClient(bench.caller)
    client.check()
    certificate = bench.issue()
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(bench.made.issuing))
    assert bench.admin.publish_crl().number == 2


def test_a_token_that_is_gone_is_an_outage_and_nothing_is_handed_out(bench, tmp_path):
    client, order = CaClient(bench.caller), bench.order()
    bench.issuing_key._token.close()
    store = tmp_path / "store"
    store.rename(tmp_path / "elsewhere")
    for ask in (client.check, bench.admin.publish_crl, lambda: client.issue(order.attestation, order.request)):
        with pytest.raises(Unavailable):
            ask()
    assert client.list() == []
    (tmp_path / "elsewhere").rename(store)
    issued = bench.caller.call(order, IssuedCertificate)
    assert x509.load_der_x509_certificate(issued.certificate).serial_number
    client.check()
