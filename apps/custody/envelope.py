"""A part of a backup under a passphrase, in the format age v1 (the library is `pyrage`, over the crate `age`).

An archive is encrypted in chunks, each authenticated (X25519, ChaCha20-Poly1305), for an identity made for this backup
alone; the identity is encrypted under the passphrase (scrypt). So both open with the `age` command and nothing of
Paraph, and no chunk can be changed, dropped or moved without its trace.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyrage
from pyrage import passphrase as under_passphrase
from pyrage import x25519

from apps.custody.errors import BackupDamaged, PassphraseRefused, WrongPassphrase
from core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.custody.layout import Part

ARCHIVE: Final = "{}.tar.age"
IDENTITY: Final = "{}.identity.age"
_SHORTEST: Final = 14  # characters
_OF_THE_DISK: Final = "(os error"  # how the library ends what the operating system said


def check_passphrases(passphrases: Mapping[Part, Secret]) -> None:
    """Check that two passphrases may be used for the two parts.

    Raises:
        PassphraseRefused: one is too short, or they are the same.
    """
    for part, each in passphrases.items():
        if len(_text(each)) < _SHORTEST:
            raise PassphraseRefused(f"of the {part}: at least {_SHORTEST} characters")
    if len({_text(each) for each in passphrases.values()}) != len(passphrases):
        raise PassphraseRefused("two people keep two passphrases: one for each part")


def seal(plain: Path, folder: Path, part: Part, passphrase: Secret) -> None:
    """Write a part's archive and identity into a folder.

    Raises:
        OSError: it could not be written.
    """
    identity = x25519.Identity.generate()
    wrapped = under_passphrase.encrypt(str(identity).encode(), _text(passphrase))
    (folder / IDENTITY.format(part)).write_bytes(wrapped)
    try:
        pyrage.encrypt_file(str(plain), str(folder / ARCHIVE.format(part)), [identity.to_public()])
    except pyrage.EncryptError as error:  # what the disk said
        raise OSError(str(error)) from error


def unseal(folder: Path, part: Part, passphrase: Secret, plain: Path) -> None:
    """Write what a part's archive holds to a file.

    Raises:
        WrongPassphrase: it does not open the part.
        BackupDamaged: the archive is cut short, or was changed.
        OSError: it could not be written.
    """
    wrapped = (folder / IDENTITY.format(part)).read_bytes()
    try:
        identity = x25519.Identity.from_str(under_passphrase.decrypt(wrapped, _text(passphrase)).decode())
    except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as error:
        raise WrongPassphrase(f"of the {part}") from error
    try:
        pyrage.decrypt_file(str(folder / ARCHIVE.format(part)), str(plain), [identity])
    except (pyrage.DecryptError, OSError) as error:
        if _OF_THE_DISK in str(error):
            raise OSError(str(error)) from error
        raise BackupDamaged(f"{ARCHIVE.format(part)}: {error}") from error


def _text(passphrase: Secret) -> str:
    return passphrase.reveal().decode()
