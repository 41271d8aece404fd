"""Cargo release rules of lines: SE40, SE41, SE60 and SE61 (CATAIR SE v40 p.64-66, 73-74)."""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.record_deck import integers
from tasks.ace.checker.release_rules.release_facts import ReleaseFacts, rule
from tasks.ace.wire.data_classes import Bytes, Flags, digit_bytes
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import bill_conditions, code_rows, line_conditions

_TEMPORARY = b"9813"
_SHORT_CHAPTERS = (98, 99)
_NO_CHAPTERS = (0, 77)


@rule("C300", "C301", "C220")
def line_records(release: ReleaseFacts) -> None:
    """Lines 001, 002 ... without a gap; at least one; a known country of origin."""
    lines = release.rows("SE40")
    entry = release.entry(lines)
    first = np.searchsorted(entry, entry, side="left")
    expected = np.arange(len(lines)) - first + 1
    stated = lines.digits("line")
    release.fault("C300", lines, stated & (lines.number("line") != expected), "line")
    release.report(
        "C301", line_conditions.line_missing, release.bind(release.header, line=release.lines > 0), release.full
    )
    listed = lines.says("country_of_origin", *code_list("country"), *code_list("province"))
    wrong = lines.given("country_of_origin") & ~listed
    release.fault("C220", lines, wrong, "country_of_origin")


@rule("C303", "C304", "C305", "C306", "C308", "C309", "C161")
def zone_status(release: ReleaseFacts) -> None:
    """SE41 on every line of a type 06 and nowhere else; SE61 for privileged goods only."""
    lines, status, old = (release.rows(name) for name in ("SE40", "SE41", "SE61"))
    zone = release.is_type("06")
    has_status = np.zeros(len(lines), dtype=bool)
    line = release.under(status, "SE40")
    has_status[line[line >= 0]] = True
    release.report("C303", line_conditions.zone_status_missing, release.bind(lines, zone_status=has_status))
    for rows in (status, old):
        every = np.ones(len(rows), dtype=bool)
        release.report("C304", line_conditions.zone_status_out_of_place, release.bind(rows, zone_status=every))
    listed = status.says("zone_status", *code_list("zone_status"))
    release.fault("C305", status, status.given("zone_status") & ~listed, "zone_status")
    privileged = status.says("zone_status", "P")
    dated = status.given("privileged_date")
    release.report("C306", line_conditions.privileged_date_out_of_place, release.bind(status))
    release.report("C161", bill_conditions.quantity_zero, release.bind(status, {"quantity": "zone_quantity"}))
    flags = np.zeros((3, len(lines) + 1), dtype=bool)
    flags[0, line[privileged]] = True
    flags[1, line[dated]] = True
    old_line = release.under(old, "SE40")
    flags[2, old_line] = True
    of_zone = zone[release.entry(old)]
    release.fault("C308", old, of_zone & ~flags[0, old_line], "current_hts_number")
    lone = dated & privileged & ~flags[2, line]
    release.fault("C309", status, lone, "privileged_date")
    undated = release.bind(old, current_hts_number=np.ones(len(old), dtype=bool), privileged_date=flags[1, old_line])
    release.report(
        "C309", line_conditions.current_number_undated, undated, of_zone & flags[0, old_line], "current_hts_number"
    )


def tariff_form(text: Bytes) -> Flags:
    """Ten digits of a chapter that exists (SE v40 p.73); eight digits and two blanks in chapters 98 and
    99 (AE 2026-07 p.90, 219), ten where `data/codes/tariff_suffix.csv` has the suffix. (n, 10) bytes."""
    eight = digit_bytes(text[:, :8]).all(axis=1)
    ten = eight & digit_bytes(text[:, 8:]).all(axis=1)
    bare = eight & (text[:, 8:] == 32).all(axis=1)
    chapter = integers(text[:, :2])
    short = np.isin(chapter, _SHORT_CHAPTERS)
    if not short.any():
        return ten & ~np.isin(chapter, _NO_CHAPTERS)
    head, suffix = integers(text[:, :8]), integers(text[:, 8:])
    for row in code_rows("tariff_suffix"):
        same_head = eight & (head == int(row["code"]))
        ten &= ~same_head | ((suffix >= int(row["first"])) & (suffix <= int(row["last"])))
        short &= ~same_head
    return np.where(short, bare, ten) & ~np.isin(chapter, _NO_CHAPTERS)


@rule("C310", "C311", "C312", "C313")
def tariff_numbers(release: ReleaseFacts) -> None:
    """Form and order of the tariff numbers of a line (SE60 notes 1, 2)."""
    tariffs, old, lines = (release.rows(name) for name in ("SE60", "SE61", "SE40"))
    for rows, name in ((tariffs, "hts_number"), (old, "current_hts_number")):
        release.fault("C310", rows, rows.given(name) & ~tariff_form(rows.raw(name)), name)
    line = release.under(tariffs, "SE40")
    opens = np.ones(len(tariffs), dtype=bool)
    opens[1:] = line[1:] != line[:-1]
    release.fault("C311", tariffs, _late(tariffs.raw("hts_number"), opens), "hts_number")
    right = (tariffs.raw("hts_number")[:, :4] == np.frombuffer(_TEMPORARY, dtype=np.uint8)).all(1)
    release.report(
        "C312", line_conditions.temporary_number_missing, release.bind(tariffs, first=opens, temporary=right)
    )
    several = np.bincount(line[line >= 0], minlength=len(lines)) > 1
    release.report("C313", line_conditions.second_number_missing, release.bind(lines, second=several))


def _late(numbers: Bytes, opens: Flags) -> Flags:
    """Which chapter 99 numbers stand after a chapter 1-97 number of their line."""
    special = _chapter_99(numbers)
    ordinary = ~special & ~_chapter_98(numbers)
    so_far = np.cumsum(ordinary) - ordinary
    before_line = np.maximum.accumulate(np.where(opens, so_far, 0))
    return special & (so_far > before_line)


def _chapter_99(text: Bytes) -> Flags:
    return (text[:, :2] == ord("9")).all(axis=1)


def _chapter_98(text: Bytes) -> Flags:
    return (text[:, 0] == ord("9")) & (text[:, 1] == ord("8"))


@rule("C315", "C316")
def values(release: ReleaseFacts) -> None:
    """Line values add up to the entry's, and stand on the chapter 1-97 number (note 2)."""
    header, tariffs = release.header, release.rows("SE60")
    stated = release.has("SE60", tariffs.given("value"))
    differs = stated & (release.stated_value != header.number("entered_value"))
    release.fault("C315", header, release.full & differs, "entered_value")
    line = release.under(tariffs, "SE40")
    special = _chapter_99(tariffs.raw("hts_number"))
    plain_valued = np.zeros(len(release.rows("SE40")) + 1, dtype=bool)
    plain_held = plain_valued.copy()
    valued = tariffs.given("value") & (tariffs.number("value") > 0)
    plain_held[line[~special]] = True
    plain_valued[line[~special & valued]] = True
    elsewhere = plain_held[line] & ~plain_valued[line]
    release.report("C316", line_conditions.value_on_chapter_99, release.bind(tariffs, chapter_99=special), elsewhere)
