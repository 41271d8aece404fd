"""What a backup, a store or a restore can end with. Each says what happened and what would help."""

from __future__ import annotations

from tasks.core.errors import BadInput, Refused, StoreFault


class DamagedData(StoreFault):
    """An object is not what its name, signature or tag says."""

    transient = False


class UnfitObject(DamagedData):
    """An object whose content does not fit its name or cannot be read: one of ours that was damaged or
    broke off, or one that somebody left there. It cannot be known which."""


class ForeignObject(DamagedData):
    """Whole, and no object of this repository: no key that the officer named signed it, or it was signed
    for another folder or number. Anybody who may create files on the store can leave one."""


class SourceFault(StoreFault):
    """A source could not be read. The others are backed up all the same."""

    transient = False


class KeyEnded(DamagedData):
    """Signed with a key past the last number that the officer left to it: set aside, no fault."""


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


class ChainBroken(Refused):
    """A fork, a gap, or a head older than the expected one."""


class Suspicious(Refused):
    """Changes that look like ransomware: nothing is countersigned until somebody has looked."""


class InsideRetention(Refused):
    """What was asked for would remove something that must still be kept."""


class BadKeyText(BadInput):
    """A key file or typed key sheet that does not read."""
