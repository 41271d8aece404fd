"""Relations among PGA records under one tariff number, for SE and AE (message set July 2026).

The chapter's diagram of parents (p.62) is a picture; what its text says (p.13, 58-70) is here and
in `data/ace/pga.csv`. Agencies' own rules are in their guides and not judged.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from tasks.ace.checker.record_deck import Deck, Index, RecordColumns
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import allowed_codes, allowed_text, disclaimer_doubt, unjudged_disclaimer

_SUBSTITUTE = "PG00"


def check_pga(deck: Deck) -> None:
    """Adds the faults of PGA records in transactions whose structure is right."""
    if not len(deck.starts) or not (len(deck.index("PG01")) or len(deck.index(_SUBSTITUTE))):
        return
    _lines(deck)
    _disclaimers(deck)
    _products(deck)
    _parents(deck)
    _brackets(deck)
    _substitutions(deck)


@cache
def _relations() -> tuple[dict[str, str], ...]:
    text = (files("continuity_data") / "ace" / "pga.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _scope(deck: Deck, rows: RecordColumns) -> Index:
    """(records,) number of the PG01 that each record stands under; -1 under none."""
    return deck.ordinal("PG01")[rows.at].astype(np.int64)


def _lines(deck: Deck) -> None:
    """C400, C409: known agencies, and lines numbered from 001 within an agency of a tariff."""
    rows = deck.rows("PG01")
    agency = rows.code("government_agency_code").astype(np.int64)
    listed = rows.says("government_agency_code", *code_list("agency"))
    filled = rows.given("government_agency_code")
    deck.fault("C409", rows, filled & ~listed, "government_agency_code")
    key = (deck.ordinal("OI")[rows.at].astype(np.int64) << 32) | agency
    order = np.argsort(key, kind="stable")
    first = np.searchsorted(key[order], key[order], side="left")
    rank = np.empty(len(rows), dtype=np.int64)
    rank[order] = np.arange(len(rows)) - first + 1
    wrong = rows.digits("pga_line_number") & (rows.number("pga_line_number") != rank)
    deck.fault("C400", rows, wrong, "pga_line_number")


_TYPE = {"SE10": "entry_type", "10": "entry_type_code"}
_SAID = ("government_agency_code", "government_agency_program_code", "disclaimer")


def _disclaimers(deck: Deck) -> None:
    """C410: a disclaimer that CBP's chapter does not allow this agency, program or entry type. C411: one
    that CBP's tariff code guide does not list for it. What only the agency's guide could say is counted."""
    rows = deck.rows("PG01")
    disclaimed = np.flatnonzero(rows.given("disclaimer") & (deck.transaction[rows.at] >= 0))
    if not len(disclaimed):
        return
    owner = deck.transaction[rows.at[disclaimed]]
    parts = [*(rows.raw(name)[disclaimed] for name in _SAID), deck.header.raw(_TYPE[deck.head])[owner]]
    cases, case = np.unique(np.hstack(parts), axis=0, return_inverse=True)
    for case_number, text in enumerate(row.tobytes().decode("latin-1") for row in cases):
        mine = disclaimed[case.ravel() == case_number]
        agency, program, code, kind = text[:3], text[3:6].strip(), text[6], text[7:9]
        wrong = np.zeros(len(rows), dtype=bool)
        wrong[mine] = True
        if code not in allowed_codes(agency, program, kind):
            reason = f"right: {allowed_text(agency, program, kind)}"
            deck.fault("C410", rows, wrong, "disclaimer", reason)
        elif reason := disclaimer_doubt(agency, program, code):
            deck.fault("C411", rows, wrong, "disclaimer", reason)
        elif open_ := unjudged_disclaimer(agency, program, code):
            deck.unjudged[open_] += len(mine)


def _products(deck: Deck) -> None:
    """C402, C406, C407, C408: what PG01 and PG13 call for, item types of PG02."""
    lines, products = deck.rows("PG01"), deck.rows("PG02")
    scope = _scope(deck, products)
    kind = products.says("item_type", "P", "C")
    deck.fault("C408", products, products.given("item_type") & ~kind, "item_type")
    product = products.says("item_type", "P") & (scope >= 0)
    product_rows = np.flatnonzero(product)
    second = np.zeros(len(products), dtype=bool)
    second[product_rows[1:]] = scope[product_rows[1:]] == scope[product_rows[:-1]]
    deck.fault("C407", products, second, "item_type")
    has_product = np.bincount(scope[scope >= 0], minlength=len(lines)) > 0
    shared = np.zeros(len(lines), dtype=bool)
    shared[:-1] = lines.at[1:] == lines.at[:-1] + 1
    deck.fault("C406", lines, ~has_product & ~shared & lines.blank("disclaimer"))
    issuers = deck.rows("PG13")
    permits = np.bincount(np.maximum(deck.ordinal("PG13")[deck.index("PG14")], 0), minlength=len(issuers) + 1)
    same = permits[: len(issuers)] > 0
    deck.fault("C402", issuers, ~same)


def _parents(deck: Deck) -> None:
    """C401, C404: records with what they belong to; what a PG50 group may hold."""
    opens, inside = _groups(deck)
    for relation in _relations():
        record = relation["record"]
        rows = deck.rows(record)
        if len(rows) and relation["needs"]:
            parents = [*relation["needs"].split(), _SUBSTITUTE]
            near = np.max([_last(deck, parent)[rows.at] for parent in parents], axis=0)
            deck.fault("C401", rows, near < opens[rows.at])
    allowed = {relation["record"] for relation in _relations() if relation["in_group"]}
    for record in sorted({name for name in deck.table.records if name.startswith("PG")} - allowed):
        rows = deck.rows(record)
        if len(rows) and record not in ("PG50", "PG01"):
            deck.fault("C404", rows, inside[rows.at])


def _last(deck: Deck, record: str) -> NDArray[np.int64]:
    """(n,) deck row of the last such record at or before each row; -1 before any."""
    at = np.append(deck.index(record), -1)
    return at[deck.ordinal(record)]


def _groups(deck: Deck) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(n,) where the scope of each record begins, and whether it stands inside a PG50 group."""
    begin = np.maximum.reduce([_last(deck, record) for record in ("PG01", "OI", deck.head, _line(deck))])
    opened, closed = _last(deck, "PG50"), _last(deck, "PG51")
    inside = (opened > closed) & (opened > begin)
    return begin, inside


def _line(deck: Deck) -> str:
    return "SE40" if deck.head == "SE10" else "40"


def _brackets(deck: Deck) -> None:
    """C403: each PG50 has its PG51 in the same PGA line, without a group within a group."""
    rows = np.sort(np.concatenate((deck.index("PG50"), deck.index("PG51"))))
    if not len(rows):
        return
    begin, _ = _groups(deck)
    opening = np.isin(rows, deck.index("PG50"))
    scope = begin[rows]
    after = np.append(opening[1:] | (scope[1:] != scope[:-1]), True)
    before = np.append(True, ~opening[:-1] | (scope[1:] != scope[:-1]))
    for record, wrong in (("PG50", opening & after), ("PG51", ~opening & before)):
        marked = deck.rows(record)
        deck.fault("C403", marked, np.isin(marked.at, rows[wrong]))


def _substitutions(deck: Deck) -> None:
    """C405: PG00 S and E pair outside the PGA data of a tariff, numbered from 0001; R names one."""
    rows = deck.rows(_SUBSTITUTE)
    if not len(rows):
        return
    name = "substitution_indicator"
    entry = np.maximum(deck.transaction[rows.at], 0).astype(np.int64)
    start, end, put = (rows.says(name, letter) for letter in "SER")
    within = _last(deck, "OI")[rows.at] > np.maximum(_last(deck, deck.head)[rows.at], _last(deck, _line(deck))[rows.at])
    unknown = rows.given(name) & ~(start | end | put)
    deck.fault("C405", rows, unknown | ((start | end) & within), name)
    marks = np.flatnonzero((start | end) & ~within)
    opening, owner = start[marks], entry[marks]
    apart = owner[1:] != owner[:-1]
    after = np.append(opening[1:] | apart, True)
    before = np.append(True, ~opening[:-1] | apart)
    lone = np.zeros(len(rows), dtype=bool)
    lone[marks] = (opening & after) | (~opening & before)
    deck.fault("C405", rows, lone, name)
    begun = np.flatnonzero(start & ~within)
    first = np.searchsorted(entry[begun], entry[begun], side="left")
    number = rows.number("substitution_number")
    jumps = np.zeros(len(rows), dtype=bool)
    jumps[begun] = number[begun] != np.arange(len(begun)) - first + 1
    deck.fault("C405", rows, jumps, "substitution_number")
    key = entry * 10_000 + number
    deck.fault("C405", rows, put & ~np.isin(key, key[begun]), "substitution_number")
