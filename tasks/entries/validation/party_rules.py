"""Rules on parties, other agencies and documents (CATAIR SE v40 p.17, 43, 55-60)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.entries.record.code_lists import code_meanings, codes_where
from tasks.entries.validation.disclaimer_rules import allowed_codes, allowed_text
from tasks.entries.validation.release_rules import BY_NAME_TYPES, files_release, other_types
from tasks.entries.validation.rule_checks import RuleChecks, consignee_by_name, key_pairs, repeated

E, LINES, T, P = "entries", "lines", "tariffs", "parties"
NEEDED_PARTIES = ("MF", "SE", "BY", "CN")
NEEDED_LOW_VALUE = ("SE", "CN")


def all_parties(c: RuleChecks) -> None:
    """Every rule of this module on one record."""
    parties_present(c)
    party_shape(c)
    agencies(c)
    disclaimers(c)
    documents(c)


def parties_present(c: RuleChecks) -> None:
    """Seller, buyer, manufacturer and consignee stand for the entry or on each line (p.17, 57);
    type 86 needs seller and consignee only."""
    due = files_release(c)
    for code in NEEDED_PARTIES:
        kind = c.among(P, "party", [code])
        header = c.has(P, kind & (c.integers(P, "line") == 0))
        covered = np.isin(key_pairs(c, LINES, "line"), key_pairs(c, P, "line")[kind])
        everywhere = c.has(LINES) & ~c.has(LINES, ~covered)
        low = c.among(E, "entry_type", ["86"]) & (code not in NEEDED_LOW_VALUE)
        c.report(
            E,
            "entry_number",
            due & ~header & ~everywhere & ~low,
            "E520",
            f"no {code_meanings('party')[code]} ({code}) for",
            "a row on the sheet Parties, line 0 or one for each line",
        )
    twice = repeated(key_pairs(c, P, "line") * 100 + _party_place(c))
    c.report(
        P,
        "party",
        twice & c.given(P, "party") & (c.parents[P] >= 0),
        "E521",
        "stands twice for this line:",
        "each party once",
    )


def _party_place(c: RuleChecks) -> np.ndarray:
    known = pa.array(list(code_meanings("party")))
    return pc.fill_null(pc.index_in(c.column(P, "party"), value_set=known), 99).to_numpy()


def party_shape(c: RuleChecks) -> None:
    """Name and address or a number, never both; numbers for BY, CN and ST only; CN by name on
    types 11 and 86 only, under their caps (p.56-58)."""
    name, number = c.given(P, "name"), c.given(P, "number")
    c.report(P, "number", name & number, "E522", "name and number both:", "one of the two")
    c.report(P, "name", ~name & ~number, "E522", "missing", "name and address, or a number")
    by_number = c.among(P, "party", codes_where("party", "by_number"))
    c.report(P, "number", number & ~by_number, "E523", "this party goes by name:", "name, address")
    c.need(P, "number_type", number, "E523", "EI, ANI or 34")
    c.bar(P, "number_type", ~number, "E523", "leave empty: there is no number")
    for field in ("address", "city", "country"):
        c.need(P, field, name, "E525", "needed with the name")
    named = consignee_by_name(c)
    c.report(
        P,
        "name",
        named & c.of_entry(P, other_types(c, *BY_NAME_TYPES)),
        "E524",
        "a consignee goes by number, but on types 11 and 86:",
        "its importer number",
    )
    for one, other in (("global_id", "global_id_type"), ("global_id_type", "global_id")):
        c.need(P, one, c.given(P, other), "E527", "both or neither")


def agencies(c: RuleChecks) -> None:
    """What an agency wants hangs on a tariff number of the line (p.22)."""
    known = np.isin(key_pairs(c, "pga", "line", "position"), key_pairs(c, T, "line", "position"))
    on_line = np.isin(key_pairs(c, "pga", "line"), key_pairs(c, LINES, "line"))
    lost = ~known & on_line & c.given("pga", "position")
    c.report(
        "pga",
        "position",
        lost,
        "E601",
        "no such order on the sheet Tariffs:",
        "the order of a tariff number on this line",
    )


def disclaimers(c: RuleChecks) -> None:
    """Only a disclaimer that CBP's chapter allows the agency (PGA 2026-07 p.19-20)."""
    given = np.flatnonzero(c.given("pga", "disclaimer") & (c.parents["pga"] >= 0))
    if not given.size:
        return
    place = pa.array(given)
    agency, program, said = (
        pc.fill_null(c.column("pga", name), "").take(place).to_pylist() for name in ("agency", "program", "disclaimer")
    )
    kinds = c.column(E, "entry_type").take(pa.array(c.parents["pga"][given])).to_pylist()
    cases: dict[tuple[str, str, str], list[int]] = {}
    for row, code, *case in zip(given, said, agency, program, kinds, strict=True):
        known = (case[0], case[1], case[2] or "")
        if code not in allowed_codes(*known):
            cases.setdefault(known, []).append(int(row))
    for known, rows in cases.items():
        wrong = np.zeros(c.size("pga"), dtype=bool)
        wrong[rows] = True
        words = f"a disclaimer that {known[0]} does not allow here:"
        c.report("pga", "disclaimer", wrong, "E603", words, allowed_text(*known))


def documents(c: RuleChecks) -> None:
    """A DIS reference is used once an entry (p.43, 55)."""
    seen = c.column("documents", "dis_reference")
    place = pc.fill_null(pc.index_in(seen, value_set=seen.unique()), 0).to_numpy()
    twice = repeated((c.parents["documents"].astype(np.int64) + 1) * 10_000_000 + place)
    given = c.given("documents", "dis_reference") & (c.parents["documents"] >= 0)
    c.report("documents", "dis_reference", twice & given, "E602", "used twice:", "another one")
