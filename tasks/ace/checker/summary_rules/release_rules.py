"""Entry summary rules of certified cargo release: SE13 to SE56 and PGA records inside AE.

AE 2026-07 p.41, 45-47, 56-64, 80-88, 179-180.
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.release_rules.release_facts import number_form
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, rule
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import party_conditions

_CARGO = ("SE13", "SE16", "SE17", "SE20", "SE30", "SE50")
_QUALIFIER, _ENTITY = "qualifier", "entity_code"
_LEVELS = (("SE30", "summary_header_party"), ("SE50", "summary_line_party"))
_CARGO_NAMED = (("BY", "S"), ("ST", "C"))
_TYPES = ("EI", "ANI", "34")


@rule("C750", "C751")
def only_certified(summary: SummaryFacts) -> None:
    """Cargo records and PGA data stand in a certified summary only; PGA data also where 10 column
    68 says that the goods came by expedited release or weekly zone entry."""
    for record in _CARGO:
        rows = summary.rows(record)
        summary.fault("C750", rows, ~summary.certified[summary.entry(rows)])
    rows = summary.rows("OI")
    allowed = summary.certified | summary.header.given("pga_data_included_indicator")
    summary.fault("C751", rows, ~allowed[summary.entry(rows)])


@rule("C752", "C753", "C190", "C754")
def cargo_references(summary: SummaryFacts) -> None:
    """LOC for types 21 and 22 and nowhere else (p.40, 57); NAM with SE16 for bills on no automated
    manifest; a replacement has its contact (p.41)."""
    rows, header = summary.rows("SE20"), summary.header
    listed = rows.says(_QUALIFIER, *code_list("summary_qualifier"))
    summary.fault("C190", rows, rows.given(_QUALIFIER) & ~listed, _QUALIFIER)
    into = summary.is_type(*code_list("warehouse_type"))
    located = rows.says(_QUALIFIER, "LOC")
    missing = summary.certified & into & ~summary.has("SE20", located)
    summary.fault("C752", header, missing, "", "SE20 LOC")
    summary.fault("C752", rows, located & ~into[summary.entry(rows)], _QUALIFIER)
    manual = summary.has("SE20", rows.says(_QUALIFIER, "NAM"))
    summary.fault("C753", header, manual & ~summary.has("SE16"), "", "SE16")
    again = header.says("summary_filing_action_request_code", "R") & summary.certified
    summary.fault("C754", header, again & ~summary.has("SE13"), "", "SE13")


@rule("C200", "C201", "C202", "C205", "C207", "C208", "C755", "C757")
def parties(summary: SummaryFacts) -> None:
    """Party codes of each level, once; only buyer, ship-to and consignee by number (p.58-60, 82)."""
    for record, listed in _LEVELS:
        rows = summary.rows(record)
        in_list = rows.says(_ENTITY, *code_list(listed))
        summary.fault("C200", rows, rows.given(_ENTITY) & ~in_list, _ENTITY)
        number = rows.given("entity_identifier")
        bound = summary.bind(rows)
        summary.report("C205", party_conditions.number_out_of_place, bound)
        summary.report("C755", party_conditions.name_and_number, bound, name="")
        summary.report("C755", party_conditions.neither_name_nor_number, bound, name="")
        kind = np.zeros(len(rows), dtype=np.int64)
        for type_number, code in enumerate(_TYPES, start=1):
            kind[rows.says("identifier_qualifier", code)] = type_number
        summary.fault("C207", rows, number & (kind == 0), "identifier_qualifier")
        shaped = number_form(kind, rows.raw("entity_identifier"))
        summary.fault("C208", rows, number & (kind > 0) & ~shaped, "entity_identifier")
    header, lines = summary.rows("SE30"), summary.rows("SE50")
    for code, rows, owner in (("C201", header, summary.entry(header)), ("C202", lines, summary.under(lines, "40"))):
        key = (owner.astype(np.int64) << 32) | rows.code(_ENTITY).astype(np.int64)
        every = np.ones(len(rows), dtype=bool)
        summary.report(code, party_conditions.party_repeated, summary.bind(rows, key=key, party=every), name=_ENTITY)
    numbered = header.says(_ENTITY, "CN") & header.given("entity_identifier")
    summary.fault("C757", header, numbered, _ENTITY)


@rule("C212", "C214", "C215", "C756")
def wanted_parties(summary: SummaryFacts) -> None:
    """A certified summary names the manufacturer on each line, seller and buyer at header or line;
    a buyer or ship-to that a 47 record names is not named again (p.58, 83)."""
    lines, header = summary.rows("SE50"), summary.rows("SE30")
    certified = summary.certified & summary.full
    of_line = certified[summary.line_entry]
    rows = summary.rows("40")
    has_maker = summary.line_has(lines, lines.says(_ENTITY, "MF"))
    summary.fault("C214", rows, of_line & ~has_maker)
    articles = summary.rows("47")
    for code, entity, letter in (("C212", "SE", ""), ("C215", "BY", "S")):
        everywhere = summary.has("SE30", header.says(_ENTITY, entity))[summary.line_entry]
        everywhere |= summary.line_has(lines, lines.says(_ENTITY, entity))
        if letter:
            sold = articles.says("article_party_type_code", letter)
            everywhere |= summary.line_has(articles, sold)
        summary.fault(code, rows, of_line & ~everywhere)
    for entity, letter in _CARGO_NAMED:
        named = summary.line_has(articles, articles.says("article_party_type_code", letter))
        again = lines.says(_ENTITY, entity) & np.append(named, False)[summary.under(lines, "40")]
        summary.fault("C756", lines, again, _ENTITY)
        any_line = np.bincount(summary.line_entry[named], minlength=summary.entries) > 0
        again = header.says(_ENTITY, entity) & any_line[summary.entry(header)]
        summary.fault("C756", header, again, _ENTITY)
