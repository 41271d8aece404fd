"""The tool that rules are written with: a record seen as columns and as masks over its rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa

from tasks.core import arrow_compute as pc, clock
from tasks.entries.numbers.entry_numbers import Offsets
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.validation.conditions.condition import Condition, Integers, Mask
from tasks.entries.validation.rule_findings import RuleFindings, RuleHit, Words

MISSING, STRAY = "missing", "out of place"
_NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True)
class FilerRules:
    """What a house has set. `filers`: our filer codes, None to take any; `offsets`: their check
    digit factors; `quota_one_step`: quota goes as a certified summary; `further_ports`: codes
    that our list of ports lacks; `today`: the port's day, None for the clock's."""

    filers: Collection[str] | None = None
    offsets: Offsets = field(default_factory=dict)
    accept_type_86: bool = False
    quota_one_step: bool = True
    further_ports: Collection[str] = ()
    today: date | None = None

    @property
    def last_day(self) -> date:
        """The last day that is not in the future anywhere: Guam is a day ahead of Maine."""
        return self.today or clock.now().date() + timedelta(days=1)


class RuleChecks:
    """One record under check. Masks are numpy bool arrays over the rows of a table."""

    def __init__(self, record: EntryRecord, profile: FilerRules) -> None:
        self.record = record
        self.profile = profile
        self.findings = RuleFindings(record)
        self._masks: dict[tuple[str, ...], Mask] = {}

    def size(self, table: str) -> int:
        return getattr(self.record, table).num_rows

    def column(self, table: str, name: str) -> pa.ChunkedArray:
        return getattr(self.record, table)[name]

    def unused(self, table: str, name: str) -> bool:
        """Whether no row at all fills the field in, as with most fields of most files."""
        column = self.column(table, name)
        return column.null_count == len(column)

    def given(self, table: str, name: str) -> Mask:
        """True where the field is filled in."""
        if self.unused(table, name):
            return self._nowhere(table)
        return self._once(table, ("given", name), lambda: pc.is_valid(self.column(table, name)))

    def among(self, table: str, name: str, values: Collection[str]) -> Mask:
        """True where the text is one of `values`, of a flag Y or N; False where it is absent."""
        if self.unused(table, name):
            return self._nowhere(table)
        column = self.column(table, name)
        if pa.types.is_boolean(column.type):
            return _bools(pc.is_in(column, value_set=pa.array([value == "Y" for value in values])))
        return self._once(
            table, ("among", name, *values), lambda: pc.is_in(column, value_set=_texts(frozenset(values)))
        )

    def _once(self, table: str, key: tuple[str, ...], column: Callable[[], pa.ChunkedArray]) -> Mask:
        """A mask of the entries is kept, read-only, since many rules ask for it; one of a larger table is not."""
        if table != "entries":
            return _bools(column())
        if key not in self._masks:
            self._masks[key] = _bools(column())
            self._masks[key].setflags(write=False)
        return self._masks[key]

    def like(self, table: str, name: str, form: str) -> Mask:
        """True where the whole text matches `form`; False where it is absent."""
        if self.unused(table, name):
            return self._nowhere(table)
        matches = pc.match_substring_regex(self.column(table, name), rf"\A(?:{form})\z")
        return _bools(pc.fill_null(matches, False))

    def yes(self, table: str, name: str) -> Mask:
        """True where a flag says yes; False where it is absent."""
        return _bools(pc.fill_null(self.column(table, name), False))

    def integers(self, table: str, name: str) -> np.ndarray:
        """int64, 0 where absent."""
        return pc.fill_null(self.column(table, name), 0).to_numpy()

    def days(self, name: str) -> np.ndarray:
        """A date of the entries as numpy days, NaT where absent."""
        return self.column("entries", name).to_numpy().astype("datetime64[D]")

    @cached_property
    def parents(self) -> Mapping[str, np.ndarray]:
        """For each table, the row of `entries` that a row belongs to; -1 for none."""
        numbers = self.column("entries", "entry_number").combine_chunks()
        return {
            name: pc.fill_null(pc.index_in(table["entry_number"], value_set=numbers), -1).to_numpy()
            for name, table in self.record.items()
        }

    def of_entry(self, table: str, mask: Mask) -> Mask:
        """A mask over entries spread over the rows of a child table."""
        rows = self.parents[table]
        return np.append(mask, False)[rows]

    def has(self, table: str, mask: Mask | None = None) -> Mask:
        """A mask over entries: True where a child row (with `mask`) belongs to the entry."""
        rows = self.parents[table]
        rows = rows[rows >= 0] if mask is None else rows[(rows >= 0) & mask]
        return np.bincount(rows, minlength=self.size("entries")) > 0

    def groups(self, table: str, name: str) -> np.ndarray:
        """int64 that is the same for rows of one entry with the same value of an integer key."""
        return (self.parents[table].astype(np.int64) + 1) * 1_000_000 + self.integers(table, name)

    def _nowhere(self, table: str) -> Mask:
        return np.zeros(self.size(table), dtype=bool)

    def report(self, table: str, name: str, mask: Mask, code: str, wrong: Words, right: Words) -> None:
        """Note a fault in `name` at each row of `mask`."""
        rows = np.flatnonzero(mask)
        if rows.size:
            self.findings.hits.append(RuleHit(table, name, rows, code, wrong, right))

    def bind(self, table: str, names: Mapping[str, str] = _NO_NAMES, **derived: np.ndarray) -> BoundTable:
        """Rows of a table under the names of a condition; `derived`: columns that stand in no field."""
        return BoundTable(self, table, names, derived)

    def report_condition(
        self,
        code: str,
        condition: Condition,
        bound: BoundTable,
        wrong: Words,
        right: Words,
        where: Mask | None = None,
        name: str = "",
    ) -> None:
        """Note a fault at each row that breaks a condition where `where` holds; `name`: the field at
        fault if it is not the condition's first."""
        if code not in condition.codes:
            raise KeyError(code)
        broken = condition(bound)
        broken = broken if where is None else broken & where
        self.report(bound.table, name or bound.field(condition.fields[0]), broken, code, wrong, right)

    def need(self, table: str, name: str, mask: Mask, code: str, why: str) -> None:
        """Note the field missing at each row of `mask` that leaves it empty."""
        self.report(table, name, mask & ~self.given(table, name), code, MISSING, why)

    def bar(self, table: str, name: str, mask: Mask, code: str, why: str) -> None:
        """Note the field out of place at each row of `mask` that fills it in."""
        self.report(table, name, mask & self.given(table, name), code, STRAY, why)


@lru_cache(256)
def _texts(values: frozenset[str]) -> pa.Array:
    # Mostly lists of codes, the same for every record.
    return pa.array(sorted(values), pa.string())


def _bools(column: pa.ChunkedArray) -> Mask:
    return column.to_numpy().astype(bool)


class BoundTable:
    """Rows of one table as columns of a condition. A name is a column that the rule worked out, else a
    field of the table, else one of the entry that the row belongs to. `names`: fields that the
    condition calls otherwise."""

    def __init__(
        self, checks: RuleChecks, table: str, names: Mapping[str, str], derived: Mapping[str, np.ndarray]
    ) -> None:
        self.table = table
        self._checks = checks
        self._names = names
        self._derived = derived

    def given(self, name: str) -> Mask:
        return self._column(name, self._checks.given)

    def says(self, name: str, *codes: str) -> Mask:
        return self._column(name, lambda table, field: self._checks.among(table, field, codes))

    def number(self, name: str) -> Integers:
        return self._column(name, self._checks.integers)

    def day(self, name: str) -> Integers:
        days = self._checks.column(self.table, self.field(name)).to_numpy()
        return days.astype("datetime64[D]").astype(np.int64)

    def field(self, name: str) -> str:
        """The field of the table under a name."""
        return self._names.get(name, name)

    def _column(self, name: str, column: Callable[[str, str], np.ndarray]) -> np.ndarray:
        if name in self._derived:
            return self._derived[name]
        field = self.field(name)
        if field in getattr(self._checks.record, self.table).column_names:
            return column(self.table, field)
        return self._checks.of_entry(self.table, column("entries", field))


def out_of_count(groups: np.ndarray, numbers: np.ndarray) -> Mask:
    """True where the numbers of a group, taken in order, leave 1, 2, 3 ... (a repeated number
    is not: `is_repeated` tells it). Both int64 (n,)."""
    order = np.lexsort((numbers, groups))
    sorted_groups, sorted_numbers = groups[order], numbers[order]
    new_group = np.append(True, sorted_groups[1:] != sorted_groups[:-1])[: len(order)]
    before = np.append(0, sorted_numbers[:-1])[: len(order)]
    before[new_group] = 0
    wrong = np.zeros(len(order), dtype=bool)
    wrong[order] = (sorted_numbers != before + 1) & ((sorted_numbers != before) | new_group)
    return wrong


def key_pairs(checks: RuleChecks, table: str, *names: str) -> np.ndarray:
    """int64 that is the same for rows with the same entry and integer keys."""
    keys = checks.parents[table].astype(np.int64) + 1
    for name in names:
        keys = keys * 10_000 + checks.integers(table, name)
    return keys
