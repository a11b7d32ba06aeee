"""Our algorithms in PKCS#11's words, and the attributes each kind of key must have.

The tables are both the template a key is made with and what is read back after load: a key that differs is not used
(attacks I3, I5). Nothing but attributes and mechanisms of the standard. Source: PKCS#11 v2.40, OASIS.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any, Final

from pkcs11 import MGF, Attribute, KeyType, Mechanism
from pkcs11.attributes import AttributeMapper
from pkcs11.constants import DEFAULT
from pkcs11.util.ec import encode_named_curve_parameters

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.algorithms import KeyType as OurKeyType

Attributes = dict[Any, Any]

UNWRAP_TEMPLATE: Final = 0x40000212  # CKA_UNWRAP_TEMPLATE, which the library has no name for

_USES: Final = (
    Attribute.ENCRYPT,
    Attribute.DECRYPT,
    Attribute.SIGN,
    Attribute.VERIFY,
    Attribute.WRAP,
    Attribute.UNWRAP,
    Attribute.DERIVE,
)
_PRIVATE_USES: Final = (Attribute.DECRYPT, Attribute.SIGN, Attribute.UNWRAP, Attribute.DERIVE)
_LOCKED: Final[Attributes] = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.MODIFIABLE: False,  # otherwise DECRYPT can be switched on later
    Attribute.COPYABLE: False,  # otherwise a copy can have it
}
_MADE_HERE: Final[Attributes] = {
    Attribute.LOCAL: True,
    Attribute.ALWAYS_SENSITIVE: True,
    Attribute.NEVER_EXTRACTABLE: True,
}


def _only(uses: tuple[Attribute, ...], allowed: set[Attribute]) -> Attributes:
    return {use: use in allowed for use in uses}


# What each kind of permanent key is made with.
WRAPPING_KEY: Final[Attributes] = {**_LOCKED, **_only(_USES, {Attribute.WRAP, Attribute.UNWRAP})}
MAC_KEY: Final[Attributes] = {**_LOCKED, **_only(_USES, {Attribute.SIGN})}
SIGNING_KEY: Final[Attributes] = {**_LOCKED, **_only(_PRIVATE_USES, {Attribute.SIGN})}

# What must be read back of them: how they were made, and that it happened in this token.
WRAPPING_KEY_READ: Final[Attributes] = {**WRAPPING_KEY, **_MADE_HERE}
MAC_KEY_READ: Final[Attributes] = {**MAC_KEY, **_MADE_HERE}
SIGNING_KEY_READ: Final[Attributes] = {**SIGNING_KEY, **_MADE_HERE}

# What an unwrapped key must be, whatever the caller of C_UnwrapKey asks for (tried: without it, a clear key comes out).
UNWRAPPED: Final[Attributes] = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.TOKEN: False}

# A signatory's private key while it is made: extractable under the wrapping key, for the length of one call.
SIGNATORY_PRIVATE: Final[Attributes] = {
    Attribute.TOKEN: False,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: True,
    Attribute.MODIFIABLE: False,
    Attribute.COPYABLE: False,
    **_only(_PRIVATE_USES, {Attribute.SIGN}),
}

# The template of C_UnwrapKey. Three defaults are taken out because SoftHSM refuses them for private keys; it does not take
# MODIFIABLE there either, and the object lives for one block only.
SIGNATORY_UNWRAPPED: Final[Attributes] = {
    Attribute.ENCRYPT: DEFAULT,
    Attribute.WRAP: DEFAULT,
    Attribute.VERIFY: DEFAULT,
    Attribute.TOKEN: False,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.COPYABLE: False,
    **_only(_PRIVATE_USES, {Attribute.SIGN}),
}

CURVES: Final = {
    OurKeyType.EC_P256: encode_named_curve_parameters("secp256r1"),
    OurKeyType.EC_P384: encode_named_curve_parameters("secp384r1"),
}
P11_TYPES: Final = {
    OurKeyType.EC_P256: KeyType.EC,
    OurKeyType.EC_P384: KeyType.EC,
    OurKeyType.RSA_3072: KeyType.RSA,
    OurKeyType.RSA_4096: KeyType.RSA,
}
_MECHANISMS: Final[dict[SignatureAlgorithm, dict[str, Any]]] = {
    SignatureAlgorithm.ECDSA_SHA256: {"mechanism": Mechanism.ECDSA},
    SignatureAlgorithm.ECDSA_SHA384: {"mechanism": Mechanism.ECDSA},
    SignatureAlgorithm.RSA_PKCS1_SHA256: {"mechanism": Mechanism.RSA_PKCS},
    SignatureAlgorithm.RSA_PKCS1_SHA384: {"mechanism": Mechanism.RSA_PKCS},
    SignatureAlgorithm.RSA_PKCS1_SHA512: {"mechanism": Mechanism.RSA_PKCS},
    SignatureAlgorithm.RSA_PSS_SHA256: {
        "mechanism": Mechanism.RSA_PKCS_PSS,
        "mechanism_param": (Mechanism.SHA256, MGF.SHA256, HashAlgorithm.SHA256.size),
    },
}
# DigestInfo up to the digest, parameters an explicit NULL (RFC 8017 §9.2 note 1).
_DIGEST_INFO: Final = {
    HashAlgorithm.SHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
    HashAlgorithm.SHA384: bytes.fromhex("3041300d060960864801650304020205000430"),
    HashAlgorithm.SHA512: bytes.fromhex("3051300d060960864801650304020305000440"),
}


def sign_arguments(algorithm: SignatureAlgorithm) -> dict[str, Any]:
    """Return the mechanism, with its parameters, as the library's `sign()` takes them."""
    return _MECHANISMS[algorithm]


def block_to_sign(algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
    """Return what the mechanism signs: the digest, or for PKCS#1 v1.5 the DigestInfo around it."""
    if algorithm.name.startswith("RSA_PKCS1"):
        return _DIGEST_INFO[algorithm.hash] + digest
    return digest


class Attributed(AttributeMapper):
    """The library's attribute mapper, which also packs a nested unwrap template."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[Any] = []  # what the packed pointers point to must outlive the call
        nested: Any = UNWRAP_TEMPLATE
        self.register_handler(nested, self._pack_template, bytes)

    def _pack_template(self, template: Attributes) -> bytes:
        packed = b""
        for attribute, value in template.items():
            buffer = ctypes.create_string_buffer(struct.pack("?", value), 1)
            self._kept.append(buffer)
            packed += struct.pack("LPL", int(attribute), ctypes.addressof(buffer), 1)
        return packed
