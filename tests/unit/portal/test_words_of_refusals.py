"""What a citizen reads of a document that the service does not sign: words for every reason there is, in both languages."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from citystyle.dress import dress
from citystyle.site import Site
from portal.journey.collecting import UNSIGNABLE
from portal.texts import verdict_text
from preflight.reasons import REFUSALS
from tests.support.catalogues import ROOT

NOT_FORESEEN = {"ro": "serviciul de semnare nu îl acceptă", "en": "the signing service does not accept it"}


@pytest.fixture(scope="module")
def app():
    made = Flask("words", static_folder=None)
    translations = (ROOT / "portal" / "translations",)
    dress(made, Site(lambda: "S", "O", "http://localhost:1", "021", "__Host-x", translations=translations))
    return made


def said(app, language, reason):
    with app.test_request_context(base_url="http://localhost:1"), force_locale(language):
        return verdict_text(UNSIGNABLE + reason, "plan.pdf")


@pytest.mark.parametrize("language", ["ro", "en"])
@pytest.mark.parametrize("reason", REFUSALS)
def test_every_reason_of_preflight_has_words_at_the_portal(app, reason, language):
    text = said(app, language, reason)
    assert text.startswith({"ro": "„plan.pdf” nu poate fi semnat: ", "en": "“plan.pdf” cannot be signed: "}[language])
    assert NOT_FORESEEN[language] not in text
    assert reason not in text.split(": ", 1)[1].split()


@pytest.mark.parametrize("language", ["ro", "en"])
def test_a_reason_of_another_service_is_told_all_the_same(app, language):
    assert NOT_FORESEEN[language] in said(app, language, "something-new")
