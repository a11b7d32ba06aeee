"""Proof that a copy of an installation is one: everything in it is opened and held against everything else.

A backup is called one only after its archives were opened again, with the passphrases, and what came out passed this;
so is a restore. The copy's own keys sign a probe each and nothing else.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.ca import inspect_installed
from apps.custody.errors import BackupDamaged
from apps.custody.layout import DATABASE, TOKEN_STORE
from apps.files import make_folder
from apps.init import TOKENS, check_initialised
from apps.installation import TOKEN_TEMPLATE
from apps.rotation import ROOT_TOKEN, root_of
from apps.sam import open_sam
from ca.draft import Issuer
from ca.probe import Probe
from core.entropy import SystemEntropy
from core.errors import DomainError
from hsm.keys import TokenSigningKey
from hsm.session import Token
from hsm.softhsm import write_configuration

if TYPE_CHECKING:
    from core.config import Settings


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at."""

    databases: int
    tokens: int
    audit_rows: int
    evidence_rows: int
    sealed_rows: int
    credentials: int
    generations: int


def prove(settings: Settings) -> Proof:
    """Prove that a state folder holds a whole installation; nothing is issued by it.

    Raises:
        BackupDamaged: what is wrong with it.
    """
    try:
        check_initialised(settings)
        databases = _databases(settings.state_dir)
        point_to_tokens(settings.state_dir, settings.state_dir)
        make_folder(settings.marks("sam").parent)  # of which a backup has nothing
        return _proved(settings, databases)
    except BackupDamaged:
        raise
    except (DomainError, OSError) as error:
        raise BackupDamaged(f"{type(error).__name__}: {error}") from error


def point_to_tokens(state: Path, final: Path) -> None:
    """Have the configuration of each SoftHSM token in `state` name its store, as it will be once `state` is `final`."""
    for path in state.glob("*/softhsm2.conf"):
        write_configuration(path, TOKEN_TEMPLATE, final / path.parent.name / TOKEN_STORE)


def _databases(state: Path) -> int:
    found = sorted(state.glob(f"*/{DATABASE}"))
    for path in found:
        try:
            with closing(sqlite3.connect(path)) as database:
                ((said,),) = database.execute("PRAGMA integrity_check(1)").fetchall()
        except sqlite3.Error as error:
            raise BackupDamaged(f"{path}: {error}") from error
        if said != "ok":
            raise BackupDamaged(f"{path}: {said}")
    return len(found)


def _proved(settings: Settings, databases: int) -> Proof:
    for zone, label in TOKENS.items():
        module = settings.sam.module if zone == "sam" else settings.ca.module
        Token(settings.zone_dir(zone), Path(module), label).check()
    root = Token(settings.zone_dir("root"), Path(settings.ca.module), ROOT_TOKEN)
    Probe(Issuer.of(root_of(settings)), TokenSigningKey(root, "root"), SystemEntropy()).sign_and_verify()
    authority = inspect_installed(settings)
    record = authority.inspect()
    sam = open_sam(settings).inspect()
    return Proof(
        databases=databases,
        tokens=len(TOKENS),
        audit_rows=record.audit_rows,
        evidence_rows=sam.evidence_rows,
        sealed_rows=record.sealed_rows + sam.sealed_rows,
        credentials=sam.credentials,
        generations=record.generations,
    )
