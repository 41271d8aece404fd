"""Every recorded entry with what is known of it, read from the projections."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import TypeVar
from weakref import WeakKeyDictionary

import msgspec
import sqlalchemy as sa

from tasks.core.journal import projections
from tasks.core.journal.journal import Journal, JournalHead
from tasks.core.journal.store import EVENTS
from tasks.entries.api import ENTRIES, NUMBERS, SENT, VIEWS, AceReason, Difference, ImporterBond, SingleBond
from tasks.reconciliation.decisions.classification import EntryDecision, classify
from tasks.reconciliation.decisions.consolidation import join_releases
from tasks.reconciliation.events import AccountingSigned, BatchWritten, QueryWritten, RequestAnswered
from tasks.reconciliation.state.entry_state import (
    ADDITIONAL,
    IMPORTER,
    EntryAceStatus,
    EntryState,
    LastSending,
    parties_of,
)
from tasks.reconciliation.tables import ASKED, BATCHES, BONDS, QUERIES

AT_LAST = 3
"""So many questions about the same in a row that ACE rejects whole are no chance any more."""


@dataclass
class EntryStates:
    """Every recorded entry, in order, as it is after the event `head` of the journal."""

    head: JournalHead
    entries: tuple[EntryState, ...]

    @cached_property
    def verdicts(self) -> tuple[tuple[EntryState, EntryDecision], ...]:
        """Each entry with its next step."""
        return tuple((entry, classify(entry)) for entry in self.entries)


_STATES: WeakKeyDictionary[Journal, EntryStates] = WeakKeyDictionary()

_WITHOUT = (AccountingSigned, BatchWritten, QueryWritten, RequestAnswered)
"""Events about ACE that change nothing of what is read here."""


def entry_states(journal: Journal) -> EntryStates:
    """The state of every recorded entry, read again only after an event that can change one."""
    # The head comes first: what is appended meanwhile is then read again next time.
    head = journal.head()
    states = _STATES.get(journal)
    if states is None or (states.head != head and _changed(journal, states.head)):
        states = _STATES[journal] = EntryStates(head, tuple(_read(journal)))
    states.head = head
    return states


def list_entry_states(journal: Journal) -> list[EntryState]:
    """Every recorded entry, in order, whatever became of it."""
    return list(entry_states(journal).entries)


def _changed(journal: Journal, since: JournalHead) -> bool:
    """Whether the journal has an event after this one that can change the state of an entry; also
    where it is another journal by now, put in the place of the one that was read."""
    column = EVENTS.c
    rows = journal.rows(sa.select(column.seq, column.digest, column.kind).where(column.seq >= since.seq))
    same = bool(rows) and rows[0].digest == since.digest
    return not same or any(row.kind in _changing() for row in rows[1:])


@cache
def _changing() -> frozenset[str]:
    """Types of event whose projection can change what is read here."""
    return frozenset(
        body.kind
        for body, apply in projections.projections().items()
        if apply.__module__ in _MODULES and body not in _WITHOUT
    )


_MODULES = ("tasks.entries.projections", "tasks.reconciliation.projections")


def _read(journal: Journal) -> list[EntryState]:
    sent, views, asked = _sent(journal), _views(journal), _asked(journal)
    confirmed, refused = _confirmed(journal), _refused(journal)
    found = []
    # By place, which is many times faster than by name where there are hundreds of thousands.
    for number, state, since, single, *rest in journal.rows(_RECORDED):
        known = dict(zip(_KNOWN_OF_ENTRY, rest, strict=True))
        parties = (known["importer"], known["consignee"])
        bonds = _single_bonds(single)
        sure = confirmed.get(number, ())
        open_ = tuple(one for one in bonds if not _is_confirmed(one, sure))
        found.append(
            EntryState(
                number=number,
                state=state,
                since=since,
                bonded=not open_,
                open_bonds=open_,
                single_bonds=bonds,
                sent=sent.get(number, {}),
                views=_with_parties(views, number, *parties),
                asked=_with_parties(asked, number, *parties),
                refused=refused,
                **known,
            )
        )
    return join_releases(found)


_KNOWN_OF_ENTRY = (
    "desk",
    "port",
    "entry_type",
    "route",
    "outcome",
    "released",
    "complete",
    "importer",
    "content",
    "digest",
    "consignee",
    "bond_type",
    "entered",
    "covered_by",
    "consolidating",
    "release_digest",
    "recorded",
)

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


_SINGLE_BOND = msgspec.json.Decoder(SingleBond)
_SINGLE_BONDS = msgspec.json.Decoder(tuple[SingleBond, ...])


@lru_cache(10_000)
def _single_bonds(text: str) -> tuple[SingleBond, ...]:
    return _SINGLE_BONDS.decode(text) if text else ()


def _confirmed(journal: Journal) -> dict[str, set[SingleBond | None]]:
    found: dict[str, set[SingleBond | None]] = {}
    for row in journal.rows(sa.select(BONDS)):
        bond = _SINGLE_BOND.decode(row.bond) if row.bond else None
        found.setdefault(row.number, set()).add(bond)
    return found


def _is_confirmed(bond: SingleBond, confirmed: Collection[SingleBond | None]) -> bool:
    """A notice is of one bond, with its surety and amount: a bond revised since is another one."""
    return bond in confirmed or (None in confirmed and bond.designation != ADDITIONAL)


def _with_parties(
    known: Mapping[str, Mapping[str, _Said]], number: str, importer: str, consignee: str
) -> Mapping[str, _Said]:
    """What is known of an entry and of its parties, by what was asked about."""
    own = known.get(number)
    if importer not in known and consignee not in known:
        return own or {}
    of_parties = {
        about: known[party][IMPORTER]
        for about, party in parties_of(importer, consignee).items()
        if IMPORTER in known.get(party, {})
    }
    return {**(own or {}), **of_parties}


def _sent(journal: Journal) -> dict[str, dict[str, LastSending]]:
    found: dict[str, dict[str, LastSending]] = {}
    columns = (SENT.c[name] for name in ("batch", "state", "digest", "reasons", "seq"))
    more = (BATCHES.c.size == 1, SENT.c.outside, SENT.c.release_digest)
    query = sa.select(SENT.c.number, SENT.c.application, *columns, *more)
    for row in journal.rows(query.join(BATCHES, BATCHES.c.batch == SENT.c.batch)):
        fields = [*row[2:]]
        fields[_SENT_REASONS] = _reasons(fields[_SENT_REASONS])
        found.setdefault(row[0], {})[row[1]] = LastSending(*fields)
    return found


def _views(journal: Journal) -> dict[str, dict[str, EntryAceStatus]]:
    found: dict[str, dict[str, EntryAceStatus]] = {}
    columns = (VIEWS.c[name] for name in EntryAceStatus.__struct_fields__)
    for number, about, *fields in journal.rows(sa.select(VIEWS.c.number, VIEWS.c.about, *columns)):
        fields[_DIFFERS] = _differences(fields[_DIFFERS])
        fields[_BONDS] = _bonds(fields[_BONDS])
        fields[_REASONS] = _reasons(fields[_REASONS])
        found.setdefault(number, {})[about] = EntryAceStatus(*fields)
    return found


_DIFFERS, _BONDS, _REASONS = (EntryAceStatus.__struct_fields__.index(name) for name in ("differs", "bonds", "reasons"))
_SENT_REASONS = LastSending.__struct_fields__.index("reasons")
_LIST_OF_REASONS = msgspec.json.Decoder(tuple[AceReason, ...])
_LIST_OF_DIFFERENCES = msgspec.json.Decoder(tuple[Difference, ...])
_LIST_OF_BONDS = msgspec.json.Decoder(tuple[ImporterBond, ...])


def _differences(text: str) -> tuple[Difference, ...]:
    return _LIST_OF_DIFFERENCES.decode(text) if text else ()


@lru_cache(10_000)
def _reasons(text: str) -> tuple[AceReason, ...]:
    return _LIST_OF_REASONS.decode(text) if text else ()


@cache
def _bonds(text: str) -> tuple[ImporterBond, ...]:
    return _LIST_OF_BONDS.decode(text) if text else ()


def _asked(journal: Journal) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for about, number, seq in journal.rows(sa.select(ASKED)):
        found.setdefault(number, {})[about] = seq
    return found


def _refused(journal: Journal) -> dict[str, tuple[AceReason, ...]]:
    """The last reasons, by what is asked about, where the last `AT_LAST` answers were rejections."""
    rejected = QUERIES.c.rejected & ~QUERIES.c.answered
    column = QUERIES.c.about
    many = sa.select(column).where(rejected).group_by(column).having(sa.func.count() >= AT_LAST)
    found = {}
    for (about,) in journal.rows(many):
        known = sa.select(QUERIES.c.reasons, QUERIES.c.answered).where(column == about)
        known = known.where(rejected | QUERIES.c.answered).order_by(QUERIES.c.seq.desc())
        last = journal.rows(known.limit(AT_LAST))
        if not any(row.answered for row in last):
            found[about] = _reasons(last[0].reasons)
    return found
