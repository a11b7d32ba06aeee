"""Our algorithms as PKCS#11 mechanisms, and the frozen attribute table of each kind of key.

The rules the tables hold (attacks I3, I4, I5, I9):

1. A key does one thing: sign, authenticate, or wrap. Each use that it does not need is false, by name.
2. No permanent key is extractable, ever was, or was made elsewhere; none can be modified.
3. A key names the mechanisms it may be used with, so that raw RSA and raw ECB find no key.
4. The wrapping key is TRUSTED, which only the security officer can grant, and signatories' keys may be wrapped with a
   trusted key only. What it unwraps is a sensitive signing key of this session and cannot be made anything else.

`…_MADE` is what the token is asked for, `…_FOUND` what must be read back at each load. MODIFIABLE stands last:
SoftHSM takes the attributes in order and lets none follow it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from asn1crypto.keys import ECDomainParameters
from pkcs11 import MGF, Attribute, Mechanism, ObjectClass
from pkcs11 import KeyType as Ckk

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm

if TYPE_CHECKING:
    from collections.abc import Mapping

    Table = Mapping[Attribute, Any]  # an attribute table: what a key is asked to be, or must be

ECDSA_MECHANISMS: Final = (Mechanism.ECDSA,)
RSA_MECHANISMS: Final = (Mechanism.RSA_PKCS, Mechanism.RSA_PKCS_PSS)
# One list for the unwrapped keys of both kinds, because the wrapping key's template holds it as a constant.
UNWRAPPED_MECHANISMS: Final = tuple(sorted(ECDSA_MECHANISMS + RSA_MECHANISMS))

# RFC 8017 §9.2 note 1: DER of DigestInfo up to the digest, its parameters an explicit NULL.
_DIGEST_INFO = {
    HashAlgorithm.SHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
    HashAlgorithm.SHA384: bytes.fromhex("3041300d060960864801650304020205000430"),
    HashAlgorithm.SHA512: bytes.fromhex("3051300d060960864801650304020305000440"),
}


class Recipe(NamedTuple):
    """How the token makes a signature with one of our algorithms; worked out once, because keys sign often."""

    mechanism: Mechanism
    parameter: tuple[Mechanism, MGF, int] | None  # of RSA-PSS: hash, MGF1 with the same hash, salt as long as it
    prefix: bytes  # what stands before the digest: the DigestInfo of RSA PKCS#1
    hash: HashAlgorithm
    digest_size: int


def _recipe(algorithm: SignatureAlgorithm) -> Recipe:
    hashed = algorithm.hash
    if algorithm.name.startswith("ECDSA"):
        return Recipe(Mechanism.ECDSA, None, b"", hashed, hashed.size)
    if algorithm is SignatureAlgorithm.RSA_PSS_SHA256:
        return Recipe(Mechanism.RSA_PKCS_PSS, (Mechanism.SHA256, MGF.SHA256, hashed.size), b"", hashed, hashed.size)
    return Recipe(Mechanism.RSA_PKCS, None, _DIGEST_INFO[hashed], hashed, hashed.size)


RECIPES: Final = MappingProxyType({algorithm: _recipe(algorithm) for algorithm in SignatureAlgorithm})
# Length of what the token returns: the modulus, or r and s side by side.
SIGNATURE_SIZES: Final = MappingProxyType({each: each.bits // (8 if each.is_rsa else 4) for each in KeyType})
MAC_MECHANISM: Final = Mechanism.SHA256_HMAC
WRAP_MECHANISM: Final = Mechanism.AES_KEY_WRAP_PAD  # RFC 5649

_CURVES = {KeyType.EC_P256: "secp256r1", KeyType.EC_P384: "secp384r1"}


def ckk(key_type: KeyType) -> Ckk:
    """Return the PKCS#11 key type."""
    return Ckk.RSA if key_type.is_rsa else Ckk.EC


def ec_params(key_type: KeyType) -> bytes:
    """Return the DER of a curve's named parameters."""
    return bytes(ECDomainParameters(name="named", value=_CURVES[key_type]).dump())


def _mechanisms(key_type: KeyType) -> tuple[Mechanism, ...]:
    return RSA_MECHANISMS if key_type.is_rsa else ECDSA_MECHANISMS


def _key_generation(key_type: KeyType) -> Mechanism:
    return Mechanism.RSA_PKCS_KEY_PAIR_GEN if key_type.is_rsa else Mechanism.EC_KEY_PAIR_GEN


_MADE_HERE: Table = {
    Attribute.LOCAL: True,
    Attribute.ALWAYS_SENSITIVE: True,
    Attribute.NEVER_EXTRACTABLE: True,
}
_SIGNS_ONLY: Table = {
    Attribute.SIGN: True,
    Attribute.SIGN_RECOVER: False,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
    Attribute.DERIVE: False,
}
_FIXED: Table = {Attribute.COPYABLE: False, Attribute.MODIFIABLE: False}


# --- permanent key pairs: root, issuing, attest --------------------------------------------------------------------


def private_key_made(key_type: KeyType) -> Table:
    """Return the template of a permanent private key."""
    return {
        Attribute.CLASS: ObjectClass.PRIVATE_KEY,
        Attribute.KEY_TYPE: ckk(key_type),
        Attribute.TOKEN: True,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.WRAP_WITH_TRUSTED: True,
        Attribute.ALLOWED_MECHANISMS: _mechanisms(key_type),
        **_SIGNS_ONLY,
        **_FIXED,
    }


def private_key_found(key_type: KeyType) -> Table:
    """Return what must be read back from a permanent private key."""
    made_with = {Attribute.KEY_GEN_MECHANISM: _key_generation(key_type), Attribute.ALWAYS_AUTHENTICATE: False}
    return {**private_key_made(key_type), **_MADE_HERE, **made_with}


def public_key_made(key_type: KeyType) -> Table:
    """Return the template of the public half, which carries the curve or the length of the modulus."""
    length = (
        {Attribute.MODULUS_BITS: key_type.bits, Attribute.PUBLIC_EXPONENT: b"\x01\x00\x01"}
        if key_type.is_rsa
        else {Attribute.EC_PARAMS: ec_params(key_type)}
    )
    return {
        Attribute.CLASS: ObjectClass.PUBLIC_KEY,
        Attribute.KEY_TYPE: ckk(key_type),
        Attribute.TOKEN: True,
        Attribute.PRIVATE: False,
        Attribute.VERIFY: True,
        Attribute.VERIFY_RECOVER: False,
        Attribute.ENCRYPT: False,
        Attribute.WRAP: False,
        Attribute.DERIVE: False,
        **length,
        **_FIXED,
    }


def public_key_found(key_type: KeyType) -> Table:
    """Return what must be read back from the public half."""
    made_with = {Attribute.KEY_GEN_MECHANISM: _key_generation(key_type), Attribute.LOCAL: True}
    return {**public_key_made(key_type), **made_with, Attribute.TRUSTED: False}


# --- HMAC keys: seal, otp, sad, fingerprint, evidence --------------------------------------------------------------

MAC_KEY_MADE: Final[Table] = MappingProxyType(
    {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: Ckk.GENERIC_SECRET,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.WRAP_WITH_TRUSTED: True,
        Attribute.ALLOWED_MECHANISMS: (MAC_MECHANISM,),
        Attribute.SIGN: True,
        Attribute.VERIFY: False,
        Attribute.ENCRYPT: False,
        Attribute.DECRYPT: False,
        Attribute.WRAP: False,
        Attribute.UNWRAP: False,
        Attribute.DERIVE: False,
        **_FIXED,
    }
)
MAC_KEY_FOUND: Final[Table] = MappingProxyType(
    {
        **MAC_KEY_MADE,
        **_MADE_HERE,
        Attribute.VALUE_LEN: 32,
        Attribute.KEY_GEN_MECHANISM: Mechanism.GENERIC_SECRET_KEY_GEN,
        Attribute.TRUSTED: False,
    }
)

# --- signatories' keys: session objects, kept wrapped in the database ----------------------------------------------

UNWRAPPED_KEY: Final[Table] = MappingProxyType(
    {
        Attribute.CLASS: ObjectClass.PRIVATE_KEY,
        Attribute.TOKEN: False,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.ALLOWED_MECHANISMS: UNWRAPPED_MECHANISMS,
        **_SIGNS_ONLY,
        **_FIXED,
    }
)


def signatory_key_made(key_type: KeyType) -> Table:
    """Return the template of a signatory's private key: it lives until it is wrapped, and only a trusted key may."""
    as_made = {Attribute.EXTRACTABLE: True, Attribute.WRAP_WITH_TRUSTED: True, Attribute.KEY_TYPE: ckk(key_type)}
    return {**as_made, **{key: value for key, value in UNWRAPPED_KEY.items() if key not in as_made}}


def signatory_public_key_made(key_type: KeyType) -> Table:
    """Return the template of its public half, a session object too."""
    return {**public_key_made(key_type), Attribute.TOKEN: False}


# --- the wrapping key ----------------------------------------------------------------------------------------------

WRAPPING_KEY_DRAFT: Final[Table] = MappingProxyType(
    {  # what the security officer makes, in memory: a public session object, since the officer may make no private one
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: Ckk.AES,
        Attribute.TOKEN: False,
        Attribute.PRIVATE: False,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.TRUSTED: True,
        Attribute.WRAP_WITH_TRUSTED: True,
        Attribute.ALLOWED_MECHANISMS: (WRAP_MECHANISM,),
        Attribute.WRAP: True,
        Attribute.UNWRAP: True,
        Attribute.ENCRYPT: False,
        Attribute.DECRYPT: False,
        Attribute.SIGN: False,
        Attribute.VERIFY: False,
        Attribute.DERIVE: False,
        Attribute.UNWRAP_TEMPLATE: UNWRAPPED_KEY,
        Attribute.COPYABLE: True,
        Attribute.MODIFIABLE: True,
    }
)
WRAPPING_KEY_KEPT: Final[Table] = MappingProxyType(
    {  # what the user's copy of it changes: private, on the token, and from then on fixed
        Attribute.TOKEN: True,
        Attribute.PRIVATE: True,
        Attribute.MODIFIABLE: False,
    }
)
WRAPPING_KEY_FOUND: Final[Table] = MappingProxyType(
    {
        **{key: value for key, value in WRAPPING_KEY_DRAFT.items() if key is not Attribute.UNWRAP_TEMPLATE},
        **WRAPPING_KEY_KEPT,
        **_MADE_HERE,
        Attribute.VALUE_LEN: 32,
        Attribute.KEY_GEN_MECHANISM: Mechanism.AES_KEY_GEN,
        # COPYABLE stays true: TRUSTED needs the copy, and PKCS#11 lets a copy change nothing of it afterwards (MODIFIABLE
        # is false). What copying can still make is an exact twin, and with a twin on the token no key is used (I9).
    }
)
