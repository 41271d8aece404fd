"""The small real list that the matching tests screen against (OFAC, 2024-01-08, and five made names)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from tasks.screening.matching.matcher import NameIndex, build_index
from tasks.screening.matching.partner_index import PartnerIndex, prepare_partners

DATA = Path(__file__).resolve().parents[1] / "data" / "screening"


def listed() -> pa.Table:
    text = {name: pa.string() for name in ("record", "name", "strength", "kind")}
    return csv.read_csv(DATA / "listed.csv", convert_options=csv.ConvertOptions(column_types=text))


@cache
def index() -> NameIndex:
    return build_index(listed())


def partners(*names: str, **facts: list[str]) -> PartnerIndex:
    """Partners p0, p1 ... of these names."""
    ids = [f"p{n}" for n in range(len(names))]
    return prepare_partners(pa.table({"partner": ids, "name": list(names), **facts}))


def found(name: str, **facts: list[str]) -> list[dict]:
    return index().screen(partners(name, **facts)).to_pylist()
