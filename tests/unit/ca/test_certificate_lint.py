"""Every rule of the linter refuses the certificate that breaks it, and names itself."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from asn1crypto.x509 import Certificate as RawCertificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ca import profiles, qc_statements
from ca.draft import Draft, Issuer
from ca.lint import LintedTbs, judge, lint
from ca.names import authority_name
from ca.protocol import NotLinted
from ca.signing import SignatureUnusable, sign
from core.algorithms import HashAlgorithm, KeyType
from tests.support.ca_bench import CaBench, settings_for
from tests.support.software_hsm import SoftwareSigningKey

QC_OID = x509.ObjectIdentifier(qc_statements.EXTENSION)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return CaBench(tmp_path_factory.mktemp("lint") / "state")


def changed(draft: Draft, key, *, replace=None, drop=(), add=(), serial=None, subject=None, hashing=None, **times):
    """Return the draft's certificate with some of it replaced: what a careless builder would have written."""
    replacements = {value.oid: (value, critical) for value, critical in replace or ()}
    builder = x509.CertificateBuilder().issuer_name(times.get("issuer") or draft.issuer.name)
    builder = builder.subject_name(subject or draft.subject).public_key(times.get("public_key") or draft.public_key)
    builder = builder.serial_number(serial or draft.serial)
    builder = builder.not_valid_before(times.get("start") or draft.not_before)
    builder = builder.not_valid_after(times.get("end") or draft.not_after)
    for extension in draft.unsigned().extensions:
        if extension.oid not in drop:
            value, critical = replacements.get(extension.oid, (extension.value, extension.critical))
            builder = builder.add_extension(value, critical)
    for value, critical in add:
        builder = builder.add_extension(value, critical)
    return builder.sign(key, hashing or hashes.SHA384())


def refused(bench: CaBench, because: str, draft: Draft | None = None, **changes) -> None:
    draft = draft or bench.draft()
    certificate = changed(draft, bench.issuing_key.private_key, **changes)
    with pytest.raises(NotLinted, match=because):
        judge(certificate, draft)


def qc(*statements: tuple[str, str | None]) -> tuple[x509.UnrecognizedExtension, bool]:
    built = qc_statements._Statements(
        [
            qc_statements._statement(name, qc_statements._identifiers(value) if value else None)
            for name, value in statements
        ]
    )
    return x509.UnrecognizedExtension(QC_OID, built.dump()), False


def test_an_unchanged_certificate_passes(bench):
    draft = bench.draft()
    judge(changed(draft, bench.issuing_key.private_key), draft)


def test_only_the_linter_makes_what_can_be_signed(bench):
    with pytest.raises(TypeError):
        LintedTbs(bench.draft(), b"", object())


def test_other_bytes_than_were_linted_are_not_signed(bench, monkeypatch):
    linted = lint(bench.draft())
    other = bench.draft().builder()
    monkeypatch.setattr(Draft, "builder", lambda self: other)
    with pytest.raises(SignatureUnusable, match="other bytes"):
        sign(linted, bench.issuing_key)


def test_another_key_than_the_issuers_does_not_sign__attack_y8(bench):
    with pytest.raises(SignatureUnusable, match="does not verify"):
        sign(lint(bench.draft()), SoftwareSigningKey(KeyType.EC_P384))


@pytest.mark.parametrize("serial", [1, 1 << 64, (1 << 159) | 5, -3, 1 << 200])
def test_serial_numbers_to_be_guessed_or_too_long_are_refused__rfc5280_4_1_2_2(bench, serial):
    with pytest.raises(NotLinted):
        lint(bench.draft(serial=serial if serial != 1 << 64 else (1 << 64) - 1))


def test_another_version_than_three_is_refused__rfc5280_4_1_2_1(bench):
    draft = bench.draft()
    raw = RawCertificate.load(draft.unsigned().public_bytes(Encoding.DER))
    raw["tbs_certificate"]["version"] = "v1"
    with pytest.raises(NotLinted, match="version"):
        judge(x509.load_der_x509_certificate(raw.dump(force=True)), draft)


def test_another_serial_than_the_drafted_is_refused(bench):
    refused(bench, "serial number", serial=1 << 100)


def test_a_hash_that_does_not_belong_to_the_curve_is_refused__ts_119_312(bench):
    refused(bench, "signature algorithm", hashing=hashes.SHA512())
    refused(bench, "signature algorithm", hashing=hashes.SHA256())


def test_an_issuer_other_than_the_authority_is_refused__rfc5280_4_1_2_4(bench):
    refused(bench, "issuer is not", issuer=bench.root.name)


def test_an_issuer_without_organization_identifier_is_refused__gen_4_2_3_1(bench):
    bare = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "RO"), x509.NameAttribute(NameOID.COMMON_NAME, "TEST X")]
    )
    draft = bench.draft(issuer=dataclasses.replace(bench.issuer, name=bare))
    with pytest.raises(NotLinted, match="issuer without"):
        lint(draft)


@pytest.mark.parametrize("change", [{"start": -1}, {"end": 1}, {"end": -1}, {"end": 3650 * 86400}])
def test_another_validity_than_the_profiles_is_refused__attack_w4(bench, change):
    draft = bench.draft()
    at = {"start": draft.not_before, "end": draft.not_after}
    refused(bench, "validity is not", draft, **{name: at[name] + timedelta(seconds=s) for name, s in change.items()})


@pytest.mark.parametrize("days", [0, -1, 1097, 3650])
def test_a_validity_that_no_setting_may_choose_is_refused(bench, days):
    profile = dataclasses.replace(bench.draft().profile, validity=timedelta(days=days))
    with pytest.raises(NotLinted):
        lint(bench.draft(profile=profile))


def test_a_validity_beyond_the_issuers_is_refused__rfc5280_6_1(bench):
    short = dataclasses.replace(bench.issuer, not_after=bench.clock.now() + timedelta(days=89))
    with pytest.raises(NotLinted, match="exceeds"):
        lint(bench.draft(issuer=short))
    late = dataclasses.replace(bench.issuer, not_before=bench.clock.now() + timedelta(seconds=1))
    with pytest.raises(NotLinted, match="exceeds"):
        lint(bench.draft(issuer=late))


def test_a_subject_with_another_set_of_attributes_is_refused(bench):
    draft = bench.draft()
    email = x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@example.com")
    refused(bench, "subject attributes", draft, subject=x509.Name([*draft.subject, email]))
    refused(bench, "subject attributes", draft, subject=x509.Name(list(draft.subject)[1:]))


def test_two_attributes_in_one_rdn_are_refused(bench):
    draft = bench.draft()
    attributes = list(draft.subject)
    # DER sorts the attributes of one RDN: given name and serial number would stay in the profile's order.
    for at in range(len(attributes) - 1):
        rdns = [x509.RelativeDistinguishedName([each]) for each in attributes]
        rdns[at : at + 2] = [x509.RelativeDistinguishedName(attributes[at : at + 2])]
        refused(bench, "two attributes|subject attributes", draft, subject=x509.Name(rdns))


def test_a_subject_other_than_the_drafted_is_refused(bench):
    draft = bench.draft()
    other = [x509.NameAttribute(each.oid, each.value.upper()) for each in draft.subject]
    refused(bench, "not the drafted", draft, subject=x509.Name(other))


def subject_with(bench, oid, value) -> x509.Name:
    names = [x509.NameAttribute(each.oid, value if each.oid == oid else each.value) for each in bench.draft().subject]
    return x509.Name(names)


@pytest.mark.parametrize(
    ("oid", "value", "because"),
    [
        (NameOID.SURNAME, "Bra\N{COMBINING BREVE}nza", "NFC"),
        (NameOID.SURNAME, " Popa", "blanks"),
        (NameOID.SURNAME, "", "empty"),
        (NameOID.SURNAME, "Po\x00pa", "cannot be seen"),
        (NameOID.SURNAME, "Po\N{RIGHT-TO-LEFT OVERRIDE}pa", "cannot be seen"),
        (NameOID.SURNAME, "Popa\N{NO-BREAK SPACE}Ion", "cannot be seen"),
        (NameOID.SURNAME, "Popa, CN=Dan", "COMMA"),
        (NameOID.SURNAME, "Popa+Dan", "PLUS"),
        (NameOID.GIVEN_NAME, "\N{CYRILLIC CAPITAL LETTER A}na", "CYRILLIC"),
        (NameOID.COMMON_NAME, "Dan D", "do not follow"),
        (NameOID.COUNTRY_NAME, "DE", "do not follow"),
        (NameOID.SERIAL_NUMBER, "2900101400016", "subject"),
        (NameOID.SERIAL_NUMBER, "PNOro-2900101400016", "subject"),
        (NameOID.SERIAL_NUMBER, "PNORO-290010140001", "subject"),
        (NameOID.SERIAL_NUMBER, "TAXRO-2900101400016", "subject"),
    ],
)
def test_a_subject_that_is_no_persons_is_refused__attack_z10(bench, oid, value, because):
    with pytest.raises(NotLinted, match=because):
        lint(bench.draft(subject=subject_with(bench, oid, value)))


def test_a_string_of_another_type_is_refused(bench):
    printable = x509.NameAttribute(NameOID.SURNAME, "Popa", x509.name._ASN1Type.PrintableString)
    subject = x509.Name([printable if each.oid == NameOID.SURNAME else each for each in bench.draft().subject])
    with pytest.raises(NotLinted, match="not UTF8String"):
        lint(bench.draft(subject=subject))


@pytest.mark.parametrize(
    ("make_key", "because"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), "3000"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "neither"),
        (ed25519.Ed25519PrivateKey.generate, "neither"),
        (lambda: rsa.generate_private_key(3, 3072), "exponent"),
        (lambda: rsa.generate_private_key(65537, 3200), "3072 or 4096"),
    ],
)
def test_a_weak_or_unusual_key_is_refused__ts_119_312(bench, make_key, because):
    public_key = make_key().public_key()
    identifier = (x509.SubjectKeyIdentifier.from_public_key(public_key), False)
    refused(bench, because, public_key=public_key, replace=[identifier])


def test_a_key_type_outside_the_profile_is_refused(bench):
    profile = dataclasses.replace(bench.draft().profile, keys=frozenset({KeyType.RSA_3072}))
    with pytest.raises(NotLinted, match="key type ec-p256"):
        lint(bench.draft(profile=profile))


def test_the_authoritys_own_key_is_refused__attack_w4(bench):
    with pytest.raises(NotLinted, match="own key"):
        lint(bench.draft(public_key=bench.issuer.public_key))


def test_a_wrong_subject_key_identifier_is_refused__rfc5280_4_2_1_2(bench):
    refused(bench, "subject key identifier", replace=[(x509.SubjectKeyIdentifier(bytes(20)), False)])


def test_a_wrong_authority_key_identifier_is_refused__rfc5280_4_2_1_1(bench):
    refused(bench, "authority key", replace=[(x509.AuthorityKeyIdentifier(bytes(20), None, None), False)])
    digest = x509.SubjectKeyIdentifier.from_public_key(bench.issuer.public_key).digest
    named = x509.AuthorityKeyIdentifier(digest, [x509.DirectoryName(bench.root.name)], 7)
    refused(bench, "authority key", replace=[(named, False)])


@pytest.mark.parametrize(
    "add",
    [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.OCSPNoCheck(), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.56"), b"\x05\x00"), False),  # noRevAvail
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),
    ],
)
def test_an_extension_that_does_not_belong_is_refused__attack_w4(bench, add):
    refused(bench, "extensions", add=[add])


def test_a_missing_extension_or_another_criticality_is_refused(bench):
    for extension in bench.draft().unsigned().extensions:
        refused(bench, "extensions", drop=[extension.oid])
        refused(bench, "extensions", replace=[(extension.value, not extension.critical)])


@pytest.mark.parametrize("usage", ["digital_signature", "key_cert_sign", "key_agreement"])
def test_another_key_usage_than_type_a_is_refused__en_319_412_2_4_3_2(bench, usage):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names = (*names, "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    value = x509.KeyUsage(**{name: name in {usage, "content_commitment"} for name in names})
    refused(bench, "type A", replace=[(value, True)])


def uris(*urls: str) -> list[x509.UniformResourceIdentifier]:
    return [x509.UniformResourceIdentifier(url) for url in urls]


@pytest.mark.parametrize(
    "points",
    [
        [x509.DistributionPoint(uris("https://pki.example.com/a.crl"), None, None, None)],
        [x509.DistributionPoint(uris("http://127.0.0.1/a.crl"), None, None, None)],
        [x509.DistributionPoint(uris("http://localhost/a.crl"), None, None, None)],
        [x509.DistributionPoint(uris("http://pki/a.crl"), None, None, None)],
        [x509.DistributionPoint(uris("http://pki.local/a.crl"), None, None, None)],
        [x509.DistributionPoint(uris("http://pki.example.com"), None, None, None)],
        [x509.DistributionPoint(uris("http://a.example.com/1", "http://a.example.com/2"), None, None, None)],
        [x509.DistributionPoint(uris("http://a.example.com/1"), None, None, None)] * 2,
    ],
)
def test_a_crl_address_that_means_nothing_to_others_is_refused__rfc5280_4_2_1_13(bench, points):
    refused(bench, "URL|CRL address", replace=[(x509.CRLDistributionPoints(points), False)])


@pytest.mark.parametrize(
    "methods",
    [
        ["CA_ISSUERS"],
        ["OCSP"],
        ["CA_ISSUERS", "OCSP"],
        ["OCSP", "OCSP", "CA_ISSUERS"],
    ],
)
def test_a_responder_and_the_issuers_certificate_must_be_named__en_319_412_2_4_4_1(bench, methods):
    oid = AuthorityInformationAccessOID
    places = [x509.AccessDescription(getattr(oid, each), uris("http://pki.example.com/x")[0]) for each in methods]
    refused(bench, "authority information access", replace=[(x509.AuthorityInformationAccess(places), False)])


def policy(oid: str, *qualifiers) -> x509.PolicyInformation:
    return x509.PolicyInformation(x509.ObjectIdentifier(oid), list(qualifiers) or None)


OWN, NCP, QCP, CPS = "1.3.6.1.4.1.99999.1.1.1", "0.4.0.2042.1.2", "0.4.0.194112.1.2", "https://pki.example.com/cps.pdf"


@pytest.mark.parametrize(
    ("policies", "because"),
    [
        ([policy(NCP, CPS)], "one of ETSI"),
        ([policy(OWN, CPS), policy(NCP)], "one of ETSI"),
        ([policy(NCP, CPS), policy(QCP)], "one of ETSI"),
        ([policy(NCP, CPS), policy("2.5.29.32.0")], "one of ETSI"),
        ([policy(QCP, CPS), policy(OWN)], "policy 0.4.0.194112.1.2"),
        ([policy("0.4.0.2042.1.1", CPS), policy(OWN)], "policy 0.4.0.2042.1.1"),
        ([policy(NCP, CPS), policy("1.2.3")], "policy"),
        ([policy(NCP), policy(OWN)], "practice statement"),
        ([policy(NCP, CPS, CPS), policy(OWN)], "practice statement"),
        ([policy(NCP, x509.UserNotice(None, "x")), policy(OWN)], "practice statement"),
        ([policy(NCP, "http://pki.example.com/cps.pdf"), policy(OWN)], "https"),
    ],
)
def test_other_policies_are_refused__en_319_411_1_5_3(bench, policies, because):
    refused(bench, because, replace=[(x509.CertificatePolicies(policies), False)])


GOOD = [(qc_statements.SEMANTICS, "0.4.0.194121.1.1"), (qc_statements.TYPE, "0.4.0.1862.1.6.1")]


def qc_with(*statements, pds=(("https://pki.example.com/pds-en.pdf", "en"),)):
    locations = qc_statements._Locations([qc_statements._Location({"url": u, "language": lang}) for u, lang in pds])
    built = [qc_statements._statement(qc_statements.PDS, locations)]
    for name, values in statements:
        info = (
            None if values is None else qc_statements._identifiers(*([values] if isinstance(values, str) else values))
        )
        built.append(qc_statements._statement(name, info))
    return [(x509.UnrecognizedExtension(QC_OID, qc_statements._Statements(built).dump()), False)]


@pytest.mark.parametrize(
    ("statements", "because"),
    [
        ([*GOOD, (qc_statements.COMPLIANCE, None)], "contradict"),
        ([*GOOD, (qc_statements.SSCD, None)], "contradict"),
        ([*GOOD, GOOD[0]], "twice"),
        (GOOD[:1], "missing"),
        (GOOD[1:], "missing"),
        ([GOOD[0], (qc_statements.TYPE, "0.4.0.1862.1.6.2")], "exactly one type"),
        ([GOOD[0], (qc_statements.TYPE, ["0.4.0.1862.1.6.1", "0.4.0.1862.1.6.2"])], "exactly one type"),
        ([(qc_statements.SEMANTICS, "0.4.0.194121.1.2"), GOOD[1]], "semantics"),
        ([*GOOD, (qc_statements.IDENT_METHOD, ["0.4.0.1862.1.8.3", "0.4.0.1862.1.8.4"])], "one method"),
        ([*GOOD, ("0.4.0.1862.1.7", "1.2.3")], "statement 0.4.0.1862.1.7"),
    ],
)
def test_other_claims_are_refused__en_319_412_5_4(bench, statements, because):
    refused(bench, because, replace=qc_with(*statements))


def test_these_claims_pass(bench):
    draft = bench.draft()
    judge(changed(draft, bench.issuing_key.private_key, replace=qc_with(*GOOD)), draft)


def test_half_of_the_full_claim_is_refused__ovr_5_1(bench):
    settings = settings_for(bench.settings.state_dir, marking="full").ca
    draft = bench.draft(profile=profiles.signatory(settings))
    for claims in ([], [(qc_statements.COMPLIANCE, None)], [(qc_statements.SSCD, None)]):
        refused(bench, "contradict", draft, replace=qc_with(*GOOD, *claims))


@pytest.mark.parametrize(
    ("pds", "because"),
    [
        ([], "English"),
        ([("https://pki.example.com/p.pdf", "ro")], "English"),
        ([("https://pki.example.com/p.pdf", "en"), ("https://pki.example.com/q.pdf", "en")], "each language once"),
        ([("https://pki.example.com/p.pdf", "en"), ("https://pki.example.com/q.pdf", "RO")], "language"),
        ([("http://pki.example.com/p.pdf", "en")], "https"),
        ([("https://localhost/p.pdf", "en")], "means nothing"),
    ],
)
def test_another_disclosure_statement_is_refused__en_319_412_5_4_3_4(bench, pds, because):
    refused(bench, because, replace=qc_with(*GOOD, pds=pds))


def test_a_ca_whose_name_does_not_say_test_is_refused(bench):
    draft = issuing_draft(bench, subject=authority_name(bench.settings.ca, "Natural Person CA G1"))
    with pytest.raises(NotLinted, match="begins with TEST"):
        lint(draft)


def test_a_ca_without_path_length_or_with_other_uses_is_refused__rfc5280_4_2_1_9(bench):
    draft = issuing_draft(bench)
    key = bench.root_key.private_key
    for value in (x509.BasicConstraints(ca=True, path_length=None), x509.BasicConstraints(ca=False, path_length=None)):
        with pytest.raises(NotLinted, match="basic constraints"):
            judge(changed(draft, key, replace=[(value, True)]), draft)
    usage = bench.draft().unsigned().extensions.get_extension_for_class(x509.KeyUsage).value
    with pytest.raises(NotLinted, match="that of a CA"):
        judge(changed(draft, key, replace=[(usage, True)]), draft)


def issuing_draft(bench: CaBench, **changes) -> Draft:
    subject = authority_name(bench.settings.ca, bench.settings.ca.issuing_name)
    made: Issuer = bench.root
    public_key = bench.issuer.public_key
    values = {
        "profile": profiles.issuing(bench.settings.ca),
        "issuer": made,
        "subject": subject,
        "public_key": public_key,
    }
    return bench.draft(**(values | changes))


def test_a_hash_for_rsa_issuers_does_not_change_what_a_curve_demands(bench):
    assert bench.issuer.hash(HashAlgorithm.SHA256) is HashAlgorithm.SHA384
