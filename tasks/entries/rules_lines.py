"""Rules on lines, tariff numbers, parties, other agencies and documents (SE v40 p.56-72)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.entries import codes
from tasks.entries.checks import Checks, Mask, out_of_count, repeated
from tasks.entries.rules_release import files_release, other_types

E, LINES, T, P = "entries", "lines", "tariffs", "parties"
NEEDED_PARTIES = ("MF", "SE", "BY", "CN")
NEEDED_LOW_VALUE = ("SE", "CN")
BY_NAME_TYPES = ("11", "86")
MOST_LINES, MOST_TARIFFS = 999, 32


def all_lines(c: Checks) -> None:
    """Every rule of this module on one record."""
    counted(c)
    tariff_order(c)
    tariff_values(c)
    zone_lines(c)
    parties_present(c)
    party_shape(c)
    agencies(c)
    documents(c)


def pairs(c: Checks, table: str, *names: str) -> np.ndarray:
    """int64 that is the same for rows with the same entry and integer keys."""
    made = c.parents[table].astype(np.int64) + 1
    for name in names:
        made = made * 10_000 + c.integers(table, name)
    return made


def counted(c: Checks) -> None:
    """Lines run 1, 2, 3 ... (SE40, p.62); each has a tariff number, 32 at most, in order."""
    files_lines = ~c.among(E, "filing_route", ["none"]) & ~c.has(LINES)
    c.report(E, "entry_number", files_lines, "E501", "no line for", "a row on the sheet Lines")
    _run(c, LINES, pairs(c, LINES), "line", MOST_LINES, "E502")
    _run(c, T, pairs(c, T, "line"), "position", MOST_TARIFFS, "E504")
    bare = ~np.isin(pairs(c, LINES, "line"), pairs(c, T, "line")) & (c.parents[LINES] >= 0)
    c.report(LINES, "line", bare, "E503", "no tariff number for line", "a row on the sheet Tariffs")
    for table in (T, "pga", P):
        known = np.isin(pairs(c, table, "line"), pairs(c, LINES, "line"))
        whole = c.integers(table, "line") == 0 if table == P else np.False_
        lost = ~known & ~whole & (c.parents[table] >= 0) & c.given(table, "line")
        c.report(
            table,
            "line",
            lost,
            "E505",
            "no such line on the sheet Lines:",
            "a line that stands there",
        )


def _run(c: Checks, table: str, groups: np.ndarray, name: str, most: int, code: str) -> None:
    numbers, known = c.integers(table, name), c.given(table, name) & (c.parents[table] >= 0)
    twice = repeated(groups * 10_000 + numbers) & known
    out = out_of_count(groups, numbers) & known
    c.report(table, name, twice, code, "stands twice:", "each number once")
    c.report(table, name, out, code, "out of count:", "1, 2, 3 ... without a gap")
    c.report(table, name, numbers > most, code, "too many:", f"at most {most}")


def _chapters(c: Checks) -> np.ndarray:
    """Chapter of each tariff number as int64, 0 where there is none."""
    whole = c.like(T, "hts_number", "[0-9]{10}")
    text = pc.if_else(whole, c.column(T, "hts_number"), "0000000000")
    return pc.cast(pc.utf8_slice_codeunits(text, 0, 2), "int64").to_numpy()


def tariff_order(c: Checks) -> None:
    """Chapter 99 before the number that it is claimed on; type 23 begins with 9813 (p.71)."""
    chapter, line = _chapters(c), pairs(c, T, "line")
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
    carried = np.isin(line, line[(chapter != 99) & (chapter > 0)])
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
        tib & first & ~c.like(T, "hts_number", "9813[0-9]{6}"),
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


def tariff_values(c: Checks) -> None:
    """The value stands on the chapter 1-97 number (p.71); all lines together make the entry's."""
    barred = c.given(T, "value") & (_chapters(c) == 99) & (c.integers(T, "value") > 0)
    c.report(T, "value", barred, "E509", "value on a chapter 99 number:", "on the number after it")
    low = c.among(E, "entry_type", ["86"]) | c.has(P, _consignee_by_name(c))
    lines, place = np.unique(pairs(c, T, "line"), return_inverse=True)
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
    bare = c.has(T, ~valued[place]) | c.has(LINES, ~np.isin(pairs(c, LINES, "line"), lines))
    _total(c, ~bare & c.has(T))


def _total(c: Checks, valued: Mask) -> None:
    """Each line is rounded to a dollar, so the sum may be off by half a dollar a line."""
    rows, inside = c.parents[T], c.parents[T] >= 0
    amounts = c.integers(T, "value")
    total = np.bincount(rows[inside], amounts[inside], c.size(E)).astype(np.int64)
    lines = np.bincount(c.parents[LINES][c.parents[LINES] >= 0], minlength=c.size(E))
    off = np.abs(total - c.integers(E, "entered_value")) > (lines + 1) // 2
    wrong = valued & off & c.given(E, "entered_value")
    sums = {row: f"the lines make {total[row]:,}" for row in np.flatnonzero(wrong).tolist()}
    c.report(E, "entered_value", wrong, "E510", "not the sum of the lines:", sums)


def zone_lines(c: Checks) -> None:
    """Type 06 says status and quantity of each line; an expired number its successor (p.63, 72)."""
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
    dated = pairs(c, LINES, "line")[c.given(LINES, "privileged_date")]
    renamed = pairs(c, T, "line")[c.given(T, "current_hts_number")]
    undated = ~np.isin(pairs(c, T, "line"), dated)
    c.bar(
        T,
        "current_hts_number",
        undated,
        "E512",
        "leave empty, or fill in Privileged status date on the line (type 06, status P)",
    )
    unnamed = c.given(LINES, "privileged_date") & ~np.isin(pairs(c, LINES, "line"), renamed)
    c.report(
        LINES,
        "privileged_date",
        unnamed & foreign,
        "E512",
        "no Current HTS number on its tariff rows:",
        "that number too, or leave empty",
    )


def _consignee_by_name(c: Checks) -> Mask:
    return c.among(P, "party", ["CN"]) & c.given(P, "name")


def parties_present(c: Checks) -> None:
    """Seller, buyer, manufacturer and consignee stand for the entry or on each line (p.17, 57);
    type 86 needs seller and consignee only."""
    due = files_release(c)
    for code in NEEDED_PARTIES:
        kind = c.among(P, "party", [code])
        header = c.has(P, kind & (c.integers(P, "line") == 0))
        covered = np.isin(pairs(c, LINES, "line"), pairs(c, P, "line")[kind])
        everywhere = c.has(LINES) & ~c.has(LINES, ~covered)
        low = c.among(E, "entry_type", ["86"]) & (code not in NEEDED_LOW_VALUE)
        c.report(
            E,
            "entry_number",
            due & ~header & ~everywhere & ~low,
            "E520",
            f"no {codes.meanings('party')[code]} ({code}) for",
            "a row on the sheet Parties, line 0 or one for each line",
        )
    twice = repeated(pairs(c, P, "line") * 100 + _party_place(c))
    c.report(
        P,
        "party",
        twice & c.given(P, "party") & (c.parents[P] >= 0),
        "E521",
        "stands twice for this line:",
        "each party once",
    )


def _party_place(c: Checks) -> np.ndarray:
    known = pa.array(list(codes.meanings("party")))
    return pc.fill_null(pc.index_in(c.column(P, "party"), value_set=known), 99).to_numpy()


def party_shape(c: Checks) -> None:
    """Name and address or a number, never both; numbers for BY, CN and ST only; CN by name on
    types 11 and 86 only, under their caps (p.56-58)."""
    name, number = c.given(P, "name"), c.given(P, "number")
    c.report(P, "number", name & number, "E522", "name and number both:", "one of the two")
    c.report(P, "name", ~name & ~number, "E522", "missing", "name and address, or a number")
    by_number = c.among(P, "party", codes.having("party", "by_number"))
    c.report(P, "number", number & ~by_number, "E523", "this party goes by name:", "name, address")
    c.need(P, "number_type", number, "E523", "EI, ANI or 34")
    c.bar(P, "number_type", ~number, "E523", "leave empty: there is no number")
    for field in ("address", "city", "country"):
        c.need(P, field, name, "E525", "needed with the name")
    named = _consignee_by_name(c)
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


def agencies(c: Checks) -> None:
    """What an agency wants hangs on a tariff number of the line (p.22)."""
    known = np.isin(pairs(c, "pga", "line", "position"), pairs(c, T, "line", "position"))
    on_line = np.isin(pairs(c, "pga", "line"), pairs(c, LINES, "line"))
    lost = ~known & on_line & c.given("pga", "position")
    c.report(
        "pga",
        "position",
        lost,
        "E601",
        "no such order on the sheet Tariffs:",
        "the order of a tariff number on this line",
    )


def documents(c: Checks) -> None:
    """A DIS reference is used once an entry (p.43, 55)."""
    seen = c.column("documents", "dis_reference")
    place = pc.fill_null(pc.index_in(seen, value_set=seen.unique()), 0).to_numpy()
    twice = repeated((c.parents["documents"].astype(np.int64) + 1) * 10_000_000 + place)
    given = c.given("documents", "dis_reference") & (c.parents["documents"] >= 0)
    c.report("documents", "dis_reference", twice & given, "E602", "used twice:", "another one")
