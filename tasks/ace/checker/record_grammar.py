"""The structure maps of CBP's chapters, read from `data/ace/grammar.csv` and `maps.csv`.

A row of the grammar is a record or a group in its parent, in the chapter's order, with its
designation and its limit (0 = none printed). A group begins with its first row. A record that
stands in two places (AE 43, 44, PG00) is told apart by `after`: the nearer of those records.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from tasks.ace.checker.record_tables import FIRST_OWN, RecordTable
from tasks.ace.checker.structure_maps import GrammarNode, RecordJoin, StructureMap, compile_map, walk_groups


@dataclass(frozen=True)
class Grammar:
    """The maps of one application. Which one holds for a transaction is told by its head record.

    labels: label names; the first FIRST_OWN are those of `recognise`. head: label that begins a
    transaction, or 0 where a block is one transaction. column: 1-based column of the head whose
    letter picks the map. plain: record id -> label; places: for records in two places, record id
    -> anchor record -> label. loose: CBP prints the order of the answer by examples only.
    """

    name: str
    labels: tuple[str, ...]
    head: int
    column: int
    letters: dict[str, int]
    loose: bool
    maps: tuple[StructureMap, ...]
    places: dict[str, dict[str, int]]
    plain: dict[str, int]
    joins: tuple[RecordJoin, ...]

    def label(self, name: str) -> int:
        return self.labels.index(name)

    def of_kinds(self, table: RecordTable) -> NDArray[np.uint8]:
        """Label of each record kind of a table; 0 for records of no map."""
        labels = np.zeros(len(table.records), dtype=np.uint8)
        labels[:FIRST_OWN] = np.arange(FIRST_OWN)
        for code, record in enumerate(table.records[FIRST_OWN:], start=FIRST_OWN):
            labels[code] = self.plain.get(record, 0)
        return labels


@cache
def application_grammar(name: str) -> Grammar:
    """The grammar of an application. Raises KeyError for a name that is not in `maps.csv`."""
    heads = [row for row in _rows("maps.csv") if row["grammar"] == name]
    if not heads:
        raise KeyError(name)
    trees = [_tree(row["map"]) for row in heads]
    labels, plain, places = _labels(trees)
    first = trees[0].head
    return Grammar(
        name=name,
        labels=tuple(labels),
        head=labels.index(first.name) if heads[0]["column"] and first is not None else 0,
        column=int(heads[0]["column"] or 0),
        letters={letter: n for n, row in enumerate(heads) for letter in row["values"].split()},
        loose=heads[0]["loose"] == "Y",
        maps=tuple(
            compile_map(row["map"], row["source"], tree, labels) for row, tree in zip(heads, trees, strict=True)
        ),
        places=places,
        plain=plain,
        joins=tuple(
            RecordJoin(row["record"], int(row["column"]), row["before"], row["after"])
            for row in _rows("joins.csv")
            if row["grammar"] == name
        ),
    )


def _labels(trees: Iterable[GrammarNode]) -> tuple[list[str], dict[str, int], dict[str, dict[str, int]]]:
    """Label names, and which label each record has, at once or by the record that it follows."""
    labels = ["", "A", "B", "Y", "Z"]
    plain: dict[str, int] = {}
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for node in (node for tree in trees for node in walk_groups(tree) if node.records):
        if node.name not in labels:
            labels.append(node.name)
        number = labels.index(node.name)
        for record in node.records:
            if node.after:
                places[record][node.after] = number
            else:
                plain[record] = number
    plain.update({record: next(iter(where.values())) for record, where in places.items()})
    return labels, plain, dict(places)


def _tree(name: str) -> GrammarNode:
    nodes: dict[str, GrammarNode] = {}
    root: GrammarNode | None = None
    for row in _rows("grammar.csv"):
        if row["map"] != name:
            continue
        records = tuple(row["record"].split())
        node = GrammarNode(row["node"], records, row["designation"], int(row["max"]), row["after"])
        nodes[node.name] = node
        if row["parent"]:
            nodes[row["parent"]].children.append(node)
        else:
            root = node
    if root is None:
        raise KeyError(name)
    return root


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = (files("continuity_data") / "ace" / name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
