"""`paraph ca trusted-list` and `paraph ca statements` on running zones, and what `status` then serves to everybody."""

from __future__ import annotations

import json
import subprocess

import httpx
import pytest

from ca.server import LIST_SIGNER
from core import addresses
from tests.support.trusted_list_rules import complaints

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("instance")]
SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"


def get(instance, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"http://{instance.settings.status.listen}{path}", headers=headers, trust_env=False)


def test_a_new_installation_serves_its_first_list_verified_by_xmlsec1(instance, tmp_path):
    served = get(instance, addresses.TRUSTED_LIST)
    assert served.headers["Content-Type"].startswith("application/vnd.etsi.tsl+xml")
    assert complaints(served.content) == []
    (tmp_path / "list.xml").write_bytes(served.content)
    published = instance.settings.published()
    done = subprocess.run(
        ["xmlsec1", "--verify", "--id-attr:Id", SIGNED_PROPERTIES, "--enabled-key-data", "x509",
         "--trusted-pem", str(published / "root.pem"), "--untrusted-pem", str(published / "issuing.pem"), "list.xml"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_list_has_the_responder_and_the_unit_that_answer(instance):
    names = [
        line.split("</Name>")[0]
        for line in get(instance, addresses.TRUSTED_LIST).text.split('<ServiceName><Name xml:lang="en">')[1:]
    ]
    assert names[:3] == ["TEST Natural Person CA G1", "TEST OCSP Responder 1", "TEST Time-Stamping Unit 1"]


def test_command_issues_the_next_list_and_status_serves_it_at_once(instance):
    before = get(instance, addresses.TRUSTED_LIST)
    said = json.loads(instance.paraph("ca", "trusted-list", "--json").stdout)
    after = get(instance, addresses.TRUSTED_LIST)
    assert f"<TSLSequenceNumber>{said['number']}</TSLSequenceNumber>" in after.text
    assert f"<TSLSequenceNumber>{said['number'] - 1}</TSLSequenceNumber>" in before.text
    assert said["services"] >= 3
    assert said["url"] == instance.settings.ca.public_url + addresses.TRUSTED_LIST
    assert get(instance, addresses.TRUSTED_LIST, **{"If-None-Match": after.headers["ETag"]}).status_code == 304
    assert instance.paraph("ca", "trusted-list").stdout.startswith(f"Trusted list {said['number'] + 1}: ")


def test_help_shows_an_example(instance):
    for command in ("trusted-list", "statements"):
        assert f"Example: paraph ca {command}" in instance.paraph("ca", command, "--help").stdout


def test_missing_signers_certificate_is_a_plain_refusal(instance):
    path = instance.settings.zone_dir("ca") / LIST_SIGNER
    aside = path.rename(path.with_suffix(".aside"))
    try:
        done = instance.paraph("ca", "trusted-list", check=False)
    finally:
        aside.rename(path)
    assert done.returncode == 3
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "path", [addresses.PRACTICE_STATEMENT, *(addresses.DISCLOSURE_STATEMENT.format(each) for each in ("ro", "en"))]
)
def test_statements_are_served_where_certificates_point__en319412_5_4_3_4(instance, path):
    served = get(instance, path)
    assert served.headers["Content-Type"] == "application/pdf"
    assert served.content.startswith(b"%PDF-")
    assert instance.paraph("ca", "statements").stdout == "The published statements are current\n"
