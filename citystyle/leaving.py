"""The page of our own that leads to another origin after a form.

A redirect in answer to a form is blocked by our own `form-action 'self'`, in silence. A page that goes on by itself, and
has a link for who waits in vain, is not (WCAG technique H76). It sends no referrer: its address may hold what is
nobody's business.
"""

from __future__ import annotations

from flask import Response, make_response, render_template


def leave_for(
    url: str, *, heading: str, link: str, text: str = "", template: str = "citystyle/leaving.html"
) -> Response:
    """Return a 200 page that goes on to `url` at once."""
    response = make_response(render_template(template, url=url, heading=heading, link=link, text=text))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
