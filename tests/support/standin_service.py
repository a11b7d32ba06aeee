"""A stand-in for the signing service: the other party of the portal, over real HTTP, honest or not.

It knows just enough of OAuth and the CSC API to be a portal's counterpart, checks what a portal must get right, and tells
the lies a test asks for. The real service is tested against the portal elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from werkzeug.serving import make_server

from tests.support.portal_pki import Holder, PortalPki

CLIENT, SECRET = "client-portal", "s3cret/with+signs="
_URN = "urn:ietf:params:oauth:request_uri:"


@dataclass
class StandinService:
    """The service's state, and its lies."""

    pki: PortalPki
    signatory: Holder
    request_key: ECKey | None = None  # the portal's public key
    port: int = 0
    pushed: dict[str, dict] = field(default_factory=dict)
    codes: dict[str, dict] = field(default_factory=dict)
    tokens: dict[str, dict] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # what the portal got wrong
    signing_calls: int = 0
    signed: dict[bytes, bytes] = field(default_factory=dict)  # digest → the one signed file
    # lies and failures
    answer: Callable[[dict], dict] = lambda answer: answer  # the redirect's parameters
    lie: Callable[[bytes, bytes], bytes] = lambda original, signed: signed
    fail: dict[str, int | str] = field(default_factory=dict)  # path → status, or "drop" after the work was done
    credentials: list[Holder] | None = None
    expires_in: int = 300
    signing_answer: Callable[[list[str]], object] = lambda documents: documents
    refuse_document: tuple[int, str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> StandinService:
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _app(self) -> Flask:
        app = Flask("standin")

        @app.before_request
        def refuse():
            status = self.fail.get(request.path)
            if isinstance(status, int):
                return {"error": "server_error" if status >= 500 else "invalid_request"}, status
            return None

        app.post("/oauth2/token")(self._token)
        app.post("/oauth2/pushed_authorize")(self._push)
        app.get("/oauth2/authorize")(self._authorize)
        app.post("/csc/v2/credentials/list")(self._list)
        app.post("/csc/v2/signatures/signDoc")(self._sign)
        return app

    def _expect(self, truth: bool, what: str) -> None:
        if not truth:
            self.problems.append(what)

    def _check_basic(self) -> None:
        user, _, password = (
            base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
        )
        from urllib.parse import unquote_plus

        self._expect((unquote_plus(user), unquote_plus(password)) == (CLIENT, SECRET), "client authentication")

    def _token(self):
        self._check_basic()
        if request.form["grant_type"] == "client_credentials":
            return jsonify(access_token="svc_1", token_type="Bearer", expires_in=600)
        asked = self.codes.pop(request.form["code"], None)
        if asked is None:
            return {"error": "invalid_grant", "error_description": "Invalid parameter code"}, 400
        verifier = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        self._expect(challenge == asked["code_challenge"], "PKCE")
        self._expect(request.form["redirect_uri"] == asked["redirect_uri"], "redirect_uri")
        token = secrets.token_urlsafe(16)
        self.tokens[token] = asked
        details = asked["authorization_details"]
        return self._after(
            jsonify(access_token=token, token_type="Bearer", expires_in=self.expires_in, authorization_details=details)
        )

    def _push(self):
        self._check_basic()
        signed = jws.deserialize_compact(request.form["request"], self.request_key, algorithms=["ES256"])
        claims = json.loads(signed.payload)
        self._expect(signed.headers()["typ"] == "oauth-authz-req+jwt", "typ")
        self._expect(claims["iss"] == claims["client_id"] == CLIENT and claims["aud"] == self.url, "iss, aud")
        self._expect(
            claims["code_challenge_method"] == "S256" and claims["response_type"] == "code", "PKCE, response_type"
        )
        self._expect(claims["exp"] - claims["iat"] <= 600, "life")
        account = jws.deserialize_compact(
            claims["account_token"], OctKey.import_key(hashlib.sha256(SECRET.encode()).digest()), algorithms=["HS256"]
        )
        self._expect(json.loads(account.payload)["azp"] == CLIENT, "azp")
        claims["account"] = json.loads(account.payload)["sub"]
        uri = _URN + secrets.token_urlsafe(16)
        self.pushed[uri] = claims
        return jsonify(request_uri=uri, expires_in=self.expires_in), 201

    def _authorize(self):
        """Let everybody through at once: what the citizen does there is not the portal's business."""
        asked = self.pushed[request.args["request_uri"]]
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        parameters = self.answer({"code": code, "state": asked["state"], "iss": self.url})
        return redirect(f"{asked['redirect_uri']}?{urlencode(parameters, doseq=True)}")

    def _list(self):
        self._expect(request.json["userID"].startswith("acct-"), "userID")
        holders = [self.signatory] if self.credentials is None else self.credentials
        return jsonify(credentialIDs=["c-1"] * len(holders), credentialInfos=[self._info(each) for each in holders])

    def _info(self, holder: Holder) -> dict:
        chain = [base64.b64encode(each.der).decode() for each in (holder, self.pki.issuing, self.pki.root)]
        key = {"status": "enabled", "algo": ["1.2.840.10045.4.3.2", "1.2.840.10045.2.1"], "len": 256}
        cert = {"status": "valid", "certificates": chain}
        return {
            "credentialID": "c-1",
            "key": key,
            "cert": cert,
            "multisign": 20,
            "SCAL": "2",
            "auth": {"mode": "oauth2code"},
        }

    def _sign(self):
        self.signing_calls += 1
        if self.refuse_document is not None:
            number, reason = self.refuse_document
            description = f"Document {number} cannot be signed: {reason}"
            return {"error": "invalid_request", "error_description": description}, 400
        asked = self.tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        digests = {each["hash"] for each in asked["authorization_details"][0]["documentDigests"]}
        answer = []
        for each in request.json["documents"]:
            content = base64.b64decode(each["document"])
            digest = hashlib.sha256(content).digest()
            self._expect(base64.b64encode(digest).decode() in digests, "a document that was not authorised")
            if digest not in self.signed:
                self.signed[digest] = self.pki.sign(content, self.signatory, level=each["conformance_level"])
            answer.append(base64.b64encode(self.lie(content, self.signed[digest])).decode())
        return self._after(jsonify(DocumentWithSignature=self.signing_answer(answer)))

    def _after(self, response: Response) -> Response:
        """Lose the answer of work that was done, when a test asks for it."""
        if self.fail.get(request.path) == "drop":
            return Response(status=502)
        if self.fail.get(request.path) == "cut":
            response.headers["Content-Length"] = str(int(response.headers["Content-Length"]) + 10)
        return response
