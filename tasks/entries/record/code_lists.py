"""The code lists of `data/codes/`, read once each."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def code_rows(name: str) -> tuple[MappingProxyType[str, str], ...]:
    """The rows of a list, each with `code`, `meaning` and further columns."""
    text = files("continuity_data").joinpath("codes", f"{name}.csv").read_text(encoding="utf-8")
    return tuple(MappingProxyType(row) for row in csv.DictReader(text.splitlines()))


@cache
def code_meanings(name: str) -> MappingProxyType[str, str]:
    """Code to meaning."""
    return MappingProxyType({row["code"]: row["meaning"] for row in code_rows(name)})


@cache
def codes_where(name: str, column: str, value: str = "Y") -> tuple[str, ...]:
    """The codes of a list whose `column` is `value`."""
    return tuple(row["code"] for row in code_rows(name) if row[column] == value)


@cache
def offered_codes(name: str) -> tuple[str, ...]:
    """The codes that a workbook offers: those that are not refused."""
    return tuple(row["code"] for row in code_rows(name) if not row.get("refused"))


@cache
def folded_codes(name: str) -> MappingProxyType[str, str]:
    """Lower case to the code itself, for lists of our own that are no CBP codes."""
    return MappingProxyType({row["code"].lower(): row["code"] for row in code_rows(name)})


OWN_LISTS = frozenset({"filing_route", "paper_outcome", "document_type", "flag"})
