"""`info`: what the service can do (CSC API v2 §11.1). The same answer for everybody, made once for each language."""

from __future__ import annotations

from typing import Final

from api.csc.algorithms import algorithm_parameters, key_algorithms
from api.csc.orders import ENVELOPES
from core.algorithms import KeyType
from core.config import Settings
from core.strict_json import Json
from signer.levels import Level

METHODS: Final = [
    "info",
    "credentials/list",
    "credentials/info",
    "signatures/signHash",
    "signatures/signDoc",
    "oauth2/authorize",
    "oauth2/pushed_authorize",
    "oauth2/token",
    "oauth2/revoke",
]
_LANGUAGES: Final = {"ro": "ro-RO", "en": "en-US"}
_DESCRIPTIONS: Final = {
    "ro": "Serviciu de semnare la distanță: chei păstrate în HSM, autorizare prin cod trimis prin SMS",
    "en": "Remote signature service: keys kept in an HSM, authorisation by a code sent by SMS",
}


def language_tag(wanted: object, languages: tuple[str, ...]) -> str:
    """Return the RFC 5646 tag of the language an answer is in, for the one that was wished (attack Z12)."""
    subtag = wanted.split("-")[0].lower() if isinstance(wanted, str) else ""
    language = subtag if subtag in languages else languages[0]
    return _LANGUAGES.get(language, language)


def info(settings: Settings, tag: str) -> Json:
    """Return the answer of `info` in a language."""
    key_type = KeyType(settings.sam.signatory_key)
    origin = settings.service.public_origin  # no slash at its end: clients append /oauth2/…
    return {
        "specs": settings.web.csc_specs,
        "name": settings.service.name,
        "logo": f"{origin}/csc/logo.png",
        "region": settings.service.region,
        "lang": tag,
        "description": _DESCRIPTIONS.get(tag.split("-", maxsplit=1)[0], _DESCRIPTIONS["en"]),
        "authType": ["oauth2code", "oauth2client"],
        "oauth2": origin,
        "supportsRar": True,
        "supportedHashTypes": ["dtbsr", "sdr", "sodr"],
        "documentTypes": ["application/pdf", "application/octet-stream"],
        "asynchronousOperationMode": False,
        "methods": METHODS,
        "validationInfo": True,
        "signAlgorithms": {"algos": key_algorithms(key_type), "algoParams": algorithm_parameters(key_type)},
        "signature_formats": {
            "formats": list(ENVELOPES),
            "envelope_properties": [list(each) for each in ENVELOPES.values()],
            "allowMix": False,
        },
        "conformance_levels": [level.value for level in Level],
    }
