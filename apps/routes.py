"""The route of each request to a Flask application, for the counts of `apps.meters`: never the path that was asked for."""

from __future__ import annotations

from flask import Flask, Response, request

from apps.meters import CALL


def name_calls(app: Flask) -> Flask:
    """Have an application tell the route of each request; return it."""

    @app.after_request
    def tell(response: Response) -> Response:
        if request.url_rule is not None:
            request.environ[CALL] = request.url_rule.rule
        return response

    return app
