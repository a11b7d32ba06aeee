"""The development phone: a page with the SMS that would have been sent, newest first. Loopback only (attack N12).

It is a zone of its own because `web` must not see codes. It holds nothing, remembers nothing and changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, abort, render_template_string, request

from apps.serving import Zone, main
from core.config import BadSettings, Settings, is_loopback

if TYPE_CHECKING:
    from pathlib import Path
    from wsgiref.types import WSGIApplication

_SHOWN: Final = 50
_STYLE: Final = """
body { margin: 0; background: #dfe7ea; font: 18px/1.4 sans-serif; color: #0b0c0c; }
main { max-width: 26rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.3rem; }
article { background: #fff; border-radius: 1rem; padding: .75rem 1rem; margin: 0 0 1rem; }
header { color: #4a5459; font-size: .9rem; }
p { margin: .4rem 0 0; white-space: pre-line; overflow-wrap: anywhere; }
"""
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Development phone</title>
<style>{{ style }}</style>
</head>
<body>
<main>
<h1>Development phone</h1>
<p>Messages that a gateway would have sent. Reload the page to see new ones.</p>
{% for message in messages %}
<article class="sms" data-to="{{ message.to }}">
<header>{{ message.sender }} to {{ message.to }}, <time>{{ message.at }}</time></header>
<p class="text">{{ message.text }}</p>
</article>
{% else %}
<p>No message so far.</p>
{% endfor %}
</main>
</body>
</html>
"""


def zone(settings: Settings) -> Zone:
    """Return what the `phone` zone runs.

    Raises:
        BadSettings: the service, the portal or the phone itself can be reached from elsewhere.
    """
    for address in (settings.phone.listen, settings.service.public_origin, settings.portal.public_origin):
        if not is_loopback(address):
            raise BadSettings(f"{address} is public: the development phone does not run beside it")
    return Zone(name="phone", build=lambda: build(settings), listen=(settings.phone.listen,), threads=4)


def build(settings: Settings) -> WSGIApplication:
    """Return the application."""
    app = Flask(__name__, static_folder=None)
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    port = settings.phone.listen.rsplit(":", 1)[1]
    names = {settings.phone.listen, f"localhost:{port}", f"127.0.0.1:{port}"}

    @app.before_request
    def check_host() -> None:
        if request.host not in names:  # a page elsewhere could have its name point here and read the codes
            abort(400)

    @app.get("/")
    def messages() -> str:
        return render_template_string(_PAGE, style=_STYLE, messages=newest(settings.outbox()))

    @app.get("/health")
    def health() -> Response:
        newest(settings.outbox())
        return Response("ok\n", mimetype="text/plain")

    @app.after_request
    def close(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return app


def newest(outbox: Path) -> list[dict[str, str]]:
    """Return the last messages in the outbox, newest first."""
    messages = [json.loads(path.read_text(encoding="utf-8")) for path in outbox.glob("*.json")]
    return sorted(messages, key=lambda message: message["at"], reverse=True)[:_SHOWN]


if __name__ == "__main__":
    main(zone)
