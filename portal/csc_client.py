"""The signing service over HTTP: CSC API v2 and its OAuth endpoints, as a client that trusts little.

Each call has its time limits and a limit on the answer's size; no redirect is followed and no proxy of the environment is
used. Errors have names that say what may have happened at the other end:

- `ServiceUnreachable`: the request did not arrive, nothing happened;
- `AnswerLost`: it may have been carried out;
- `ServiceBusy`: it was not carried out, asking again later is right;
- `ServiceRefused`: it was refused, asking again is useless;
- `AnswerMalformed`: the answer is none the API knows.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx

from portal.connection import Client
from portal.errors import PortalError

_TIMES: Final = httpx.Timeout(connect=5, read=30, write=30, pool=5)
_SIGNING_TIMES: Final = httpx.Timeout(connect=5, read=180, write=120, pool=5)
_SMALL: Final = 256 * 1024  # bytes of an ordinary answer
_UNSIGNABLE: Final = re.compile(r"Document (\d{1,4}) cannot be signed: ([a-z-]{1,40})")
_FORM: Final = "application/x-www-form-urlencoded"


class ServiceFailed(PortalError):
    """A call to the signing service did not give what it should."""


class ServiceUnreachable(ServiceFailed):
    """No connection: the request did not arrive."""


class AnswerLost(ServiceFailed):
    """The connection broke or the time ran out after the request left: it may have been carried out."""


class ServiceBusy(ServiceFailed):
    """The service could not serve the request now (429, 5xx)."""


class AnswerMalformed(ServiceFailed):
    """An answer that the API does not know, or one over the size limit."""


class ServiceRefused(ServiceFailed):
    """The service refused; `error` is its code (CSC API v2 §10.1)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"{status} {error}: {description}"[:300])
        self.status = status
        self.error = error
        self.description = description


class DocumentUnsignable(ServiceRefused):
    """The service says of one document why it cannot sign it; nothing of this call was signed.

    `number` counts from 1; `reason` is the service's code, e.g. `password`.
    """

    def __init__(self, refusal: ServiceRefused, number: int, reason: str) -> None:
        super().__init__(refusal.status, refusal.error, refusal.description)
        self.number = number
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as the service describes it."""

    id: str
    chain: tuple[bytes, ...]  # DER, the signatory's certificate first
    sign_algo: str  # OID: the key's first
    multisign: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """The answer to a pushed authorization request."""

    request_uri: str
    expires_in: int  # seconds


@dataclass(frozen=True, slots=True)
class CredentialToken:
    """What an authorization code was exchanged for."""

    value: str
    expires_in: int  # seconds
    details: object  # the granted authorization_details


@dataclass(frozen=True, slots=True)
class SigningOrder:
    """How documents are to be signed, the same for all of an authorization."""

    credential: str
    sign_algo: str
    sign_algo_params: str | None
    level: str  # conformance_level


class CscClient:
    """The service, at its base address."""

    def __init__(self, service_url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=service_url, timeout=_TIMES, follow_redirects=False, trust_env=False, transport=transport
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def service_token(self, client: Client) -> str:
        """Return a token that speaks for the portal itself (grant client_credentials)."""
        form = {"grant_type": "client_credentials", "scope": "service", "client_id": client.client_id}
        return _text(self._form("/oauth2/token", client, form), "access_token")

    def credentials(self, token: str, account: str) -> list[Credential]:
        """Return the usable credentials linked to one of our accounts, with their chains."""
        body = {"userID": account, "credentialInfo": True, "certificates": "chain", "certInfo": True, "onlyValid": True}
        answer = self._json("/csc/v2/credentials/list", token, body)
        infos = answer.get("credentialInfos")
        if not isinstance(infos, list):
            raise AnswerMalformed("credentials/list without credentialInfos")
        return [_credential(info) for info in infos if _enabled(info)]

    def push(self, client: Client, request: str) -> Pushed:
        """Push a request object (RFC 9126, RFC 9101)."""
        form = {"client_id": client.client_id, "request": request}
        answer = self._form("/oauth2/pushed_authorize", client, form, expected=201)
        return Pushed(_text(answer, "request_uri"), _seconds(answer))

    def exchange(self, client: Client, code: str, verifier: str, redirect_uri: str) -> CredentialToken:
        """Exchange an authorization code for the token that allows the signatures."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        form |= {"redirect_uri": redirect_uri, "client_id": client.client_id}
        answer = self._form("/oauth2/token", client, form)
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise AnswerMalformed("token_type")
        return CredentialToken(_text(answer, "access_token"), _seconds(answer), answer.get("authorization_details"))

    def sign_documents(self, token: str, order: SigningOrder, contents: list[bytes]) -> list[bytes]:
        """Return the signed documents, in the order of `contents` (signatures/signDoc, PAdES)."""
        body = {"credentialID": order.credential, "documents": [_document(order, each) for each in contents]}
        # What comes back is the document and some 60 kB, in base64.
        limit = sum(len(each) for each in contents) * 3 // 2 + len(contents) * 512 * 1024
        try:
            answer = self._json("/csc/v2/signatures/signDoc", token, body, limit=limit, times=_SIGNING_TIMES)
        except ServiceRefused as refusal:
            raise _unsignable(refusal, len(contents)) from refusal
        signed = answer.get("DocumentWithSignature")
        if not isinstance(signed, list) or len(signed) != len(contents):
            raise AnswerMalformed("signDoc: not as many documents as were sent")
        return [_base64(each) for each in signed]

    def _form(self, path: str, client: Client, form: dict[str, str], expected: int = 200) -> dict[str, Any]:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"  # RFC 6749 §2.3.1
        basic = base64.b64encode(pair.encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": _FORM}
        return self._post(path, headers, urlencode(form).encode(), expected, _SMALL, _TIMES)

    def _json(
        self, path: str, token: str, body: dict[str, Any], limit: int = _SMALL, times: httpx.Timeout = _TIMES
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return self._post(path, headers, json.dumps(body).encode(), 200, limit, times)

    def _post(
        self, path: str, headers: dict[str, str], content: bytes, expected: int, limit: int, times: httpx.Timeout
    ) -> dict[str, Any]:
        try:
            with self._http.stream("POST", path, headers=headers, content=content, timeout=times) as response:
                return _answer(response.status_code, _limited(response, limit), expected)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ServiceUnreachable(f"{path}: {error}") from error
        except httpx.HTTPError as error:
            raise AnswerLost(f"{path}: {type(error).__name__}") from error


def _unsignable(refusal: ServiceRefused, count: int) -> ServiceRefused:
    """Return what a refusal says of one document, when it does."""
    match = _UNSIGNABLE.fullmatch(refusal.description)
    if match is None or not 1 <= int(match[1]) <= count:
        return refusal
    return DocumentUnsignable(refusal, int(match[1]), match[2])


def _document(order: SigningOrder, content: bytes) -> dict[str, str]:
    asked = {
        "document": base64.b64encode(content).decode(),
        "signature_format": "P",
        "conformance_level": order.level,
        "signed_envelope_property": "Revision",
        "signAlgo": order.sign_algo,
    }
    return asked | ({"signAlgoParams": order.sign_algo_params} if order.sign_algo_params else {})


def _limited(response: httpx.Response, limit: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > limit:
            raise AnswerMalformed(f"an answer of more than {limit} bytes")
    return bytes(content)


def _answer(status: int, content: bytes, expected: int) -> dict[str, Any]:
    if status == 429 or status >= 500:
        raise ServiceBusy(f"status {status}")
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise AnswerMalformed(f"status {status}, not JSON") from error
    if not isinstance(answer, dict):
        raise AnswerMalformed("not an object")
    if 400 <= status < 500:
        raise ServiceRefused(status, str(answer.get("error", "")), str(answer.get("error_description", "")))
    if status != expected:
        raise AnswerMalformed(f"status {status}")
    return answer


def _enabled(info: object) -> bool:
    try:
        return bool(info["key"]["status"] == "enabled" and info["cert"].get("status", "valid") == "valid")  # type: ignore[index]  # what it is, is checked by trying
    except (TypeError, KeyError, AttributeError) as error:
        raise AnswerMalformed("credentialInfos") from error


def _credential(info: dict[str, Any]) -> Credential:
    try:
        chain = tuple(_base64(each) for each in info["cert"]["certificates"])
        multisign = info["multisign"]
        credential = Credential(_text(info, "credentialID"), chain, str(info["key"]["algo"][0]), multisign)
    except (KeyError, IndexError, TypeError) as error:
        raise AnswerMalformed("credentialInfos") from error
    if not chain or type(multisign) is not int:
        raise AnswerMalformed("credentialInfos")
    return credential


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 10_000:
        raise AnswerMalformed(name)
    return value


def _seconds(answer: dict[str, Any]) -> int:
    value = answer.get("expires_in")
    if type(value) is not int or value <= 0:
        raise AnswerMalformed("expires_in")
    return min(value, 24 * 3600)


def _base64(value: object) -> bytes:
    try:
        return base64.b64decode(value, validate=True)  # type: ignore[arg-type]  # what it is, is checked by trying
    except (ValueError, TypeError) as error:
        raise AnswerMalformed("base64") from error
