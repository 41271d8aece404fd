"""What is known of each recorded entry on both sides: the paper, what we sent, what ACE said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import sqlalchemy as sa

from tasks.shared.journal import Journal
from tasks.shared.projections import ASKED, BATCHES, BONDS, ENTRIES, NUMBERS, SENT, VIEWS

SUMMARY, RELEASE, BILL, IMPORTER, NOTICE = "summary", "release", "bill", "importer", "notice"
"""What can be asked about: EQ, CQ by number, CQ by bill, KI; and what ACE told by itself."""

CONSIGNEE = "consignee"
"""What KI said of the consignee; it is asked and kept as any importer is."""

RANGE, PROBE = "range", "probe"
"""After a restore: EQ by acceptance time (the key is the range), CQ for numbers of production."""


@dataclass(frozen=True)
class Sent:
    """The last sending of one application. `state`: as in `projections.SENT`."""

    batch: str
    state: str
    digest: str
    code: str
    seq: int
    alone: bool = False
    """The batch held this entry only, so that its rejection is this entry's own."""


@dataclass(frozen=True)
class View:
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


@dataclass(frozen=True)
class Standing:
    """One recorded entry. `released` is the paper's date, `YYYY-MM-DD` or empty."""

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
    sent: Mapping[str, Sent] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    asked: Mapping[str, int] = field(default_factory=dict)

    @property
    def parties(self) -> dict[str, str]:
        """Numbers that ACE must know, by what it is asked about: the importer's and, where another
        one is given, the consignee's."""
        other = self.consignee if self.consignee != self.importer else ""
        both = {IMPORTER: self.importer, CONSIGNEE: other}
        return {about: number for about, number in both.items() if number}

    @property
    def last_sent(self) -> int:
        return max((one.seq for one in self.sent.values()), default=0)

    def fresh(self, about: str) -> View | None:
        """The answer to a question that was put after the last sending; None if there is none."""
        view = self.views.get(about)
        return view if view is not None and view.asked > self.last_sent else None

    def unanswered(self, about: str) -> bool:
        """True if the question was put after the last sending and not answered yet."""
        asked = self.asked.get(about, 0)
        view = self.views.get(about)
        return asked > self.last_sent and (view is None or view.asked < asked)


def standings(journal: Journal) -> list[Standing]:
    """Every recorded entry, in order, whatever became of it."""
    query = sa.select(ENTRIES, NUMBERS.c.state, BONDS.c.seq.label("bonded")).select_from(
        ENTRIES.join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number).outerjoin(
            BONDS, BONDS.c.number == ENTRIES.c.number
        )
    )
    sent, views, asked = _sent(journal), _views(journal), _asked(journal)
    found = []
    for row in journal.rows(query.order_by(ENTRIES.c.number)):
        one = Standing(
            row.number, row.desk, row.port, row.state, row.entry_type, row.route, row.outcome,
            row.released, row.complete, row.bond_type != "9" or row.bonded is not None,
            row.importer, row.content, row.digest, row.consignee, row.bond_type,
            sent.get(row.number, {}),
        )  # fmt: skip
        mine, put = _of_parties(views, one), _of_parties(asked, one)
        known = views.get(row.number, {}) | mine
        found.append(replace(one, views=known, asked=asked.get(row.number, {}) | put))
    return found


_Said = TypeVar("_Said")


def _of_parties(known: Mapping[str, Mapping[str, _Said]], one: Standing) -> dict[str, _Said]:
    """What is known of an entry's parties, by what was asked about."""
    return {
        about: known[number][IMPORTER]
        for about, number in one.parties.items()
        if IMPORTER in known.get(number, {})
    }


def _sent(journal: Journal) -> dict[str, dict[str, Sent]]:
    found: dict[str, dict[str, Sent]] = {}
    query = sa.select(SENT, BATCHES.c.size).join(BATCHES, BATCHES.c.batch == SENT.c.batch)
    for row in journal.rows(query):
        one = Sent(row.batch, row.state, row.digest, row.code, row.seq, row.size == 1)
        found.setdefault(row.number, {})[row.application] = one
    return found


def _views(journal: Journal) -> dict[str, dict[str, View]]:
    found: dict[str, dict[str, View]] = {}
    names = ("asked", "seq", "disposition", "code", "text", "release", "release_code",
             "release_date", "control", "summary", "version", "late")  # fmt: skip
    for row in journal.rows(sa.select(VIEWS)):
        differs = tuple(part for part in row.differs.split("; ") if part)
        view = View(**{name: row._mapping[name] for name in names}, differs=differs)
        found.setdefault(row.number, {})[row.about] = view
    return found


def _asked(journal: Journal) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in journal.rows(sa.select(ASKED)):
        found.setdefault(row.number, {})[row.about] = row.seq
    return found
