"""Rules on lines and tariff numbers (CATAIR SE v40 p.62-72).

Warns of AD/CVD cases under a continuous bond alone: ACE may want a single transaction bond beside it
(AE error 710), which a surety needs time to file. The dictionary's word is of 2014 and says nothing of cash
deposits, so it is told at recording, before the release goes out, and holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.core.errors import Problem
from tasks.entries.numbers import tariff_numbers
from tasks.entries.numbers.tariff_numbers import length_fault
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named
from tasks.entries.validation.release_rules import other_types
from tasks.entries.validation.rule_checks import Mask, RuleChecks, consignee_by_name, key_pairs, out_of_count, repeated

CODE = "W704"
DEAR = Decimal("5")
"""Per cent from which a case counts; one by quantity always does."""


def case_bond_warnings(record: EntryRecord, file: str, rows: Mapping[str, int]) -> Iterator[Problem]:
    """One warning for each such entry. `rows`: the row of each number on the sheet Entries."""
    entries = record.entries
    bare = pc.and_(pc.equal(entries["bond_type"], "8"), pc.is_null(entries["second_surety"]))
    alone = entries.filter(pc.fill_null(bare, False))["entry_number"]
    lines = record.lines.filter(pc.is_in(record.lines["entry_number"], value_set=alone))
    found: dict[str, list[str]] = {}
    for kind in ("ad", "cd"):
        for row in lines.filter(_dear(lines, kind)).to_pylist():
            rate, unit = row[f"{kind}_rate"], row[f"{kind}_rate_type"]
            said = f"{rate} a unit" if unit == "S" else f"{rate} per cent"
            found.setdefault(row["entry_number"], []).append(f"line {row['line']}, {row[f'{kind}_case']} at {said}")
    for number, cases in sorted(found.items()):
        more = f" and {len(cases) - 2} more" if cases[2:] else ""
        yield Problem(
            file,
            RECORD_SHEETS["entries"],
            rows.get(number, 0),
            field_named("entries", "second_surety").title,
            "",
            f"{number}: {', '.join(cases[:2])}{more} under a continuous bond alone; ACE may reject the summary (710)",
            "have the surety file a single transaction bond, and fill in the second bond, or be ready for that answer",
            CODE,
        )


def _dear(lines: pa.Table, kind: str) -> pa.ChunkedArray:
    given = pc.is_valid(lines[f"{kind}_case"])
    rate = pc.greater_equal(lines[f"{kind}_rate"].cast(pa.float64()), float(DEAR))
    by_unit = pc.equal(lines[f"{kind}_rate_type"], "S")
    dear = pc.or_kleene(pc.fill_null(rate, False), pc.fill_null(by_unit, False))
    return pc.and_(given, dear)


E, LINES, T, P = "entries", "lines", "tariffs", "parties"
MOST_LINES, MOST_TARIFFS = 999, 32
_OF_CASES = {"01": "03", "11": "03", "02": "07", "12": "07", "31": "34", "32": "38", "51": "", "52": "", "86": "03"}
"""Types that take no AD or CVD case, and which one the same goods have under a case (AE 2026-07 p.135)."""


def all_lines(c: RuleChecks) -> None:
    """Every rule of this module on one record."""
    counted(c)
    tariff_digits(c)
    tariff_order(c)
    tariff_values(c)
    zone_lines(c)
    cases(c)


def counted(c: RuleChecks) -> None:
    """Lines run 1, 2, 3 ... (SE40, p.62); each has a tariff number, 32 at most, in order."""
    files_lines = ~c.among(E, "filing_route", ["none"]) & ~c.has(LINES)
    c.report(E, "entry_number", files_lines, "E501", "no line for", "a row on the sheet Lines")
    _run(c, LINES, key_pairs(c, LINES), "line", MOST_LINES, "E502")
    _run(c, T, key_pairs(c, T, "line"), "position", MOST_TARIFFS, "E504")
    bare = ~np.isin(key_pairs(c, LINES, "line"), key_pairs(c, T, "line")) & (c.parents[LINES] >= 0)
    c.report(LINES, "line", bare, "E503", "no tariff number for line", "a row on the sheet Tariffs")
    for table in (T, "pga", P):
        known = np.isin(key_pairs(c, table, "line"), key_pairs(c, LINES, "line"))
        whole = c.integers(table, "line") == 0 if table == P else np.False_
        lost = ~known & ~whole & (c.parents[table] >= 0) & c.given(table, "line")
        c.report(table, "line", lost, "E505", "no such line on the sheet Lines:", "a line that stands there")


def _run(c: RuleChecks, table: str, groups: np.ndarray, name: str, most: int, code: str) -> None:
    numbers, known = c.integers(table, name), c.given(table, name) & (c.parents[table] >= 0)
    twice = repeated(groups * 10_000 + numbers) & known
    out = out_of_count(groups, numbers) & known
    c.report(table, name, twice, code, "stands twice:", "each number once")
    c.report(table, name, out, code, "out of count:", "1, 2, 3 ... without a gap")
    c.report(table, name, numbers > most, code, "too many:", f"at most {most}")


def tariff_digits(c: RuleChecks) -> None:
    """Eight digits in chapters 98 and 99, ten where CBP gives a statistical suffix (AE 2026-07 p.90,
    219; errors 60B, 664, 677). `data/codes/tariff_suffix.csv` lists these."""
    for name in ("hts_number", "current_hts_number"):
        numbers = c.column(T, name).unique().drop_null().to_pylist()
        faults = {text: wrong for text in numbers if (wrong := _digits_fault(text))}
        c.report(
            T,
            name,
            c.among(T, name, faults),
            "E514",
            lambda value, faults=faults: faults[value][0],
            lambda value, faults=faults: faults[value][1],
        )


def _digits_fault(text: str) -> tuple[str, str] | None:
    """Chapters 1-97 are left to the form of the field (E203)."""
    return length_fault(text) if tariff_numbers.is_special(text) else None


def _chapters(c: RuleChecks) -> np.ndarray:
    """Chapter of each tariff number as int64, 0 where there is none."""
    whole = c.like(T, "hts_number", "[0-9]{8}([0-9]{2})?")
    text = pc.if_else(whole, c.column(T, "hts_number"), "0000000000")
    return pc.cast(pc.utf8_slice_codeunits(text, 0, 2), "int64").to_numpy()


def tariff_order(c: RuleChecks) -> None:
    """Chapter 99 before the number that it is claimed on; type 23 begins with 9813 (p.71)."""
    chapter, line = _chapters(c), key_pairs(c, T, "line")
    order = np.lexsort((c.integers(T, "position"), line))
    same = np.append(False, line[order][1:] == line[order][:-1])[: len(order)]
    rank = np.select([chapter == 98, chapter == 99], [0, 1], 2)[order]
    falls = np.append(False, rank[1:] < rank[:-1])[: len(order)] & same
    late = np.zeros(len(order), dtype=bool)
    late[order] = falls
    c.report(
        T,
        "position",
        late & (chapter > 0),
        "E506",
        "a chapter 98 or 99 number after others, order",
        "chapter 98, then 99, then the number that carries the value",
    )
    carried = np.isin(line, line[chapter != 99])
    c.report(
        T,
        "hts_number",
        (chapter == 99) & ~carried,
        "E508",
        "nothing but chapter 99 on the line:",
        "the number of chapter 1-98 after it",
    )
    tib = c.of_entry(T, c.among(E, "entry_type", ["23"]))
    first = c.integers(T, "position") == 1
    c.report(
        T,
        "hts_number",
        tib & first & ~c.like(T, "hts_number", "9813[0-9]*"),
        "E507",
        "type 23 begins each line with 9813:",
        "the 9813 number first, then the goods",
    )
    second = np.isin(line, line[c.integers(T, "position") == 2])
    c.report(
        T,
        "position",
        tib & first & ~second,
        "E507",
        "type 23 needs two numbers a line, only",
        "the number of the goods at order 2",
    )


def tariff_values(c: RuleChecks) -> None:
    """The value stands on the chapter 1-97 number (p.71); all lines together make the entry's."""
    barred = c.given(T, "value") & (_chapters(c) == 99) & (c.integers(T, "value") > 0)
    c.report(T, "value", barred, "E509", "value on a chapter 99 number:", "on the number after it")
    low = c.among(E, "entry_type", ["86"]) | c.has(P, consignee_by_name(c))
    lines, place = np.unique(key_pairs(c, T, "line"), return_inverse=True)
    valued = np.bincount(place[c.given(T, "value")], minlength=len(lines)) > 0
    last = _chapters(c) < 98
    c.report(
        T,
        "value",
        c.of_entry(T, low) & last & ~valued[place],
        "E511",
        "missing",
        "whole dollars: needed for type 86 and for a consignee by name",
    )
    bare = c.has(T, ~valued[place]) | c.has(LINES, ~np.isin(key_pairs(c, LINES, "line"), lines))
    _total(c, ~bare & c.has(T))


def _total(c: RuleChecks, valued: Mask) -> None:
    """Each line is rounded to a dollar, so the sum may be off by half a dollar a line."""
    rows, inside = c.parents[T], c.parents[T] >= 0
    amounts = c.integers(T, "value")
    total = np.bincount(rows[inside], amounts[inside], c.size(E)).astype(np.int64)
    lines = np.bincount(c.parents[LINES][c.parents[LINES] >= 0], minlength=c.size(E))
    off = np.abs(total - c.integers(E, "entered_value")) > (lines + 1) // 2
    wrong = valued & off & c.given(E, "entered_value")
    sums = {row: f"the lines make {total[row]:,}" for row in np.flatnonzero(wrong).tolist()}
    c.report(E, "entered_value", wrong, "E510", "not the sum of the lines:", sums)


def zone_lines(c: RuleChecks) -> None:
    """Type 06 says status and quantity of each line; an expired number its successor (p.63, 72). The day
    of status P is the summary's (AE 41, error 674), so it may stand with any tariff number."""
    zone = c.of_entry(LINES, c.among(E, "entry_type", ["06"]))
    c.need(LINES, "zone_status", zone, "E512", "P or N: type 06 needs it")
    c.need(LINES, "zone_quantity", zone, "E512", "a whole number: type 06 needs it")
    zero = c.given(LINES, "zone_quantity") & (c.integers(LINES, "zone_quantity") == 0)
    c.report(LINES, "zone_quantity", zero, "E512", "no quantity:", "more than 0")
    elsewhere = c.of_entry(LINES, other_types(c, "06"))
    for name in ("zone_status", "zone_quantity", "privileged_date"):
        c.bar(LINES, name, elsewhere, "E512", "leave empty: only type 06 has it")
    foreign = c.among(LINES, "zone_status", ["P"])
    c.bar(LINES, "privileged_date", zone & ~foreign, "E512", "leave empty: only status P has it")
    dated = key_pairs(c, LINES, "line")[c.given(LINES, "privileged_date")]
    undated = ~np.isin(key_pairs(c, T, "line"), dated)
    c.bar(
        T,
        "current_hts_number",
        undated,
        "E512",
        "leave empty, or fill in Privileged status date on the line (type 06, status P)",
    )


def cases(c: RuleChecks) -> None:
    """Goods under an AD or CVD case have entry types of their own (AE error 466), and once ACE has
    released them it takes no other type: better told before the paper goes out."""
    for kind, right in _OF_CASES.items():
        bare = c.of_entry(LINES, c.among(E, "entry_type", [kind]))
        for name in ("ad_case", "cd_case"):
            rows, mend = bare & c.given(LINES, name), "leave empty"
            mend = f"type {right}, told to the port too; or leave empty" if right else mend
            c.report(LINES, name, rows, "E513", f"type {kind} takes no case:", mend)
