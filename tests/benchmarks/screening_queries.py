"""Labelled queries of the screening benchmark: equal eighths, each with the record it must find."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pyarrow as pa

from tests.benchmarks.perturb import CHANGES

ALIAS = "alias held out"


@dataclass(frozen=True)
class Query:
    record: str
    name: str
    kind: str
    listed_as: str
    """individual, entity, vessel, aircraft."""


def eighths(names: pa.Table, each: int, seed: int) -> tuple[pa.Table, list[Query]]:
    """The list without its held-out aliases (and without weak ones), and `each` queries a kind."""
    dice = random.Random(seed)
    rows = [row for row in names.to_pylist() if row["strength"] != "weak"]
    aliases = [n for n, row in enumerate(rows) if row["strength"] == "strong"]
    held = set(dice.sample(aliases, min(each, len(aliases))))
    kept = [row for n, row in enumerate(rows) if n not in held]
    queries = [Query(row["record"], row["name"], ALIAS, row["kind"]) for row in (rows[n] for n in sorted(held))]
    for kind, change in CHANGES.items():
        for row in dice.sample(kept, min(each, len(kept))):
            name = change(row["name"].upper(), dice)
            queries.append(Query(row["record"], name, kind, row["kind"]))
    return pa.Table.from_pylist(kept, schema=names.schema), queries
