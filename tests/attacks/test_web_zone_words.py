"""What the sockets that `web` may open have no words for: the allowed fields are a frozen list (attacks W7, W4, §15.15).

No field tells the SAM what it knows itself (time, status, phone, template, policy, "factors already checked"), none tells
the CA a profile, a validity or a policy. A new field must be argued for here.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator

import msgspec
import pytest

from ca.protocol import CA
from channel.protocol import Message, Protocol, decode, encode
from core.errors import Malformed
from preflight.protocol import PREFLIGHT
from signer.sam.protocol import SAM, SubmitCode

SIGNING = {"sad", "client", "credential", "hash_oid", "algorithm"}
REQUESTS = {
    "sam": {
        "OpenTransaction": {"client", "language", "request_object", "carried"},
        "ShowTransaction": {"transaction", "client"},
        "ResendCode": {"transaction", "client"},
        "SubmitCode": {"transaction", "client", "code"},
        "CancelTransaction": {"transaction", "client"},
        "RevokeSad": {"sad", "client"},
        "SignHashes": SIGNING | {"digests"},
        "SignContents": SIGNING | {"digests", "form"},
        "SignDocument": SIGNING | {"document"},
        # Compared with sealed records: the code goes to the number in the record, never to the one said here.
        "BeginOwnRevocation": {"subject_serial", "phone", "language"},
        "ConfirmOwnRevocation": {"request", "code"},
        "ListCredentials": {"client", "account"},
        "DescribeCredential": {"client", "credential"},
        "Health": set(),
    },
    "ca": {
        "IssueCertificate": {"attestation", "request"},
        "CarryOutRevocation": {"order"},
        "ListCertificates": {"limit", "after_serial", "unfinished", "credential"},
        "ShowCertificate": {"serial"},
        "Health": set(),
    },
    "preflight": {
        "CheckDocument": {"document"},
        "JudgeIncrement": {"original", "increment_before", "room", "increment_after"},
        "Health": set(),
    },
}
# What those fields hold, where it has fields of its own.
PARTS = {
    "CarriedRequest": {"account", "credential", "hash_oid", "digests"},
    "AuthorisedDigest": {"type", "value", "label"},
    "PreparedDocument": {"original", "increment_before", "increment_after", "verdict"},
    "IncrementVerdict": {"original_digest", "increment_digest", "claimed_name", "claimed_at", "signature"},
    "KeyAttestation": {  # under the SAM's signature
        "public_key_der", "credential", "signatory", "record_version", "given_name", "surname", "subject_serial",
        "proofed_at", "approved_at", "signature",
    },
    "RevocationOrder": {"request", "credential", "serial", "confirmed_at", "signature"},  # under the SAM's signature
}  # fmt: skip
PROTOCOLS = (SAM, CA, PREFLIGHT)


def structs(kind: typing.Any) -> Iterator[type[msgspec.Struct]]:
    """Give a struct and every struct that its fields can hold."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for each in msgspec.structs.fields(kind):
            yield from structs(each.type)
    for part in typing.get_args(kind):
        yield from structs(part)


def requests(protocol: Protocol) -> list[type[Message]]:
    return [call.request for call in protocol.by_name.values()]


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
def test_no_request_has_a_field_for_what_the_zone_knows_itself__w7(protocol):
    assert {kind.__name__: set(kind.__struct_fields__) for kind in requests(protocol)} == REQUESTS[protocol.name]


def test_nor_has_any_part_of_a_request__w7():
    asked = {request for protocol in PROTOCOLS for request in requests(protocol)}
    parts = {kind for request in asked for kind in structs(request)} - asked
    assert {kind.__name__: set(kind.__struct_fields__) for kind in parts} == PARTS


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
def test_a_field_that_is_not_there_is_refused_wherever_it_stands__w7(protocol):
    for request in requests(protocol):
        for kind in structs(request):
            assert kind.__struct_config__.forbid_unknown_fields, kind


def test_a_field_too_many_is_refused_and_the_same_without_it_is_read__w7():
    honest = SubmitCode("t-1", "client-1", "12345678")
    fields = msgspec.msgpack.decode(encode(honest))
    with pytest.raises(Malformed, match="unknown field"):
        decode(SubmitCode, msgspec.msgpack.encode({**fields, "factors": ["sms-otp"]}))
    assert decode(SubmitCode, encode(honest)) == honest
