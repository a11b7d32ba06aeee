"""The newest of several copies of published lists."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from cryptography import x509

from ca import crl, publication
from ca.draft import Issuer
from ca.generations import pinned
from ca.trusted_list.publisher import PublishedListBroken, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.config import Settings


def newest_revocation_lists(settings: Settings, root: x509.Certificate, others: Sequence[Path]) -> None:
    """Put the newest list of each issuer, and of the root, into the folder of published files.

    Only what the issuer signed counts, wherever it comes from. The root's folder knows its newest list, too.

    Raises:
        OSError: a file could not be written.
    """
    published, of_root = settings.published(), partial(_number, Issuer.of(root))
    for generation in pinned(published):
        path = published / publication.issuing_certificate_pem(generation)
        issuer = Issuer.of(x509.load_pem_x509_certificate(path.read_bytes()))
        _keep_newest(published, publication.issuing_crl(generation), others, partial(_number, issuer))
    _keep_newest(published, publication.ROOT_CRL, others, of_root)
    own, newest = settings.zone_dir("root") / publication.ROOT_CRL, published / publication.ROOT_CRL
    if _number_in(newest, of_root) > max(_number_in(own, of_root), 1):
        shutil.copy(newest, own)


def newest_trusted_list(settings: Settings, here: Path) -> None:
    """Put the newest trusted list into the folder of published files: the backup's, or that of this installation.

    Raises:
        OSError: the file could not be written.
    """
    _keep_newest(settings.published(), publication.TRUSTED_LIST, [here], number_of)


def _keep_newest(published: Path, name: str, others: Sequence[Path], number: Callable[[bytes], int]) -> None:
    newest = max((folder / name for folder in (published, *others)), key=lambda path: _number_in(path, number))
    if newest.parent != published and newest.exists():
        publication.publish(published, name, newest.read_bytes())


def _number_in(path: Path, number: Callable[[bytes], int]) -> int:
    try:
        return number(path.read_bytes())
    except (OSError, crl.PublishedCrlBroken, PublishedListBroken):
        return -1


def _number(issuer: Issuer, data: bytes) -> int:
    return crl.number_of(crl.read(data, issuer))
