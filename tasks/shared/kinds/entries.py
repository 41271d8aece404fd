"""What the desks hand in."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.shared.kinds.base import Body


class SingleBond(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A single transaction bond. designation: B basic, U substitution, E superseding, A additional (AE
    2026-07 p.156); surety: CBP's code, empty if it is not recorded; amount: whole dollars, 0 if it is
    not recorded."""

    designation: str = "B"
    surety: str = ""
    amount: int = 0


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the accounting needs to know of a recorded entry without opening its content.

    `release_digest`: of what a cargo release tells of it.
    `in_bonds`: the in-bond numbers on its bills. `consignee`: as recorded, or a private reference.
    `entered`: the day that decides which bond holds, released or estimated (AE 2026-07 p.156).
    `single_bonds`: its single transaction bonds, those of an additional surety too. `covered_by`: the
    number of the consolidating summary that takes its release; `consolidating`: it is such a summary.
    """

    number: str
    digest: str
    entry_type: str
    route: str
    outcome: str
    port: str
    importer: str
    complete: bool
    released: str = ""
    entered: str = ""
    release_digest: str = ""
    bond_type: str = ""
    consignee: str = ""
    in_bonds: list[str] = []
    single_bonds: list[SingleBond] = []
    covered_by: str = ""
    consolidating: bool = False


class EntriesRecorded(Body, frozen=True, kw_only=True):
    """One file's entries, new to the book. `content` is the record, `source` the file as given."""

    kind: ClassVar[str] = "entries.recorded"
    content: str
    source: str
    file: str
    desk: str
    entries: list[EntryLine]


class EntriesRevised(EntriesRecorded, frozen=True, kw_only=True):
    """One file's entries that replace an earlier revision, which stays readable."""

    kind: ClassVar[str] = "entries.revised"


class EntriesRefused(Body, frozen=True, kw_only=True):
    """A file that was handed in and not taken, with the first reasons."""

    kind: ClassVar[str] = "entries.refused"
    source: str
    file: str
    desk: str
    problems: int
    reasons: list[str]


class PrivatePurged(Body, frozen=True, kw_only=True):
    """The keys of private values whose day had come were destroyed: how many, up to which day."""

    kind: ClassVar[str] = "private.purged"
    values: int
    day: str
