"""What may be wrong with a backup, and with making or restoring one."""

from __future__ import annotations

from core.errors import DomainError, Unavailable


class PassphraseRefused(DomainError):
    """A passphrase that is too short, or the same for both parts."""


class WrongPassphrase(DomainError):
    """The passphrase does not open this part of the backup."""


class NoBackup(DomainError):
    """The folder holds no backup, or one of another format."""


class BackupDamaged(DomainError):
    """A file of the backup is missing, cut short or changed, or its parts are of different backups."""


class TargetRefused(DomainError):
    """A folder in which no backup is made: it is there already, or inside the installation."""


class BackupNotMade(Unavailable):
    """The backup could not be made or did not prove itself; nothing is left of it."""


class OtherInstallation(DomainError):
    """The backup is of another installation than the one here, or than was asked for."""


class BackupTooOld(DomainError):
    """The backup lacks a generation of the issuing CA that has been published since."""


class ZonesRunning(DomainError):
    """The zones run; they must be stopped first."""
