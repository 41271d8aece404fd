"""What a condition is: a predicate over named columns with its codes, its source and its fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]

NO_DAY = np.iinfo(np.int64).min
"""No date among days since 1970; numpy's NaT as an integer."""


class ConditionColumns(Protocol):
    """Columns by the names that a condition uses. Arrays have one element a row, (n,)."""

    def given(self, name: str) -> Mask:
        """True where the field is filled in."""
        ...

    def says(self, name: str, *codes: str) -> Mask:
        """True where the field has one of the codes."""
        ...

    def number(self, name: str) -> Integers:
        """0 where the field is blank."""
        ...

    def day(self, name: str) -> Integers:
        """Days since 1970; NO_DAY where there is no date."""
        ...


Predicate = Callable[[ConditionColumns], Mask]


@dataclass(frozen=True)
class Condition:
    """`codes`: of the record check (E, W) and of the file check; `source`: chapter and page as in
    `data/ace/conditions.csv` or `ae_conditions.csv`; `fields`: the columns, the one at fault first."""

    codes: tuple[str, ...]
    source: str
    fields: tuple[str, ...]
    predicate: Predicate

    def __call__(self, columns: ConditionColumns) -> Mask:
        """True at each row that breaks the condition."""
        return self.predicate(columns)

    @property
    def name(self) -> str:
        return self.predicate.__name__


def condition(*codes: str, source: str, fields: str) -> Callable[[Predicate], Condition]:
    """Declares a predicate as a condition. `fields`: names with blanks between them."""
    return lambda predicate: Condition(codes, source, tuple(fields.split()), predicate)


def is_repeated(keys: Integers) -> Mask:
    """True at each key that stood before already. Ascending keys, the usual case in files, need no sorting."""
    if not len(keys) or (keys[1:] > keys[:-1]).all():
        return np.zeros(len(keys), dtype=bool)
    _, first = np.unique(keys, return_index=True)
    repeated = np.ones(len(keys), dtype=bool)
    repeated[first] = False
    return repeated
