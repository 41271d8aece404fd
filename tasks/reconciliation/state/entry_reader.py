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
"""So many queries about the same in a row that ACE rejects whole are no chance any more."""


@dataclass
class EntryStates:
    """Every recorded entry, in order, as it is after the event `head` of the journal."""

    head: JournalHead
    entries: tuple[EntryState, ...]

    @cached_property
    def decisions(self) -> tuple[tuple[EntryState, EntryDecision], ...]:
        """Each entry with its next step."""
        return tuple((entry, classify(entry)) for entry in self.entries)


_STATES: WeakKeyDictionary[Journal, EntryStates] = WeakKeyDictionary()

_IRRELEVANT_EVENTS = (AccountingSigned, BatchWritten, QueryWritten, RequestAnswered)
"""Events about ACE that change nothing of what is read here."""


def entry_states(journal: Journal) -> EntryStates:
    """The state of every recorded entry, read again only after an event that can change one."""
    # The head comes first: what is appended meanwhile is then read again next time.
    head = journal.head()
    states = _STATES.get(journal)
    if states is None or (states.head != head and _changed(journal, states.head)):
        states = _STATES[journal] = EntryStates(head, tuple(_read_states(journal)))
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
        if apply.__module__ in _MODULES and body not in _IRRELEVANT_EVENTS
    )


_MODULES = ("tasks.entries.projections", "tasks.reconciliation.projections")


def _read_states(journal: Journal) -> list[EntryState]:
    sent, statuses, queried = _sendings(journal), _ace_statuses(journal), _last_queries(journal)
    confirmed, refused = _confirmed_bonds(journal), _query_rejections(journal)
    entries = []
    # By place, which is many times faster than by name where there are hundreds of thousands.
    for number, state, since, single, *values in journal.rows(_RECORDED):
        fields = dict(zip(_ENTRY_COLUMNS, values, strict=True))
        parties = (fields["importer"], fields["consignee"])
        bonds = _single_bonds(single)
        confirmed_bonds = confirmed.get(number, ())
        open_bonds = tuple(bond for bond in bonds if not _is_confirmed(bond, confirmed_bonds))
        entries.append(
            EntryState(
                number=number,
                state=state,
                since=since,
                bonded=not open_bonds,
                open_bonds=open_bonds,
                single_bonds=bonds,
                sent=sent.get(number, {}),
                ace_statuses=_with_parties(statuses, number, *parties),
                queried=_with_parties(queried, number, *parties),
                query_rejections=refused,
                **fields,
            )
        )
    return join_releases(entries)


_ENTRY_COLUMNS = (
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
        *(ENTRIES.c["seq" if name == "recorded" else name] for name in _ENTRY_COLUMNS),
    )
    .select_from(ENTRIES.join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number))
    .order_by(ENTRIES.c.number)
)

_Fact = TypeVar("_Fact")


_SINGLE_BOND = msgspec.json.Decoder(SingleBond)
_SINGLE_BONDS = msgspec.json.Decoder(tuple[SingleBond, ...])


@lru_cache(10_000)
def _single_bonds(text: str) -> tuple[SingleBond, ...]:
    return _SINGLE_BONDS.decode(text) if text else ()


def _confirmed_bonds(journal: Journal) -> dict[str, set[SingleBond | None]]:
    bonds: dict[str, set[SingleBond | None]] = {}
    for row in journal.rows(sa.select(BONDS)):
        bond = _SINGLE_BOND.decode(row.bond) if row.bond else None
        bonds.setdefault(row.number, set()).add(bond)
    return bonds


def _is_confirmed(bond: SingleBond, confirmed: Collection[SingleBond | None]) -> bool:
    """A notice is of one bond, with its surety and amount: a bond revised since is another one."""
    return bond in confirmed or (None in confirmed and bond.designation != ADDITIONAL)


def _with_parties(
    facts: Mapping[str, Mapping[str, _Fact]], number: str, importer: str, consignee: str
) -> Mapping[str, _Fact]:
    """What is known of an entry and of its parties, by what was asked about."""
    entry_facts = facts.get(number)
    if importer not in facts and consignee not in facts:
        return entry_facts or {}
    of_parties = {
        about: facts[party][IMPORTER]
        for about, party in parties_of(importer, consignee).items()
        if IMPORTER in facts.get(party, {})
    }
    return {**(entry_facts or {}), **of_parties}


def _sendings(journal: Journal) -> dict[str, dict[str, LastSending]]:
    sendings: dict[str, dict[str, LastSending]] = {}
    columns = (SENT.c[name] for name in ("batch", "state", "digest", "reasons", "seq"))
    further = (BATCHES.c.size == 1, SENT.c.outside, SENT.c.release_digest)
    query = sa.select(SENT.c.number, SENT.c.application, *columns, *further)
    for row in journal.rows(query.join(BATCHES, BATCHES.c.batch == SENT.c.batch)):
        fields = [*row[2:]]
        fields[_SENT_REASONS] = _reasons(fields[_SENT_REASONS])
        sendings.setdefault(row[0], {})[row[1]] = LastSending(*fields)
    return sendings


def _ace_statuses(journal: Journal) -> dict[str, dict[str, EntryAceStatus]]:
    statuses: dict[str, dict[str, EntryAceStatus]] = {}
    columns = (VIEWS.c[name] for name in EntryAceStatus.__struct_fields__)
    for number, about, *fields in journal.rows(sa.select(VIEWS.c.number, VIEWS.c.about, *columns)):
        fields[_DIFFERS] = _differences(fields[_DIFFERS])
        fields[_BONDS] = _bonds(fields[_BONDS])
        fields[_REASONS] = _reasons(fields[_REASONS])
        statuses.setdefault(number, {})[about] = EntryAceStatus(*fields)
    return statuses


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


def _last_queries(journal: Journal) -> dict[str, dict[str, int]]:
    queried: dict[str, dict[str, int]] = {}
    for about, number, seq in journal.rows(sa.select(ASKED)):
        queried.setdefault(number, {})[about] = seq
    return queried


def _query_rejections(journal: Journal) -> dict[str, tuple[AceReason, ...]]:
    """The last reasons, by what is asked about, where the last `AT_LAST` answers were rejections."""
    rejected = QUERIES.c.rejected & ~QUERIES.c.answered
    column = QUERIES.c.about
    subjects = sa.select(column).where(rejected).group_by(column).having(sa.func.count() >= AT_LAST)
    reasons = {}
    for (about,) in journal.rows(subjects):
        answers = sa.select(QUERIES.c.reasons, QUERIES.c.answered).where(column == about)
        answers = answers.where(rejected | QUERIES.c.answered).order_by(QUERIES.c.seq.desc())
        last = journal.rows(answers.limit(AT_LAST))
        if not any(row.answered for row in last):
            reasons[about] = _reasons(last[0].reasons)
    return reasons
