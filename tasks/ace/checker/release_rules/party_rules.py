"""Cargo release rules of parties: SE30-SE36 for the whole entry, SE50-SE56 for a line.

CATAIR SE v40 p.19, 58-72.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.ace.checker.record_deck import Index, RecordColumns, counts_by_owner, totals_by_owner
from tasks.ace.checker.release_rules.release_facts import (
    ReleaseFacts,
    code_positions,
    is_alphanumeric,
    number_form,
    rule,
    text_lengths,
)
from tasks.ace.wire.data_classes import Flags, digit_bytes
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import header_conditions, party_conditions

_MISSING = tuple(zip(party_conditions.NEEDED_PARTIES, ("C212", "C213", "C214", "C215"), strict=True))


@dataclass(frozen=True)
class PartyLevel:
    """One of the two places of a party: its records, its codes, and what it belongs to."""

    party: str
    global_id: str
    address: str
    town: str
    known: str
    twice: str


HEADER = PartyLevel("SE30", "SE31", "SE35", "SE36", "header_party", "C201")
LINE = PartyLevel("SE50", "SE51", "SE55", "SE56", "line_party", "C202")
LEVELS = (HEADER, LINE)


def _owner(release: ReleaseFacts, level: PartyLevel, rows: RecordColumns) -> tuple[Index, int]:
    """The entry or line of each party, and how many there are."""
    if level is HEADER:
        return release.entry(rows), release.entries
    return release.under(rows, "SE40"), len(release.rows("SE40"))


def _kinds(level: PartyLevel) -> int:
    return len(code_list(level.known)) + 1


def _held(release: ReleaseFacts, level: PartyLevel) -> np.ndarray:
    """(entries or lines, kinds) how often each party code stands there."""
    rows = release.rows(level.party)
    owner, count = _owner(release, level, rows)
    return counts_by_owner(owner, code_positions(rows, "entity_code", level.known), count, _kinds(level))


@rule("C200", "C201", "C202")
def party_codes(release: ReleaseFacts) -> None:
    """Known codes, each once at its level."""
    for level in LEVELS:
        rows = release.rows(level.party)
        kind = code_positions(rows, "entity_code", level.known)
        release.fault("C200", rows, rows.given("entity_code") & (kind == 0), "entity_code")
        owner, count = _owner(release, level, rows)
        repeated = counts_by_owner(owner, kind, count, _kinds(level)) > 1
        if not repeated[:, 1:].any():
            continue
        bound = release.bind(rows, key=owner * _kinds(level) + kind)
        release.report(level.twice, party_conditions.party_repeated, bound, kind > 0)


@rule("C203", "C204", "C205", "C206", "C209")
def name_or_number(release: ReleaseFacts) -> None:
    """A party by name or by number, never both; a number only for BY, ST, CN (notes 2, 3)."""
    for level in LEVELS:
        rows = release.rows(level.party)
        nameless = rows.blank("entity_name")
        numbered = rows.given("entity_identifier") | rows.given("identifier_qualifier")
        parties, by_number = release.bind(rows), release.bind(rows, number=numbered)
        release.report("C203", party_conditions.name_and_number, by_number)
        release.report("C204", party_conditions.neither_name_nor_number, by_number)
        release.report("C209", party_conditions.number_without_type, parties, nameless)
        release.report("C205", party_conditions.number_out_of_place, parties, nameless)
        release.report("C206", party_conditions.consignee_by_name, parties, ~numbered)


@rule("C207", "C208")
def party_numbers(release: ReleaseFacts) -> None:
    """Number types and the form of each (note 3)."""
    for level in LEVELS:
        rows = release.rows(level.party)
        kind = code_positions(rows, "identifier_qualifier", "number_type")
        typed = rows.given("identifier_qualifier")
        release.fault("C207", rows, typed & (kind == 0), "identifier_qualifier")
        judged = np.flatnonzero((kind > 0) & rows.given("entity_identifier"))
        wrong = np.zeros(len(rows), dtype=bool)
        wrong[judged] = ~number_form(kind[judged], rows.raw("entity_identifier")[judged])
        release.fault("C208", rows, wrong, "entity_identifier")


@rule("C210", "C211")
def addresses(release: ReleaseFacts) -> None:
    """A party by name has street and town records; one by number has none (p.62, 63)."""
    for level in LEVELS:
        rows = release.rows(level.party)
        street, town = (
            _beneath(release, release.rows(record), level.party, len(rows)) for record in (level.address, level.town)
        )
        numbered = rows.given("entity_identifier")
        for record, present in ((level.address, street), (level.town, town)):
            bound = release.bind(rows, address=present)
            release.report("C210", party_conditions.address_missing, bound, ~numbered, detail=f"no {record}")
        release.fault("C211", rows, numbered & rows.blank("entity_name") & (street | town), "entity_identifier")


def _beneath(release: ReleaseFacts, rows: RecordColumns, parent: str, count: int) -> Flags:
    """(parents,) which have one of these records under them."""
    above = release.under(rows, parent)
    present = np.zeros(count, dtype=bool)
    present[above[above >= 0]] = True
    return present


@rule("C218", "C219", "C220")
def address_fields(release: ReleaseFacts) -> None:
    """Address qualifiers, their texts, countries (p.62, 63)."""
    for level in LEVELS:
        rows = release.rows(level.address)
        for name in ("address_qualifier", "address_qualifier_2"):
            unknown = rows.given(name) & ~rows.says(name, *code_list("address_qualifier"))
            release.fault("C218", rows, unknown, name)
        incomplete = rows.given("address_qualifier_2") != rows.given("address_information_2")
        release.fault("C219", rows, incomplete, "address_information_2")
        towns = release.rows(level.town)
        listed = towns.says("country_code", *code_list("country"))
        release.fault("C220", towns, towns.given("country_code") & ~listed, "country_code")


@rule("C221", "C222")
def global_ids(release: ReleaseFacts) -> None:
    """LEI of 20 characters, GLN of 13 digits, DUNS of 9 digits (p.61)."""
    for level in LEVELS:
        rows = release.rows(level.global_id)
        listed = rows.says("gbi_qualifier", *code_list("global_id"))
        release.fault("C221", rows, rows.given("gbi_qualifier") & ~listed, "gbi_qualifier")
        text = rows.raw("gbi_identifier")
        length = text_lengths(text)
        digits = (digit_bytes(text) | (text == 32)).all(axis=1)
        shaped = rows.says("gbi_qualifier", "LEI") & (length == 20)
        shaped |= rows.says("gbi_qualifier", "GLN") & (length == 13) & digits
        shaped |= rows.says("gbi_qualifier", "DUNS") & (length == 9) & digits
        release.fault("C222", rows, listed & ~(shaped & is_alphanumeric(text)), "gbi_identifier")


@rule("C212", "C213", "C214", "C215", "C216")
def parties_needed(release: ReleaseFacts) -> None:
    """Seller, consignee, manufacturer and buyer, for the entry or on each of its lines (p.59)."""
    header, line = (_held(release, level) > 0 for level in LEVELS)
    entry = release.entry(release.rows("SE40"))
    low = release.is_type("86")
    for party, code in _MISSING:
        above = header[:, 1 + code_list(HEADER.known).index(party)]
        below = line[:, 1 + code_list(LINE.known).index(party)]
        lines = np.bincount(entry[below], minlength=release.entries)
        every = (lines == release.lines) & (lines > 0)
        judged = release.full
        if party == "CN":
            release.fault("C216", release.header, judged & low & ~above & (lines > 0))
            every &= ~low
            judged = judged & ~(low & (lines > 0))
        needed = np.full(release.entries, party in party_conditions.NEEDED_LOW_VALUE)
        bound = release.bind(release.header, at_header=above, on_lines=every, low_value=needed)
        release.report(code, party_conditions.party_missing, bound, judged)


@rule("C224", "C225")
def consignees_by_name(release: ReleaseFacts) -> None:
    """Low value consignees by name: their lines stay under the limit and state a value (note 2)."""
    caps = np.zeros(release.entries, dtype=np.int64)
    for entry_type, cap in header_conditions.CAPS.items():
        caps[release.is_type(entry_type)] = cap
    above, below = release.rows("SE30"), release.rows("SE50")
    by_name = [
        rows.says("entity_code", "CN") & rows.given("entity_name") & (caps[release.entry(rows)] > 0)
        for rows in (above, below)
    ]
    entry = release.entry(above)
    over = by_name[0] & (release.stated_value[entry] >= caps[entry])
    release.fault("C224", above, over, "entity_name")
    rows = np.flatnonzero(by_name[1])
    line = release.under(below, "SE40")[rows]
    if len(rows):
        names = np.ascontiguousarray(below.matrix[rows, 7:42]).view("S35")[:, 0]
        _, person = np.unique(names, return_inverse=True)
        owner = person * release.entries + release.entry(below)[rows]
        _, group = np.unique(owner, return_inverse=True)
        total = totals_by_owner(group, release.line_value[line], int(group.max()) + 1)[group]
        over = np.zeros(len(below), dtype=bool)
        over[rows] = total >= caps[release.entry(below)[rows]]
        release.fault("C224", below, over, "entity_name")
    _valued(release, by_name[0], line)


def _valued(release: ReleaseFacts, by_name: Flags, named_lines: Index) -> None:
    """C225: lines of such consignees, and all lines of a type 86, state their value."""
    lines, tariffs = release.rows("SE40"), release.rows("SE60")
    entry = release.entry(lines)
    required = (release.is_type("86") | release.has("SE30", by_name))[entry]
    required[named_lines] = True
    above = release.under(tariffs, "SE40")
    valued = np.bincount(above[tariffs.given("value") & (above >= 0)], minlength=len(lines)) > 0
    release.fault("C225", lines, required & ~valued)
