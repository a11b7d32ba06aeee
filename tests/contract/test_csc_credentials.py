"""credentials/list, credentials/info and info: answers and error tables (CSC API v2 §11.1, §11.4, §11.5; checklist §14.6)."""

from __future__ import annotations

import base64
import re

import pytest
from cryptography.x509 import load_der_x509_certificate

from tests.support.wire import assert_error

BAD = "invalid_request"


@pytest.mark.parametrize("user", [None, ..., "", 7, True, ["ana"], "x" * 256])
def test_a_user_id_that_is_none_is_invalid(web, service, user):
    body = {} if user is ... else {"userID": user}
    assert_error(web.call("credentials/list", body, service), 400, BAD, "Invalid parameter userID")


def test_a_credential_token_names_its_user_itself(web, sad):
    answer = web.call("credentials/list", {"userID": "ana"}, sad)
    assert_error(answer, 400, BAD, "userID parameter MUST be null")
    assert web.call("credentials/list", {"userID": None}, sad).json == {"credentialIDs": [web.a.credential]}


@pytest.mark.parametrize("method", ["credentials/list", "credentials/info"])
@pytest.mark.parametrize("value", ["all", "", 7, True, ["chain"]])
def test_certificates_is_one_of_three_words(web, service, method, value):
    body = {"userID": "ana", "credentialID": web.a.credential, "certificates": value}
    assert_error(web.call(method, body, service), 400, BAD, "Invalid parameter certificates")


@pytest.mark.parametrize("value", [None, ..., 7, True, []])
def test_credentials_info_needs_a_credential(web, service, value):
    body = {} if value is ... else {"credentialID": value}
    answer = web.call("credentials/info", body, service)
    assert_error(answer, 400, BAD, "Missing (or invalid type) string parameter credentialID")


def test_foreign_unknown_and_misspelt_credentials_read_alike(web, service, sad):
    asked = [web.b.credential, "c-nobody", web.a.credential.upper(), web.a.credential + " ", "x" * 999]
    answers = {web.call("credentials/info", {"credentialID": each}, service).data for each in asked}
    answers |= {web.call("credentials/info", {"credentialID": each}, sad).data for each in asked}
    assert len(answers) == 1
    answer = web.call("credentials/info", {"credentialID": web.b.credential}, service)
    assert_error(answer, 400, BAD, "Invalid parameter credentialID")


def test_foreign_and_unknown_accounts_read_alike(web, service):
    answers = [web.call("credentials/list", {"userID": user}, service) for user in ("bogdan", "nobody", "ANA")]
    assert {(answer.status_code, answer.data) for answer in answers} == {(200, b'{"credentialIDs":[]}')}


def test_list_gives_what_was_asked_for(web, service):
    body = {
        "userID": "ana", "credentialInfo": True, "certificates": "chain", "certInfo": True, "authInfo": True,
        "onlyValid": True, "lang": None, "clientData": None, "maxResults": 10, "pageToken": None, "auth_info": True,
    }  # fmt: skip
    answer = web.call("credentials/list", body, service).json
    assert answer["credentialIDs"] == [web.a.credential]
    assert answer["onlyValid"] is True
    (credential,) = answer["credentialInfos"]
    assert credential["credentialID"] == web.a.credential
    assert len(credential["cert"]["certificates"]) == 2
    assert "onlyValid" not in web.call("credentials/list", {"userID": "ana"}, service).json


def test_info_of_a_credential_has_what_every_known_client_needs(web, service, sad):
    body = {"credentialID": web.a.credential, "certificates": "chain", "certInfo": True, "authInfo": True}
    answer = web.call("credentials/info", body, service).json
    assert answer == web.call("credentials/info", body, sad).json
    assert answer["key"] == {
        "status": "enabled",
        "algo": ["1.2.840.10045.4.3.2", "1.2.840.10045.2.1"],  # the one that fixes the hash first
        "len": 256,
        "curve": "1.2.840.10045.3.1.7",
    }
    assert answer["auth"] == {"mode": "oauth2code", "objects": []}
    assert (answer["SCAL"], answer["multisign"], answer["lang"]) == ("2", 100, "ro-RO")
    cert = answer["cert"]
    leaf = load_der_x509_certificate(base64.b64decode(cert["certificates"][0]))
    assert cert["status"] == "valid"
    assert int(cert["serialNumber"], 16) == leaf.serial_number
    assert cert["subjectDN"] == leaf.subject.rfc4514_string()
    assert re.fullmatch(r"\d{14}Z", cert["validFrom"])
    assert re.fullmatch(r"\d{14}Z", cert["validTo"])


def test_certificates_are_one_by_default_and_none_when_not_wanted(web, service):
    body = {"credentialID": web.a.credential}
    assert len(web.call("credentials/info", body, service).json["cert"]["certificates"]) == 1
    cert = web.call("credentials/info", body | {"certificates": "none"}, service).json["cert"]
    assert cert == {"status": "valid"}


@pytest.mark.parametrize("flag", ["credentialInfo", "certInfo", "authInfo", "onlyValid"])
@pytest.mark.parametrize("value", ["true", 1, 0, []])
def test_a_flag_is_a_boolean(web, service, flag, value):
    answer = web.call("credentials/list", {"userID": "ana", flag: value}, service)
    assert_error(answer, 400, BAD, f"Invalid parameter {flag}")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"lang":null}', b'{"lang":"ro-RO","x":1}'])
def test_info_needs_no_token_and_no_body(web, body):
    answer = web.call("info", body)
    assert answer.status_code == 200
    assert answer.json["lang"] == "ro-RO"


def test_info_has_every_member_that_a_client_demands(web):
    answer = web.call("info", {"lang": "en-GB"}).json
    assert answer["specs"] == "2.2.0.0"
    assert answer["lang"] == "en-US"
    assert answer["oauth2"] == web.origin
    assert not {"oauth2Issuer", "oauth2Servers"} & set(answer)
    needed = {
        "name", "logo", "region", "description", "authType", "methods", "signAlgorithms", "signature_formats",
        "conformance_levels", "supportedHashTypes", "asynchronousOperationMode",
    }  # fmt: skip
    assert needed <= set(answer)
    assert answer["supportsRar"] is True
    formats = answer["signature_formats"]
    assert len(formats["formats"]) == len(formats["envelope_properties"])
    assert None not in answer["signAlgorithms"]["algoParams"]
    for method in answer["methods"]:
        path = f"/{method}" if method.startswith("oauth2/") else f"/csc/v2/{method}"
        assert web.app.url_map.bind("").test(path, method="POST"), method


@pytest.mark.parametrize("lang", ["../../etc", "xx", 7, ["en"], "%(name)s", "e" * 5000])
def test_a_language_that_is_none_is_answered_in_the_first(web, lang):
    assert web.call("info", {"lang": lang}).json["lang"] == "ro-RO"


def test_the_logo_is_a_small_picture(web):
    answer = web.http.get(web.call("info", {}).json["logo"].removeprefix(web.origin))
    assert answer.mimetype == "image/png"
    assert answer.data[16:24] == (128).to_bytes(4, "big") * 2
