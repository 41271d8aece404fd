"""What is known of each recorded entry on both sides: the paper, what we sent, what ACE said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import TypeVar
from weakref import WeakKeyDictionary

import msgspec
import sqlalchemy as sa

from tasks.shared.journal import Head, Journal
from tasks.shared.kinds import ImporterBond
from tasks.shared.projections import ASKED, BATCHES, BONDS, ENTRIES, NUMBERS, SENT, VIEWS

SUMMARY, RELEASE, BILL, IMPORTER = "summary", "release", "bill", "importer"
"""What can be asked about: EQ, CQ by number, CQ by bill, KI."""

NOTICE, ACTION = "notice", "action"
"""What ACE told by itself: where a release stands (SO); what CBP did with a summary (UC 4 rejected,
5 inactivated, 6 cancelled, 8 corrected by another filer, R reverted)."""

CONSIGNEE = "consignee"
"""What KI said of the consignee; it is asked and kept as any importer is."""

ADDITIONAL = "A"
"""Designation of a single transaction bond beside the basic one (AE 2026-07 p.156)."""

RANGE, PROBE = "range", "probe"
"""After a restore: EQ by acceptance time (the key is the range), CQ for numbers of production."""


class Sent(msgspec.Struct, frozen=True):
    """The last sending of one application. `state`: as in `projections.SENT`."""

    batch: str
    state: str
    digest: str
    code: str
    seq: int
    alone: bool = False
    """The batch held this entry only, so that its rejection is this entry's own."""
    outside: bool = False
    """Every reason of its rejection lies outside the record."""
    release_digest: str = ""
    """The digest of the release data as ACE has it."""


class View(msgspec.Struct, frozen=True):
    """What ACE last said. `asked`: the place in the book of the question."""

    asked: int
    seq: int
    disposition: str
    code: str
    text: str
    release: str
    release_code: str
    release_date: str
    control: str
    summary: str
    version: str
    late: bool | None
    differs: tuple[str, ...]
    bonds: tuple[ImporterBond, ...] = ()
    monthly: bool | None = None


class Standing(msgspec.Struct, frozen=True):
    """One recorded entry. `released` is the paper's date, `YYYY-MM-DD` or empty. Places in the
    book: `since` of the number's state, `recorded` of the entry's last revision."""

    number: str
    desk: str
    port: str
    state: str
    entry_type: str
    route: str
    outcome: str
    released: str
    complete: bool
    bonded: bool
    importer: str
    content: str
    digest: str
    consignee: str = ""
    bond_type: str = ""
    entered: str = ""
    """The day that decides which bond holds, `YYYY-MM-DD` or empty."""
    open_bonds: tuple[str, ...] = ()
    """Single transaction bonds whose eBond is not confirmed, as in `EntryLine.single_bonds`."""
    single_bonds: tuple[str, ...] = ()
    sent: Mapping[str, Sent] = msgspec.field(default_factory=dict)
    views: Mapping[str, View] = msgspec.field(default_factory=dict)
    asked: Mapping[str, int] = msgspec.field(default_factory=dict)
    since: int = 0
    recorded: int = 0
    release_digest: str = ""

    @property
    def parties(self) -> dict[str, str]:
        """Numbers that ACE must know, by what it is asked about: the importer's and, where another
        one is given, the consignee's."""
        return _parties(self.importer, self.consignee)

    @property
    def last_sent(self) -> int:
        return max(one.seq for one in self.sent.values()) if self.sent else 0

    def after(self, about: str) -> int:
        """A question counts if it was put after this place: the last sending and revision; for a
        summary also what CBP last did with it."""
        acted = self.views.get(ACTION) if about == SUMMARY else None
        return max(self.last_sent, self.recorded, acted.seq if acted else 0)

    def fresh(self, about: str) -> View | None:
        """The answer to a question that counts; None if there is none."""
        view = self.views.get(about)
        return view if view is not None and view.asked > self.after(about) else None

    def unanswered(self, about: str) -> bool:
        """True if a question that counts was put and not answered yet."""
        asked = self.asked.get(about, 0)
        view = self.views.get(about)
        return asked > self.after(about) and (view is None or view.asked < asked)


_KNOWN: WeakKeyDictionary[Journal, tuple[Head, list[Standing]]] = WeakKeyDictionary()


def standings(journal: Journal) -> list[Standing]:
    """Every recorded entry, in order, whatever became of it. Read anew only when the book grew."""
    # The head comes first: what is appended meanwhile is then read again next time.
    head = journal.head()
    known = _KNOWN.get(journal)
    if known is None or known[0] != head:
        known = _KNOWN[journal] = (head, _read(journal))
    return list(known[1])


def _read(journal: Journal) -> list[Standing]:
    sent, views, asked = _sent(journal), _views(journal), _asked(journal)
    confirmed = _confirmed(journal)
    found = []
    # By place, which is many times faster than by name where there are hundreds of thousands.
    for number, state, since, single, *rest in journal.rows(_RECORDED):
        known = dict(zip(_KNOWN_OF_ENTRY, rest, strict=True))
        parties = (known["importer"], known["consignee"])
        bonds = tuple(one for one in single.split("; ") if one) if single else ()
        sure = confirmed.get(number, ())
        open_ = tuple(one for one in bonds if not _is_confirmed(one, sure))
        found.append(
            Standing(
                number=number,
                state=state,
                since=since,
                bonded=not open_,
                open_bonds=open_,
                single_bonds=bonds,
                sent=sent.get(number, {}),
                views=_with_parties(views, number, *parties),
                asked=_with_parties(asked, number, *parties),
                **known,
            )
        )
    return found


_KNOWN_OF_ENTRY = ("desk", "port", "entry_type", "route", "outcome", "released", "complete", "importer",
                   "content", "digest", "consignee", "bond_type", "entered",
                   "release_digest", "recorded")  # fmt: skip

_RECORDED = (
    sa.select(
        ENTRIES.c.number,
        NUMBERS.c.state,
        NUMBERS.c.seq,
        ENTRIES.c.single_bonds,
        *(ENTRIES.c["seq" if name == "recorded" else name] for name in _KNOWN_OF_ENTRY),
    )
    .select_from(ENTRIES.join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number))
    .order_by(ENTRIES.c.number)
)

_Said = TypeVar("_Said")


def _confirmed(journal: Journal) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in journal.rows(sa.select(BONDS)):
        found.setdefault(row.number, set()).add(row.bond)
    return found


def _is_confirmed(bond: str, confirmed: Collection[str]) -> bool:
    """A notice is of one bond, with its surety and amount: a bond revised since is another one."""
    return bond in confirmed or ("" in confirmed and not bond.startswith(ADDITIONAL))


def _parties(importer: str, consignee: str) -> dict[str, str]:
    other = consignee if consignee != importer else ""
    both = {IMPORTER: importer, CONSIGNEE: other}
    return {about: number for about, number in both.items() if number}


def _with_parties(
    known: Mapping[str, Mapping[str, _Said]], number: str, importer: str, consignee: str
) -> Mapping[str, _Said]:
    """What is known of an entry and of its parties, by what was asked about."""
    own = known.get(number)
    if importer not in known and consignee not in known:
        return own or {}
    of_parties = {
        about: known[party][IMPORTER]
        for about, party in _parties(importer, consignee).items()
        if IMPORTER in known.get(party, {})
    }
    return {**(own or {}), **of_parties}


def _sent(journal: Journal) -> dict[str, dict[str, Sent]]:
    found: dict[str, dict[str, Sent]] = {}
    columns = (SENT.c[name] for name in ("batch", "state", "digest", "code", "seq"))
    more = (BATCHES.c.size == 1, SENT.c.outside, SENT.c.release_digest)
    query = sa.select(SENT.c.number, SENT.c.application, *columns, *more)
    for row in journal.rows(query.join(BATCHES, BATCHES.c.batch == SENT.c.batch)):
        found.setdefault(row[0], {})[row[1]] = Sent(*row[2:])
    return found


def _views(journal: Journal) -> dict[str, dict[str, View]]:
    found: dict[str, dict[str, View]] = {}
    columns = (VIEWS.c[name] for name in View.__struct_fields__)
    for number, about, *first, differs, bonds, monthly in journal.rows(
        sa.select(VIEWS.c.number, VIEWS.c.about, *columns)
    ):
        apart = tuple(part for part in differs.split("; ") if part) if differs else ()
        found.setdefault(number, {})[about] = View(
            *first, differs=apart, bonds=_bonds(bonds), monthly=monthly
        )
    return found


@cache
def _bonds(text: str) -> tuple[ImporterBond, ...]:
    return msgspec.json.decode(text, type=tuple[ImporterBond, ...]) if text else ()


def _asked(journal: Journal) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for about, number, seq in journal.rows(sa.select(ASKED)):
        found.setdefault(number, {})[about] = seq
    return found
