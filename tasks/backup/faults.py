"""What a backup, a store or a restore can end with. Each says what happened and what would help."""

from __future__ import annotations

from tasks.shared.errors import BadInput, ContinuityError, Refused


class BackupFault(ContinuityError):
    """The engine could not finish. Nothing that was stored earlier is touched."""


class StoreLost(BackupFault):
    """The store does not answer, or the connection broke. Worth another try."""


class StoreFull(BackupFault):
    """No room left on the store, or on the disk that is restored to."""


class NoRight(BackupFault):
    """The account may not do this on the store."""


class Exists(BackupFault):
    """The name is taken. A store never overwrites."""


class Missing(BackupFault):
    """The store has no such object."""


class Damaged(BackupFault):
    """An object is not what its name, signature or tag says."""


class WrongPassphrase(Refused):
    """The passphrase does not open this key."""


class WrongKey(Refused):
    """The key opens nothing here, or has another purpose."""


class ForeignRepository(Refused):
    """The repository is not the one that the key belongs to."""


class NewerFormat(Refused):
    """Written by a later version of the format than this one reads."""


class ClockSetBack(Refused):
    """This machine's clock is behind the newest snapshot."""


class Busy(Refused):
    """Another backup of this host is running."""


class ChainBroken(Refused):
    """A fork, a gap, or a head older than the expected one."""


class InsideRetention(Refused):
    """What was asked for would remove something that must still be kept."""


class BadKeyText(BadInput):
    """A key file or typed key sheet that does not read."""
