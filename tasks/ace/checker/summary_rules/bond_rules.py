"""Entry summary rules of bonds, warehouse entries and consolidated releases: 30, 31, 32.

AE 2026-07 p.48-51, 156-158, 176-178.
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.record_deck import Index, RecordColumns, pack_bytes
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, rule
from tasks.ace.wire.data_classes import Flags
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import header_conditions, is_repeated

_TYPE, _DESIGNATION = "bond_type_code", "bond_designation_type_code"
_AMOUNT, _CONTINUOUS = "single_transaction_bond_amount", "continuous_bond_indicator"
_ACCOUNT, _WAIVER, _REASON = ("bond_producer_account", "bond_waiver_indicator", "bond_waiver_reason_code")
RELEASES = 6


@rule("122", "130", "139", "140", "120", "119", "761", "C703")
def waiver(summary: SummaryFacts) -> None:
    """A bond or a waiver with its reason, never both (p.156-158). A type that must have a bond in
    the matrix is judged there; 51 and 52 may be the government's, which needs none."""
    header, bonds = summary.header, summary.rows("31")
    waived = header.given(_WAIVER)
    summary.fault("122", header, waived & ~header.says(_WAIVER, "0"), _WAIVER)
    summary.fault("130", header, header.given(_REASON) & ~waived, _REASON)
    informal = summary.is_type(*code_list("informal_type"))
    summary.fault("139", header, waived & ~informal & header.blank(_REASON), _REASON)
    unknown = header.given(_REASON) & ~header.says(_REASON, *code_list("bond_waiver"))
    summary.fault("140", header, unknown, _REASON)
    summary.fault("120", bonds, waived[summary.entry(bonds)], _TYPE)
    free = summary.is_type(*code_list("case_type"), *code_list("government_type")) | informal
    maybe = summary.full & ~free
    summary.fault("119", header, maybe & ~waived & ~summary.has("31"), "", "bond")
    foreign = _foreign(summary)
    summary.fault("761", header, waived & summary.is_type("23") & foreign, _WAIVER)
    cased = waived & summary.cased & summary.is_type(*code_list("case_maybe_type"))
    summary.fault("C703", header, cased, _WAIVER)


def _foreign(summary: SummaryFacts) -> Flags:
    """(entries,) whether a line comes from another country than Canada."""
    lines = summary.rows("40")
    canadian = lines.says("country_of_origin_code", "CA", *code_list("province"))
    return summary.has("40", ~canadian)


@rule("112", "266", "267", "268", "269", "193", "759")
def designations(summary: SummaryFacts) -> None:
    """One basic bond; a second one is an additional single transaction bond (p.156-157)."""
    bonds = summary.rows("31")
    continuous = bonds.says(_TYPE, "8")
    summary.fault("112", bonds, bonds.given(_TYPE) & ~bonds.says(_TYPE, "8", "9"), _TYPE)
    unknown = ~bonds.says(_DESIGNATION, *code_list("bond_designation"))
    summary.fault("266", bonds, bonds.given(_DESIGNATION) & unknown, _DESIGNATION)
    summary.fault("267", bonds, continuous & ~bonds.says(_DESIGNATION, "B"), _DESIGNATION)
    count = summary.deck.count_in(bonds)[summary.entry(bonds)]
    entry = summary.entry(bonds)
    second = np.zeros(len(bonds), dtype=bool)
    second[1:] = entry[1:] == entry[:-1]
    additional = bonds.says(_DESIGNATION, "A")
    several = summary.deck.count_in(bonds, ~additional)[entry] > 1
    summary.fault("268", bonds, second & several & ~continuous, _DESIGNATION)
    twice = summary.deck.count_in(bonds, continuous)[entry] > 1
    summary.fault("193", bonds, second & continuous & twice, _TYPE)
    basic = summary.has("31", ~additional)
    summary.fault("269", bonds, (count == 1) & additional, _DESIGNATION)
    summary.fault("759", summary.header, summary.has("31") & ~basic & ~_lone(summary), "")


def _lone(summary: SummaryFacts) -> Flags:
    return summary.deck.count_in(summary.rows("31")) == 1


@rule("214", "126", "223", "246", "265", "240")
def amounts(summary: SummaryFacts) -> None:
    """What goes with a continuous, and with a single transaction bond (p.157-158)."""
    bonds = summary.rows("31")
    continuous, single = bonds.says(_TYPE, "8"), bonds.says(_TYPE, "9")
    summary.fault("214", bonds, continuous & bonds.given(_AMOUNT), _AMOUNT)
    summary.fault("126", bonds, continuous & bonds.given(_ACCOUNT), _ACCOUNT)
    summary.fault("223", bonds, single & bonds.given(_CONTINUOUS), _CONTINUOUS)
    unknown = bonds.given(_CONTINUOUS) & ~bonds.says(_CONTINUOUS, "Y", "S")
    summary.fault("246", bonds, unknown, _CONTINUOUS)
    bound = summary.bind(bonds)
    summary.report("265", header_conditions.bond_amount_missing, bound)
    summary.report("240", header_conditions.bond_amount_zero, bound, single)


@rule("296", "307", "C104", "C114")
def warehouse_entry(summary: SummaryFacts) -> None:
    """The warehouse entry that the goods come from is another one, and well formed (p.178)."""
    rows, header = summary.rows("30"), summary.header
    final = "final_warehouse_withdrawal_indicator"
    summary.fault("296", rows, rows.given(final) & ~rows.says(final, "Y"), final)
    name = "associated_warehouse_entry_number"
    summary.fault("C104", rows, rows.given(name) & ~rows.digits(name), name)
    port = "associated_warehouse_entry_district_port_code"
    summary.fault("C114", rows, rows.given(port) & ~rows.digits(port), port)
    summary_key = _entry_key(header, "entry_filer_code", "entry_number")
    warehouse_key = _entry_key(rows, "associated_warehouse_entry_filer_code", name)
    summary.fault("307", rows, warehouse_key == summary_key[summary.entry(rows)], name)


@rule("232", "233", "236", "239", "C724")
def releases(summary: SummaryFacts) -> None:
    """Two releases at least, of the same filer, each once and none the summary's own (p.176)."""
    header, rows = summary.header, summary.rows("32")
    marked = summary.consolidated
    summary.fault("233", rows, ~marked[summary.entry(rows)])
    cited = np.zeros(summary.entries, dtype=np.int64)
    filer = pack_bytes(header.raw("entry_filer_code")).astype(np.int64)[summary.entry(rows)]
    summary_key = _entry_key(header, "entry_filer_code", "entry_number")[summary.entry(rows)]
    keys, at = [], []
    for slot in range(1, RELEASES + 1):
        code, number = f"release_entry_filer_code_{slot}", f"release_entry_number_{slot}"
        cited_here = rows.given(number)
        cited += summary.deck.count_in(rows, cited_here)
        foreign = cited_here & (pack_bytes(rows.raw(code)).astype(np.int64) != filer)
        summary.fault("236", rows, foreign, code)
        key = _entry_key(rows, code, number)
        summary.fault("239", rows, cited_here & (key == summary_key), number)
        keys.append(key[cited_here])
        at.append(np.flatnonzero(cited_here))
    too_few = marked & summary.full & (cited < 2)
    summary.fault("232", header, too_few, "consolidated_summary_indicator")
    again = np.zeros(len(rows), dtype=bool)
    again[np.concatenate(at)[is_repeated(np.concatenate(keys))]] = True
    summary.fault("C724", rows, again)


def _entry_key(rows: RecordColumns, filer: str, number: str) -> Index:
    """One integer for a filer code and an entry number."""
    return (pack_bytes(rows.raw(filer)).astype(np.int64) << 27) | rows.number(number)
