"""Generations of the issuing CA: which issues, which lists and answers are whose, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from ca import audit, crl, protocol, publication
from ca.acts import CloseAuthority, RotateIssuingKey, UseRoot
from ca.admin_protocol import OtherAct, ProposalClosed
from ca.begun import Begun, take_up
from ca.generations import PinnedFileUnusable
from ca.protocol import (
    AlreadySucceeded,
    AuditBroken,
    AuthorityClosed,
    GenerationUnknown,
    NotLinted,
    RotationRefused,
    StillInForce,
)
from ca.root_ca import RootCa
from ca.root_list import RootLists
from ca.rotation import next_name
from ca.trusted_list import uris
from core.addresses import generation_of, issuing_name
from core.algorithms import KeyType
from core.errors import RecordTampered, Unavailable
from tests.support.ca_bench import DAN, CaBench
from tests.support.software_hsm import SoftwareSigningKey


@dataclass
class Rotations:
    """Rotates the issuing key of a bench, step by step as the command does."""

    bench: CaBench

    def root(self) -> RootCa:
        bench = self.bench
        folder = bench.settings.zone_dir("root")
        folder.mkdir(exist_ok=True)
        root = x509.load_der_x509_certificate(bench.made.root)
        return RootCa(root, bench.root_key, folder, bench.settings.ca, bench.opened.parts)

    def next(self, **changes) -> RotateIssuingKey:
        with self.bench.database.reading() as connection:
            act = self.bench.opened.rotation.next(connection)
        return RotateIssuingKey(**{name: getattr(act, name) for name in act.__struct_fields__} | changes)

    def begin(self, **changes) -> Begun[RotateIssuingKey]:
        return self.bench.begun(self.next(**changes))

    def certify(self, begun: Begun[RotateIssuingKey]) -> x509.Certificate:
        """Make key and certificate, publish it and pin it."""
        name = issuing_name(begun.act.generation)
        key = self.bench.issuing_keys.setdefault(name, SoftwareSigningKey(KeyType(begun.act.key)))
        certificate = self.root().certify(begun, key.public_key_der)
        pem = certificate.public_bytes(Encoding.PEM)
        published = self.bench.settings.published()
        (published / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.DER))
        (published / f"{name}.pem").write_bytes(pem)
        (self.bench.settings.zone_dir("ca") / f"{name}.pem").write_bytes(pem)
        return certificate

    def certify_responder(self, generation: int) -> None:
        self.bench.admin.certify("ocsp", self.bench.request(f"TEST OCSP Responder {generation}"), generation)

    def rotate(self, **changes) -> x509.Certificate:
        begun = self.begin(**changes)
        certificate = self.certify(begun)
        self.certify_responder(begun.act.generation)
        self.bench.opened.rotation.take_over(begun)
        return certificate


@pytest.fixture
def rotations(bench):
    return Rotations(bench)


def listed(bench, generation: int) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl((bench.settings.published() / publication.issuing_crl(generation)).read_bytes())


def urls(certificate: x509.Certificate) -> tuple[str, str]:
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    (issuer,) = [each for each in access if each.access_method == x509.AuthorityInformationAccessOID.CA_ISSUERS]
    return points[0].full_name[0].value, issuer.access_location.value


def test_names_of_generations_and_numbers_follow_from_each_other():
    for number in (1, 2, 3, 17):
        assert generation_of(issuing_name(number)) == number
    for name in ("issuing-g1", "issuing-g02", "issuing-g0", "issuing-g", "issuing2", "root", "xissuing"):
        assert generation_of(name) is None
    assert next_name("TEST Natural Person CA G1", 2) == "TEST Natural Person CA G2"
    with pytest.raises(RotationRefused):
        next_name("TEST Natural Person CA", 2)


def test_new_certificates_come_from_the_new_generation_and_old_ones_keep_their_issuer(bench, rotations):
    old = bench.issue()
    second = rotations.rotate()
    new = bench.issue(**DAN)
    new.verify_directly_issued_by(second)
    assert urls(old) == ("http://pki.example.com/crl/issuing.crl", "http://pki.example.com/ca/issuing.crt")
    assert urls(new) == ("http://pki.example.com/crl/issuing-g2.crl", "http://pki.example.com/ca/issuing-g2.crt")
    shown = bench.admin.describe(f"{old.serial_number:x}"), bench.admin.describe(f"{new.serial_number:x}")
    assert [each.generation for each in shown] == [1, 2]


def test_each_generation_revokes_on_its_own_list(bench, rotations):
    old = bench.issue()
    second = rotations.rotate()
    new = bench.issue(**DAN)
    for certificate in (old, new):
        bench.admin.revoke(f"{certificate.serial_number:x}", "superseded")
    first = x509.load_der_x509_certificate(bench.made.issuing)
    for number, issuer, certificate in ((1, first, old), (2, second, new)):
        found = listed(bench, number)
        assert found.issuer == issuer.subject
        assert found.is_signature_valid(issuer.public_key())
        assert [each.serial_number for each in found] == [certificate.serial_number]


def test_an_old_generation_goes_on_with_its_lists_and_its_responder(bench, rotations):
    bench.issue()
    rotations.rotate()
    before = crl.number_of(listed(bench, 1)), crl.number_of(listed(bench, 2))
    bench.clock.advance(hours=13)
    bench.authority.make_round()
    assert (crl.number_of(listed(bench, 1)), crl.number_of(listed(bench, 2))) == (before[0] + 1, before[1] + 1)
    issued = bench.admin.certify("ocsp", bench.request("TEST OCSP Responder 9"), 1)
    assert issued.issuer == bench.made.issuing
    unit = bench.certify("tsu", "TEST Time-Stamping Unit 9")  # every other part comes from the one that issues
    assert unit.issuer != x509.load_der_x509_certificate(bench.made.issuing).subject


def test_a_third_generation_follows_and_the_first_still_speaks(bench, rotations):
    old = bench.issue()
    rotations.rotate()
    third = rotations.rotate()
    bench.issue(**DAN).verify_directly_issued_by(third)
    bench.start()
    bench.admin.revoke(f"{old.serial_number:x}", "superseded")
    assert len(listed(bench, 1)) == 1
    assert [len(listed(bench, number)) for number in (2, 3)] == [0, 0]
    assert bench.admin.verify_audit().rows > 0
    states = {(each.issuer, each.serial) for each in bench.status.changes(0)}
    assert len({issuer for issuer, _serial in states}) == 3


def test_the_last_list_of_a_succeeded_generation_closes_it_alone(bench, rotations):
    old = bench.issue()
    rotations.rotate()
    with pytest.raises(StillInForce):
        bench.decide(CloseAuthority(1))
    bench.admin.revoke(f"{old.serial_number:x}", "cessationOfOperation")
    assert bench.decide(CloseAuthority(1)).state == "done"
    assert listed(bench, 1).next_update_utc == protocol.NEVER
    with pytest.raises(AuthorityClosed):
        rotations.certify_responder(1)
    assert bench.issue(**DAN)
    bench.clock.advance(days=2)
    bench.start()  # what is closed needs neither a fresh list nor its key
    assert listed(bench, 1).next_update_utc == protocol.NEVER


def test_both_generations_are_on_the_trusted_list_and_the_first_stays_granted_until_it_ends(bench, rotations):
    bench.certify_list_signer()
    rotations.rotate()
    services = authorities(bench)
    assert [status for _name, status, _history in services] == [uris.GRANTED, uris.GRANTED]
    assert [name for name, _status, _history in services] == [
        "TEST Natural Person CA G1",
        "TEST Natural Person CA G2",
    ]
    root = x509.load_der_x509_certificate(bench.made.root)
    first = x509.load_der_x509_certificate(bench.made.issuing)
    folder, published = bench.settings.zone_dir("root"), bench.settings.published()
    revocation = UseRoot("revoke-authority", f"{first.serial_number:040x}", "superseded")
    RootLists(root, bench.root_key, folder, published, bench.opened.parts).issue(bench.begun(revocation))
    (_, status, history), (_, still, _) = authorities(bench)
    assert (status, history, still) == (uris.WITHDRAWN, [uris.GRANTED], uris.GRANTED)


def authorities(bench) -> list[tuple[str, str, list[str]]]:
    """Return name, status and earlier statuses of the CAs on a new list."""
    bench.admin.publish_trusted_list()
    root, space = etree.fromstring(bench.trusted_list()), {"t": uris.LIST_NAMESPACE}
    found = []
    for service in root.findall(".//t:TSPService", space):
        said = service.find("t:ServiceInformation", space)
        if said.findtext("t:ServiceTypeIdentifier", namespaces=space) == uris.QUALIFIED_CERTIFICATES:
            name = said.findtext("t:ServiceName/t:Name", namespaces=space)
            history = [each.text for each in service.findall(".//t:ServiceHistoryInstance/t:ServiceStatus", space)]
            found.append((name, said.findtext("t:ServiceStatus", namespaces=space), history))
    return found


# --- what is refused ---------------------------------------------------------------------------------------------


def test_a_generation_that_is_pinned_and_did_not_take_over_issues_to_nobody(bench, rotations):
    begun = rotations.begin()
    second = rotations.certify(begun)
    first = x509.load_der_x509_certificate(bench.made.issuing)
    bench.issue().verify_directly_issued_by(first)
    with pytest.raises(GenerationUnknown):
        bench.decide(CloseAuthority(3))
    with pytest.raises(RotationRefused, match="no responder"):
        bench.opened.rotation.take_over(begun)
    bench.issue(**DAN).verify_directly_issued_by(first)
    rotations.certify_responder(2)
    bench.opened.rotation.take_over(begun)
    bench.issue(given_name="Ion", surname="Ionescu", subject_serial="PNORO-1800101400015").verify_directly_issued_by(
        second
    )


def test_a_rotation_is_done_once(bench, rotations):
    begun = rotations.begin()
    rotations.certify(begun)
    rotations.certify_responder(2)
    bench.opened.rotation.take_over(begun)
    uses = len(bench.root_signatures)
    for again in (lambda: bench.opened.rotation.take_over(begun), lambda: rotations.certify(begun)):
        with pytest.raises(ProposalClosed):
            again()
    assert len(bench.root_signatures) == uses


def test_what_was_decided_for_another_act_begins_no_rotation(bench):
    approved = bench.approved(UseRoot("issue-root-list"))
    with pytest.raises(OtherAct):
        take_up(bench.database, bench.opened.control.dual, approved.proposal, RotateIssuingKey)
    assert take_up(bench.database, bench.opened.control.dual, approved.proposal, UseRoot).again is False
    with pytest.raises(TypeError):
        Begun(bench.database, bench.opened.control.dual, "p-1", UseRoot("issue-root-list"), "me", object(), again=True)


def test_a_rotation_that_was_cut_short_goes_on_with_the_same_key_and_certificate(bench, rotations):
    begun = rotations.begin()
    made = rotations.certify(begun)
    uses = len(bench.root_signatures)
    bench.start()
    again = bench.take_up(begun)
    assert rotations.certify(again) == made
    assert len(bench.root_signatures) == uses
    rotations.certify_responder(2)
    bench.opened.rotation.take_over(again)
    assert bench.issue().issuer == made.subject


def test_what_an_abandoned_rotation_left_is_not_passed_off_as_another(bench, rotations):
    rotations.certify(rotations.begin())
    uses = len(bench.root_signatures)
    with pytest.raises(RotationRefused, match="finish that rotation"):
        rotations.certify(rotations.begin(name="TEST Another CA G2"))
    bench.issuing_keys[issuing_name(2)] = SoftwareSigningKey(KeyType.EC_P384)
    with pytest.raises(RotationRefused, match="another key"):
        rotations.certify(rotations.begin())
    assert len(bench.root_signatures) == uses


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"generation": 1}, "not the next"),
        ({"generation": 3}, "not the next"),
        ({"name": "TEST Natural Person CA G1"}, "name of generation 1"),
        ({"name": "Natural Person CA G2"}, "TEST"),
        ({"name": "TEST " + "x" * 60}, "65 bytes"),
        ({"days": 5480}, "at most 5479"),
        ({"days": 90}, "more than a signatory"),
    ],
)
def test_a_rotation_that_could_not_be_carried_out_is_refused_when_it_is_proposed(bench, rotations, changes, why):
    with pytest.raises(RotationRefused, match=why):
        bench.approved(rotations.next(**changes))


def test_a_new_generation_does_not_outlive_the_root(bench, rotations):
    bench.clock.advance(days=4000)
    bench.start()
    assert rotations.next().days == 7300 - 4000 - 1
    assert rotations.rotate().not_valid_after_utc <= bench.root.not_after


def test_a_key_of_another_kind_than_was_decided_is_not_certified(bench, rotations):
    begun = rotations.begin(key="rsa-4096")
    bench.issuing_keys[issuing_name(2)] = SoftwareSigningKey(KeyType.EC_P384)
    uses = len(bench.root_signatures)
    with pytest.raises(NotLinted, match="key type"):
        rotations.certify(begun)
    assert len(bench.root_signatures) == uses


def test_a_generation_can_use_another_kind_of_key(bench, rotations):
    rotations.rotate(key="rsa-4096")
    assert bench.issue().signature_hash_algorithm.name == "sha256"
    assert bench.admin.publish_crl().number > 1


def test_a_responder_for_a_generation_that_is_not_there_is_refused(bench, rotations):
    with pytest.raises(GenerationUnknown):
        rotations.certify_responder(2)
    with pytest.raises(GenerationUnknown):
        bench.admin.publish_crl(generation=2)


def test_a_pinned_certificate_of_another_root_stops_the_zone(bench, rotations, tmp_path):
    stranger = CaBench(tmp_path / "stranger", issuing_name="TEST Stranger G2")
    path = bench.settings.zone_dir("ca") / "issuing-g2.pem"
    path.write_bytes(stranger.made.issuing_pem)
    uses = len(bench.signatures)
    with pytest.raises(Unavailable):
        bench.issue()
    with pytest.raises(PinnedFileUnusable):
        bench.start()
    assert len(bench.signatures) == uses
    path.unlink()
    bench.start()
    assert bench.issue()


def test_a_gap_and_a_second_certificate_for_one_key_stop_the_zone(bench):
    for number in (3, 2):
        bench.issuing_keys[issuing_name(number)] = bench.issuing_key
        path = bench.settings.zone_dir("ca") / f"issuing-g{number}.pem"
        path.write_bytes(bench.made.issuing_pem)
        with pytest.raises(PinnedFileUnusable):
            bench.start()
        path.unlink()


def test_a_succession_written_changed_or_taken_away_by_another_hand_is_noticed__attack_d9(bench, rotations):
    rotations.rotate()
    with bench.database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM successions")
        connection.exec_driver_sql("DELETE FROM successions")
    with pytest.raises(AuditBroken, match="another CA issues"):
        bench.admin.verify_audit()
    with bench.database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO successions SELECT generation, issuer, at + 1, seal FROM kept")
    uses = len(bench.signatures)
    with pytest.raises((RecordTampered, Unavailable)):
        bench.issue()
    assert len(bench.signatures) == uses


def test_taking_over_is_in_the_log_with_who_decided_it_and_goes_forward_only(bench, rotations):
    rotations.rotate()
    with bench.database.transaction() as connection:
        told = [row for _n, row in bench.opened.parts.audit.rows(connection) if row["event"] == audit.SUCCESSION]
        with pytest.raises(AlreadySucceeded):
            bench.opened.parts.successions.add(
                connection, bench.opened.parts.generations.numbered(1), bench.clock.now() + timedelta(days=1)
            )
    assert [(row["generation"], row["by"]) for row in told] == [(2, "ana and bogdan")]
