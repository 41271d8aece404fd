"""Warns where the trade history suggests another entry type than the paper has: goods under quota or
an antidumping or countervailing case. A warning changes nothing: the desk looks and decides.

Which type belongs to what is data: `data/history/entry_types.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from tasks.core.errors import Problem
from tasks.entries.record.code_lists import code_meanings, codes_where
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import field_named
from tasks.entries.record.trade_history import Row, is_special, shipped

CODE = "W701"
REMEDY = frozenset({"03", "07", "34", "38"})
"""Types of goods under an antidumping or countervailing case (CATAIR Appendix B)."""

_UNNAMED = "not named"
_SHOWN = 3


@dataclass(frozen=True)
class HistoryMatch:
    """What history knows of an HTS number and origin. `quota`: Y, ? or empty."""

    quota: str
    cases: tuple[str, ...]
    entries: int
    last: str

    def __or__(self, other: HistoryMatch) -> HistoryMatch:
        return HistoryMatch(
            max(self.quota, other.quota),  # "" < "?" < "Y"
            tuple(sorted({*self.cases, *other.cases})),
            self.entries + other.entries,
            max(self.last, other.last),
        )

    @property
    def words(self) -> str:
        parts = [f"case {', '.join(self.cases)}"] if self.cases else []
        parts += [{"Y": "quota", "?": "perhaps quota"}[self.quota]] if self.quota else []
        when = f", last {self.last}" if self.last else ""
        return f"{' and '.join(parts)} ({self.entries or 'some'} earlier entries{when})"


Known = Mapping[tuple[str, str], HistoryMatch]


def entry_type_hints(history: pa.Table | None) -> Known:
    """What is worth a warning, by (HTS number, origin); by its first eight digits too, which the
    rate goes by: the last two are statistics only."""
    matches: dict[tuple[str, str], HistoryMatch] = {}
    for row in history.to_pylist() if history is not None else ():
        match = _history_match(row)
        if match.quota or match.cases:
            for digits in (10, 8):
                key = row["hts_number"][:digits], row["country_of_origin"]
                matches[key] = matches[key] | match if key in matches else match
    return matches


def _history_match(row: Row) -> HistoryMatch:
    """A case is summary data and often not known at release, nor does every report have a column for
    quota: what was never entered but as such a type tells as much."""
    types = set(row["entry_types"] or ())
    cases = {*(row["ad_case"] or ()), *(row["cvd_case"] or ())}
    if not cases and types and types <= REMEDY:
        cases = {_UNNAMED}
    quota = row["quota"] or ("?" if types and types <= _quota_types() else "")
    quota = quota if quota in ("Y", "?") else ""
    last = row["last_entry"].isoformat() if row["last_entry"] else ""
    return HistoryMatch(quota, tuple(sorted(cases)), row["entries"] or 0, last)


def type_warnings(record: EntryRecord, history: Known, file: str, rows: Mapping[str, int]) -> Iterator[Problem]:
    """One warning for each entry whose lines suggest another type. `rows`: the row of each number on
    the sheet Entries."""
    if not history:
        return
    matches = _matched_lines(record, history)
    declared = zip(record.numbers, record.entries["entry_type"].to_pylist(), strict=True)
    for number, kind in declared:
        lines = matches.get(number, {})
        quota = any(match.quota for match in lines.values())
        remedy = any(match.cases for match in lines.values())
        if hint := _suggested(kind or "", quota, remedy):
            yield Problem(
                file,
                "Entries",
                rows.get(number, 0),
                field_named("entries", "entry_type").title,
                kind or "",
                f"{number}: {_lines_text(lines)}; the type does not fit:",
                f"look at type {hint['suggests']} ({_meaning(hint['suggests'])}) "
                f"[{hint['mark']}] before the paper goes out; nothing was changed",
                CODE,
            )


def _matched_lines(record: EntryRecord, history: Known) -> dict[str, dict[str, HistoryMatch]]:
    """By entry, then by line in words, what history knows of it."""
    origins = {
        (row["entry_number"], row["line"]): row["country_of_origin"]
        for row in record.lines.select(["entry_number", "line", "country_of_origin"]).to_pylist()
    }
    matches: dict[str, dict[str, HistoryMatch]] = {}
    for row in record.tariffs.select(["entry_number", "line", "hts_number"]).to_pylist():
        hts, origin = row["hts_number"] or "", origins.get((row["entry_number"], row["line"]))
        if not origin or is_special(hts):
            continue
        match = history.get((hts, origin)) or history.get((hts[:8], origin))
        if match:
            line = f"line {row['line']}, {hts} from {origin}"
            matches.setdefault(row["entry_number"], {})[line] = match
    return matches


def _lines_text(lines: Mapping[str, HistoryMatch]) -> str:
    texts = [f"{line}: {match.words}" for line, match in lines.items()]
    tail = f"; and {len(texts) - _SHOWN} more lines" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + tail


def _meaning(kind: str) -> str:
    return code_meanings("entry_type").get(kind, "")


def _suggested(declared: str, quota: bool, remedy: bool) -> Mapping[str, str] | None:
    """The row that names most of what is known of the entry."""
    fits = [
        row
        for row in _hints()
        if row["declared"] == declared and (quota or not row["quota"]) and (remedy or not row["remedy"])
    ]
    return max(fits, key=lambda row: (row["quota"] + row["remedy"]).count("Y"), default=None)


@cache
def _quota_types() -> frozenset[str]:
    return frozenset(codes_where("entry_type", "quota"))


@cache
def _hints() -> tuple[Mapping[str, str], ...]:
    return tuple(shipped("entry_types.csv"))
