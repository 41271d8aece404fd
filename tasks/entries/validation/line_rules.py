"""Rules on lines and tariff numbers (CATAIR SE v40 p.62-72).

Warns of AD/CVD cases under a continuous bond alone: ACE may want a single transaction bond beside it
(AE error 710), which a surety needs time to file. The dictionary's word is of 2014 and says nothing of cash
deposits, so it is told at recording, before the release goes out, and holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.core.errors import Problem
from tasks.entries.numbers import tariff_numbers
from tasks.entries.numbers.tariff_numbers import length_fault
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named
from tasks.entries.validation.conditions import line_conditions
from tasks.entries.validation.conditions.bill_conditions import quantity_zero
from tasks.entries.validation.conditions.condition import is_repeated
from tasks.entries.validation.conditions.entry_type_matrix import FORBIDDEN, entry_type_matrix
from tasks.entries.validation.conditions.header_conditions import LOW_VALUE
from tasks.entries.validation.release_rules import other_types
from tasks.entries.validation.rule_checks import MISSING, STRAY, FilerRules, Mask, RuleChecks, key_pairs, out_of_count

CODE = "W704"


def case_bond_warnings(record: EntryRecord, file: str, rows: Mapping[str, int]) -> Iterator[Problem]:
    """One warning for each such entry. `rows`: the row of each number on the sheet Entries."""
    checks = RuleChecks(record, FilerRules())
    cases_by_entry: dict[str, list[str]] = {}
    for kind in ("ad", "cd"):
        for row in to_list(record.lines.filter(pa.array(_case_needs_bond(checks, kind)))):
            rate, unit = row[f"{kind}_rate"], row[f"{kind}_rate_type"]
            rate_text = f"{rate} a unit" if unit == "S" else f"{rate} per cent"
            cases_by_entry.setdefault(row["entry_number"], []).append(
                f"line {row['line']}, {row[f'{kind}_case']} at {rate_text}"
            )
    for number, cases in sorted(cases_by_entry.items()):
        tail = f" and {len(cases) - 2} more" if cases[2:] else ""
        yield Problem(
            file,
            RECORD_SHEETS["entries"],
            rows.get(number, 0),
            field_named("entries", "second_surety").title,
            "",
            f"{number}: {', '.join(cases[:2])}{tail} under a continuous bond alone; ACE may reject the summary (710)",
            "have the surety file a single transaction bond, and fill in the second bond, or be ready for that answer",
            CODE,
        )


def _case_needs_bond(checks: RuleChecks, kind: str) -> Mask:
    hundredths = pc.multiply(pc.fill_null(checks.column(LINES, f"{kind}_rate").cast(pa.float64()), 0.0), 100.0)
    lines = checks.bind(
        LINES,
        {"rate_type": f"{kind}_rate_type"},
        rate=hundredths.to_numpy(),
        continuous=checks.of_entry(LINES, checks.among(ENTRIES, "bond_type", ["8"])),
        single=checks.of_entry(LINES, checks.given(ENTRIES, "second_surety")),
    )
    return checks.given(LINES, f"{kind}_case") & line_conditions.case_under_continuous_bond(lines)


ENTRIES, LINES, TARIFFS, PARTIES = "entries", "lines", "tariffs", "parties"
MOST_LINES, MOST_TARIFFS = 999, 32
_OF_CASES = {"01": "03", "11": "03", "02": "07", "12": "07", "31": "34", "32": "38", LOW_VALUE: "03"}
"""Which type the same goods have under an AD or CVD case."""


def all_lines(checks: RuleChecks) -> None:
    """Every rule of this module on one record."""
    line_counts(checks)
    tariff_digits(checks)
    tariff_order(checks)
    tariff_values(checks)
    zone_lines(checks)
    cases(checks)


def line_counts(checks: RuleChecks) -> None:
    """Lines run 1, 2, 3 ... (SE40, p.62); each has a tariff number, 32 at most, in order."""
    due, right = ~checks.among(ENTRIES, "filing_route", ["none"]), "a row on the sheet Lines"
    entries = checks.bind(ENTRIES, line=checks.has(LINES))
    checks.report_condition("E501", line_conditions.line_missing, entries, "no line for", right, due, "entry_number")
    _run(checks, LINES, key_pairs(checks, LINES), "line", MOST_LINES, "E502")
    _run(checks, TARIFFS, key_pairs(checks, TARIFFS, "line"), "position", MOST_TARIFFS, "E504")
    bare = ~np.isin(key_pairs(checks, LINES, "line"), key_pairs(checks, TARIFFS, "line")) & (checks.parents[LINES] >= 0)
    checks.report(LINES, "line", bare, "E503", "no tariff number for line", "a row on the sheet Tariffs")
    for table in (TARIFFS, "pga", PARTIES):
        has_line = np.isin(key_pairs(checks, table, "line"), key_pairs(checks, LINES, "line"))
        header_row = checks.integers(table, "line") == 0 if table == PARTIES else np.False_
        lost = ~has_line & ~header_row & (checks.parents[table] >= 0) & checks.given(table, "line")
        checks.report(table, "line", lost, "E505", "no such line on the sheet Lines:", "a line that stands there")


def _run(checks: RuleChecks, table: str, groups: np.ndarray, name: str, most: int, code: str) -> None:
    numbers, judged = checks.integers(table, name), checks.given(table, name) & (checks.parents[table] >= 0)
    twice = is_repeated(groups * 10_000 + numbers) & judged
    out = out_of_count(groups, numbers) & judged
    checks.report(table, name, twice, code, "stands twice:", "each number once")
    checks.report(table, name, out, code, "out of count:", "1, 2, 3 ... without a gap")
    checks.report(table, name, numbers > most, code, "too many:", f"at most {most}")


def tariff_digits(checks: RuleChecks) -> None:
    """Eight digits in chapters 98 and 99, ten where CBP gives a statistical suffix (AE 2026-07 p.90,
    219; errors 60B, 664, 677). `data/codes/tariff_suffix.csv` lists these."""
    for name in ("hts_number", "current_hts_number"):
        numbers = to_list(checks.column(TARIFFS, name).unique().drop_null())
        faults = {text: wrong for text in numbers if (wrong := _digits_fault(text))}
        checks.report(
            TARIFFS,
            name,
            checks.among(TARIFFS, name, faults),
            "E514",
            lambda value, faults=faults: faults[value][0],
            lambda value, faults=faults: faults[value][1],
        )


def _digits_fault(text: str) -> tuple[str, str] | None:
    """Chapters 1-97 are left to the form of the field (E203)."""
    return length_fault(text) if tariff_numbers.is_special(text) else None


def _chapters(checks: RuleChecks) -> np.ndarray:
    """Chapter of each tariff number as int64, 0 where there is none."""
    digits = checks.like(TARIFFS, "hts_number", "[0-9]{8}([0-9]{2})?")
    text = pc.if_else(pa.array(digits), checks.column(TARIFFS, "hts_number"), "0000000000")
    return pc.cast(pc.utf8_slice_codeunits(text, 0, 2), "int64").to_numpy()


def tariff_order(checks: RuleChecks) -> None:
    """Chapter 99 before the number that it is claimed on; type 23 begins with 9813 (p.71)."""
    chapter, line = _chapters(checks), key_pairs(checks, TARIFFS, "line")
    order = np.lexsort((checks.integers(TARIFFS, "position"), line))
    rank = np.select([chapter == 98, chapter == 99], [0, 1], 2)
    late = np.zeros(len(order), dtype=bool)
    late[order] = line_conditions.tariff_out_of_order(checks.bind(TARIFFS, rank=rank[order], line=line[order]))
    checks.report(
        TARIFFS,
        "position",
        late & (chapter > 0),
        "E506",
        "a chapter 98 or 99 number after others, order",
        "chapter 98, then 99, then the number that carries the value",
    )
    carried = np.isin(line, line[chapter != 99])
    checks.report(
        TARIFFS,
        "hts_number",
        (chapter == 99) & ~carried,
        "E508",
        "nothing but chapter 99 on the line:",
        "the number of chapter 1-98 after it",
    )
    first = checks.integers(TARIFFS, "position") == 1
    second = np.isin(line, line[checks.integers(TARIFFS, "position") == 2])
    tariffs = checks.bind(
        TARIFFS, first=first, second=second, temporary=checks.like(TARIFFS, "hts_number", "9813[0-9]*")
    )
    wrong, right = "type 23 begins each line with 9813:", "the 9813 number first, then the goods"
    checks.report_condition("E507", line_conditions.temporary_number_missing, tariffs, wrong, right)
    wrong, right = "type 23 needs two numbers a line, only", "the number of the goods at order 2"
    checks.report_condition("E507", line_conditions.second_number_missing, tariffs, wrong, right, first, "position")


def tariff_values(checks: RuleChecks) -> None:
    """The value stands on the chapter 1-97 number (p.71); all lines together make the entry's."""
    special = checks.bind(TARIFFS, chapter_99=_chapters(checks) == 99)
    wrong = "value on a chapter 99 number:"
    checks.report_condition("E509", line_conditions.value_on_chapter_99, special, wrong, "on the number after it")
    low = checks.among(ENTRIES, "entry_type", ["86"]) | checks.has(
        PARTIES, checks.among(PARTIES, "party", ["CN"]) & checks.given(PARTIES, "name")
    )
    lines, line_place = np.unique(key_pairs(checks, TARIFFS, "line"), return_inverse=True)
    valued = np.bincount(line_place[checks.given(TARIFFS, "value")], minlength=len(lines)) > 0
    last = _chapters(checks) < 98
    checks.report(
        TARIFFS,
        "value",
        checks.of_entry(TARIFFS, low) & last & ~valued[line_place],
        "E511",
        "missing",
        "whole dollars: needed for type 86 and for a consignee by name",
    )
    bare = checks.has(TARIFFS, ~valued[line_place]) | checks.has(
        LINES, ~np.isin(key_pairs(checks, LINES, "line"), lines)
    )
    _total(checks, ~bare & checks.has(TARIFFS))


def _total(checks: RuleChecks, valued: Mask) -> None:
    """Each line is rounded to a dollar, so the sum may be off by half a dollar a line."""
    rows, inside = checks.parents[TARIFFS], checks.parents[TARIFFS] >= 0
    amounts = checks.integers(TARIFFS, "value")
    total = np.bincount(rows[inside], amounts[inside], checks.size(ENTRIES)).astype(np.int64)
    lines = np.bincount(checks.parents[LINES][checks.parents[LINES] >= 0], minlength=checks.size(ENTRIES))
    off = np.abs(total - checks.integers(ENTRIES, "entered_value")) > (lines + 1) // 2
    wrong = valued & off & checks.given(ENTRIES, "entered_value")
    sums = {row: f"the lines make {total[row]:,}" for row in np.flatnonzero(wrong).tolist()}
    checks.report(ENTRIES, "entered_value", wrong, "E510", "not the sum of the lines:", sums)


def zone_lines(checks: RuleChecks) -> None:
    """Type 06 says status and quantity of each line; an expired number its successor (p.63, 72). The day
    of status P is the summary's (AE 41, error 674), so it may stand with any tariff number."""
    for name, right in (
        ("zone_status", "P or N: type 06 needs it"),
        ("zone_quantity", "a whole number: type 06 needs it"),
    ):
        lines = checks.bind(LINES, {"zone_status": name})
        checks.report_condition("E512", line_conditions.zone_status_missing, lines, MISSING, right)
    lines = checks.bind(LINES, {"quantity": "zone_quantity"})
    checks.report_condition("E512", quantity_zero, lines, "no quantity:", "more than 0")
    known_type, right = checks.of_entry(LINES, other_types(checks)), "leave empty: only type 06 has it"
    for name in ("zone_status", "zone_quantity", "privileged_date"):
        lines = checks.bind(LINES, {"zone_status": name})
        checks.report_condition("E512", line_conditions.zone_status_out_of_place, lines, STRAY, right, known_type)
    zone = checks.of_entry(LINES, checks.among(ENTRIES, "entry_type", ["06"]))
    right = "leave empty: only status P has it"
    checks.report_condition(
        "E512", line_conditions.privileged_date_out_of_place, checks.bind(LINES), STRAY, right, zone
    )
    dated = key_pairs(checks, LINES, "line")[checks.given(LINES, "privileged_date")]
    tariffs = checks.bind(TARIFFS, privileged_date=np.isin(key_pairs(checks, TARIFFS, "line"), dated))
    right = "leave empty, or fill in Privileged status date on the line (type 06, status P)"
    checks.report_condition("E512", line_conditions.current_number_undated, tariffs, STRAY, right)


def cases(checks: RuleChecks) -> None:
    """Goods under an AD or CVD case have entry types of their own (AE error 466), and once ACE has
    released them it takes no other type: better told before the paper goes out."""
    for kind in (*entry_type_matrix()["case"].types(FORBIDDEN), LOW_VALUE):
        right = _OF_CASES.get(kind)
        bare = checks.of_entry(LINES, checks.among(ENTRIES, "entry_type", [kind]))
        for name in ("ad_case", "cd_case"):
            rows, mend = bare & checks.given(LINES, name), "leave empty"
            mend = f"type {right}, told to the port too; or leave empty" if right else mend
            checks.report(LINES, name, rows, "E513", f"type {kind} takes no case:", mend)
