"""Rules on parties, other agencies and documents (CATAIR SE v40 p.17, 43, 55-60)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.entries.record.code_lists import code_meanings
from tasks.entries.validation.conditions import party_conditions
from tasks.entries.validation.conditions.condition import is_repeated
from tasks.entries.validation.disclaimer_rules import allowed_codes, allowed_text
from tasks.entries.validation.release_rules import files_release, other_types
from tasks.entries.validation.rule_checks import MISSING, STRAY, RuleChecks, key_pairs

ENTRIES, LINES, TARIFFS, PARTIES = "entries", "lines", "tariffs", "parties"


def all_parties(checks: RuleChecks) -> None:
    """Every rule of this module on one record."""
    parties_present(checks)
    party_shape(checks)
    agencies(checks)
    disclaimers(checks)
    documents(checks)


def parties_present(checks: RuleChecks) -> None:
    """Seller, buyer, manufacturer and consignee stand for the entry or on each line (p.17, 57);
    type 86 needs seller and consignee only."""
    due = files_release(checks)
    for code in party_conditions.NEEDED_PARTIES:
        kind = checks.among(PARTIES, "party", [code])
        header = checks.has(PARTIES, kind & (checks.integers(PARTIES, "line") == 0))
        covered = np.isin(key_pairs(checks, LINES, "line"), key_pairs(checks, PARTIES, "line")[kind])
        everywhere = checks.has(LINES) & ~checks.has(LINES, ~covered)
        needed = np.full(checks.size(ENTRIES), code in party_conditions.NEEDED_LOW_VALUE)
        entries = checks.bind(ENTRIES, at_header=header, on_lines=everywhere, low_value=needed)
        wrong = f"no {code_meanings('party')[code]} ({code}) for"
        right = "a row on the sheet Parties, line 0 or one for each line"
        checks.report_condition("E520", party_conditions.party_missing, entries, wrong, right, due, "entry_number")
    parties, owned = (
        checks.bind(PARTIES, key=key_pairs(checks, PARTIES, "line") * 100 + _party_position(checks)),
        checks.parents[PARTIES] >= 0,
    )
    wrong = "stands twice for this line:"
    checks.report_condition("E521", party_conditions.party_repeated, parties, wrong, "each party once", owned)


def _party_position(checks: RuleChecks) -> np.ndarray:
    codes = pa.array(list(code_meanings("party")))
    return pc.fill_null(pc.index_in(checks.column(PARTIES, "party"), value_set=codes), 99).to_numpy()


def party_shape(checks: RuleChecks) -> None:
    """Name and address or a number, never both; numbers for BY, CN and ST only; CN by name on
    types 11 and 86 only, under their caps (p.56-58)."""
    parties, number = checks.bind(PARTIES), checks.given(PARTIES, "number")
    wrong = "name and number both:"
    checks.report_condition("E522", party_conditions.name_and_number, parties, wrong, "one of the two", name="number")
    checks.report_condition(
        "E522", party_conditions.neither_name_nor_number, parties, MISSING, "name and address, or a number"
    )
    checks.report_condition(
        "E523", party_conditions.number_out_of_place, parties, "this party goes by name:", "name, address"
    )
    for wrong, right, where in (
        (MISSING, "EI, ANI or 34", number),
        (STRAY, "leave empty: there is no number", ~number),
    ):
        checks.report_condition(
            "E523", party_conditions.number_without_type, parties, wrong, right, where, "number_type"
        )
    for field in ("address", "city", "country"):
        named = checks.bind(PARTIES, {"address": field})
        checks.report_condition(
            "E525", party_conditions.address_missing, named, MISSING, "needed with the name", name=field
        )
    wrong, known_type = (
        "a consignee goes by number, but on types 11 and 86:",
        checks.of_entry(PARTIES, other_types(checks)),
    )
    checks.report_condition(
        "E524", party_conditions.consignee_by_name, parties, wrong, "its importer number", known_type
    )
    for needed, present in (("global_id", "global_id_type"), ("global_id_type", "global_id")):
        checks.need(PARTIES, needed, checks.given(PARTIES, present), "E527", "both or neither")


def agencies(checks: RuleChecks) -> None:
    """What an agency wants hangs on a tariff number of the line (p.22)."""
    has_tariff = np.isin(key_pairs(checks, "pga", "line", "position"), key_pairs(checks, TARIFFS, "line", "position"))
    on_line = np.isin(key_pairs(checks, "pga", "line"), key_pairs(checks, LINES, "line"))
    lost = ~has_tariff & on_line & checks.given("pga", "position")
    checks.report(
        "pga",
        "position",
        lost,
        "E601",
        "no such order on the sheet Tariffs:",
        "the order of a tariff number on this line",
    )


def disclaimers(checks: RuleChecks) -> None:
    """Only a disclaimer that CBP's chapter allows the agency (PGA 2026-07 p.19-20)."""
    disclaimed = np.flatnonzero(checks.given("pga", "disclaimer") & (checks.parents["pga"] >= 0))
    if not disclaimed.size:
        return
    agency, program, disclaimer = (
        to_list(pc.fill_null(checks.column("pga", name), "").take(disclaimed))
        for name in ("agency", "program", "disclaimer")
    )
    kinds = to_list(checks.column(ENTRIES, "entry_type").take(checks.parents["pga"][disclaimed]))
    cases: dict[tuple[str, str, str], list[int]] = {}
    for row, code, *case in zip(disclaimed, disclaimer, agency, program, kinds, strict=True):
        key = (case[0], case[1], case[2] or "")
        if code not in allowed_codes(*key):
            cases.setdefault(key, []).append(int(row))
    for key, rows in cases.items():
        wrong = np.zeros(checks.size("pga"), dtype=bool)
        wrong[rows] = True
        reason = f"a disclaimer that {key[0]} does not allow here:"
        checks.report("pga", "disclaimer", wrong, "E603", reason, allowed_text(*key))


def documents(checks: RuleChecks) -> None:
    """A DIS reference is used once an entry (p.43, 55)."""
    references = checks.column("documents", "dis_reference")
    reference_place = pc.fill_null(pc.index_in(references, value_set=references.unique()), 0).to_numpy()
    twice = is_repeated((checks.parents["documents"].astype(np.int64) + 1) * 10_000_000 + reference_place)
    owned = checks.given("documents", "dis_reference") & (checks.parents["documents"] >= 0)
    checks.report("documents", "dis_reference", twice & owned, "E602", "used twice:", "another one")
