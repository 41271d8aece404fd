"""Which lines owe no merchandise processing fee, by the dated lists (AE 2026-07 p.160-161)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.money import fees
from tasks.ace.money.fees import MPF, Numbers
from tasks.ace.summary.slice import SummarySlice
from tasks.ace.wire.vectors import Keys, Mask, lookup, truths

_KINDS = (("origin", "country_of_origin"), ("program", "program_indicator"))


def article_exempt(part: SummarySlice, days: Numbers) -> Mask:
    """Which lines are exempt from both MPF and the informal fee by what they are (p.161).

    `mpf_exempt` on the line overrules the dated lists of programme, origin and chapter.
    """
    owner = part.ranks["lines"]
    listed = _chapter_exempt(part)
    for kind, field in _KINDS:
        listed |= _listed(part, kind, field, days[owner])
    listed |= part.is_any("zone_status", fees.exempt_codes(MPF, "zone_status"), "lines")
    stated = truths(pc.is_valid(part.column("mpf_exempt", "lines")))
    return np.where(stated, part.yes("mpf_exempt", "lines"), listed)


def mpf_exempt(part: SummarySlice, article: Mask) -> Mask:
    """Which lines carry no formal MPF: exempt articles, entry types and set components."""
    by_type = part.is_any("entry_type", fees.exempt_codes(MPF, "entry_type"))
    by_type |= part.yes("express_informal")
    component = part.is_any("article_set", fees.exempt_codes(MPF, "article_set"), "lines")
    return article | by_type[part.ranks["lines"]] | component


def _listed(part: SummarySlice, kind: str, field: str, days: Numbers) -> Mask:
    found = np.zeros(part.rows("lines"), dtype=bool)
    if not part.has(field, "lines"):
        return found
    held = part.plain(field, "lines")
    always: list[str] = []
    for one in fees.exemptions(MPF, kind):
        if one.first is None and one.last is None:
            always.append(one.code)
            continue
        first = fees.days_of(one.first) if one.first else fees.NO_DAY
        last = fees.days_of(one.last) if one.last else np.iinfo(np.int64).max
        found |= truths(pc.equal(held, one.code)) & (days >= first) & (days <= last)
    return found | truths(pc.is_in(held, value_set=pa.array(always, pa.string())))


def _chapter_exempt(part: SummarySlice) -> Mask:
    """Lines with a chapter 98 number that is not among those that owe MPF all the same."""
    hts = part.plain("hts_number", "tariffs")
    special = part_of(hts, fees.exempt_codes(MPF, "chapter"))
    owing = part_of(hts, fees.exempt_codes(MPF, "not_chapter"))
    row = tariff_lines(part)
    return _any(row, special & ~owing, part) & ~_any(row, owing, part)


def part_of(hts: pa.Array, heads: tuple[str, ...]) -> Mask:
    """Which tariff numbers begin with one of the heads."""
    found = np.zeros(len(hts), dtype=bool)
    for head in heads:
        found |= truths(pc.starts_with(hts, head))
    return found


def line_values(part: SummarySlice) -> Numbers:
    """Whole dollars of each line: the sum of its tariff numbers."""
    row = tariff_lines(part)
    value = part.whole("value", "tariffs")
    return total(row[row >= 0], value[row >= 0], part.rows("lines"))


def tariff_lines(part: SummarySlice) -> Keys:
    """The row of its line for each tariff number; -1 where there is none."""
    wanted = (part.ranks["tariffs"] << 10) | part.integers("line", "tariffs")
    return lookup(part.line_keys, wanted)


def _any(row: Keys, mask: Mask, part: SummarySlice) -> Mask:
    at = mask & (row >= 0)
    return np.bincount(row[at], minlength=part.rows("lines")) > 0


def total(owner: Keys, value: Numbers, count: int) -> Numbers:
    """Sums by owner; exact below 2**53."""
    return np.bincount(owner, weights=value, minlength=count).astype(np.int64)
