"""Compiles a structure map: from its tree of groups to questions about neighbouring records.

Glushkov's construction, with every record optional and repeatable: what is mandatory and what is
too many is counted apart (`structure.py`), so that each fault is called by its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.ace.checker.record_tables import BLOCK

Matrix = NDArray[np.bool_]


@dataclass(frozen=True)
class GrammarNode:
    """One row: a group if `records` is empty. Its name is the label of a record in this place."""

    name: str
    records: tuple[str, ...]
    designation: str
    limit: int
    after: str
    children: list[GrammarNode] = field(default_factory=list, compare=False)

    @property
    def head(self) -> GrammarNode | None:
        """The record that a group cannot be without; None if its first row is no such record."""
        first = self.children[0] if self.children else None
        return first if first is not None and first.records and first.designation == "M" else None


@dataclass(frozen=True)
class RepetitionLimit:
    """In each instance of `parent` (named by its head's label) at most `most` of `label`."""

    label: int
    parent: int
    most: int


@dataclass(frozen=True)
class RequiredRecord:
    """In each instance of `parent` at least one of `label`; `name` is the record that it wants."""

    label: int
    parent: int
    name: str


@dataclass(frozen=True)
class RecordJoin:
    """A record that stays in the group of the one just before it: letters in a 1-based column."""

    record: str
    column: int
    before: str
    after: str


@dataclass(frozen=True)
class StructureMap:
    """One structure map over labels. `follow[a, b]`: b may come after a, mandatory records apart.

    `skip[a, b]`: it may if the head of a group that comes later is left out between them.
    `again[a, b]`: label of the group's head that is left out if b begins the same group anew, or 0.
    `last`: label after which nothing may come (AE 90), or 0. `single`: header records that stand
    once.
    """

    name: str
    source: str
    follow: Matrix
    skip: Matrix
    again: NDArray[np.uint8]
    known: NDArray[np.bool_]
    limits: tuple[RepetitionLimit, ...]
    needs: tuple[RequiredRecord, ...]
    single: frozenset[int]
    last: int


def compile_map(name: str, source: str, root: GrammarNode, labels: list[str]) -> StructureMap:
    skip, again = _skipping(root, labels)
    known_labels = np.zeros(len(labels), dtype=bool)
    for node in walk_groups(root):
        if node.records:
            known_labels[labels.index(node.name)] = True
    final = root.children[-1]
    ends = final.records and final.designation == "M" and root.limit == 0 and len(root.children) > 1
    return StructureMap(
        name=name,
        source=source,
        follow=_following(root, labels),
        skip=skip,
        again=again,
        known=known_labels,
        limits=tuple(_limits(root, labels)),
        needs=tuple(_needs(root, labels)),
        single=frozenset(labels.index(child.name) for child in root.children[1:] if child.records and child.limit == 1),
        last=labels.index(final.name) if ends else 0,
    )


def _following(root: GrammarNode, labels: list[str]) -> Matrix:
    """Which label may follow which, were every record optional and repeatable.

    A group is entered by its head only. Limits and mandatory records are counted apart, so that
    each fault is called by its own name.
    """
    allowed = np.zeros((len(labels), len(labels)), dtype=bool)

    def visit(node: GrammarNode) -> tuple[set[int], set[int]]:
        if node.records:
            label = {labels.index(node.name)}
            _join(allowed, label, label)
            return label, label
        ends = [visit(child) for child in node.children]
        _in_turn(allowed, ends)
        firsts = ends[0][0] if node.head is not None else _all(first for first, _ in ends)
        lasts = _all(last for _, last in ends)
        if node.limit != 1:
            _join(allowed, lasts, firsts)
        return firsts, lasts

    firsts, _ = visit(root)
    _join(allowed, {BLOCK}, firsts)
    return allowed


def _skipping(root: GrammarNode, labels: list[str]) -> tuple[Matrix, NDArray[np.uint8]]:
    """`skip` and `again` of a Map: groups entered otherwise than by their head."""
    forward = np.zeros((len(labels), len(labels)), dtype=bool)
    again = np.zeros((len(labels), len(labels)), dtype=np.uint8)

    def visit(node: GrammarNode) -> tuple[set[int], set[int]]:
        if node.records:
            label = {labels.index(node.name)}
            return label, label
        ends = [visit(child) for child in node.children]
        _in_turn(forward, ends)
        firsts, lasts = _all(first for first, _ in ends), _all(last for _, last in ends)
        if node is not root and node.limit != 1 and node.head is not None:
            for before in lasts:
                for after in firsts - ends[0][0]:
                    again[before, after] = again[before, after] or labels.index(node.head.name)
        return firsts, lasts

    visit(root)
    return forward, again


def _in_turn(allowed: Matrix, ends: list[tuple[set[int], set[int]]]) -> None:
    """Rows of a group in order, any of them left out."""
    for index, (_, before) in enumerate(ends):
        for first, _ in ends[index + 1 :]:
            _join(allowed, before, first)


def _all(parts: Iterable[set[int]]) -> set[int]:
    return set().union(*parts)


def _join(allowed: Matrix, before: set[int], after: set[int]) -> None:
    for label in before:
        allowed[label, sorted(after)] = True


def _limits(group: GrammarNode, labels: list[str]) -> Iterator[RepetitionLimit]:
    """Limits of a group's rows, counted by the label that a row begins with."""
    parent = _parent(group, labels)
    if group.head is not None and group.limit > 1 and group.name == "transaction":
        yield RepetitionLimit(parent, BLOCK, group.limit)
    if parent:
        for child in group.children:
            begins = child if child.records else child.head
            if begins is not None and child.limit and begins is not group.head:
                yield RepetitionLimit(labels.index(begins.name), parent, child.limit)
    for child in group.children:
        if child.children:
            yield from _limits(child, labels)


def _parent(group: GrammarNode, labels: list[str]) -> int:
    """Label that begins each instance of a group; the block header where a block is one."""
    if group.head is not None:
        return labels.index(group.head.name)
    return BLOCK if group.limit == 1 else 0


def _needs(group: GrammarNode, labels: list[str]) -> Iterator[RequiredRecord]:
    if group.head is not None:
        parent = labels.index(group.head.name)
        for child in group.children[1:]:
            begins = child if child.records else child.head
            if child.designation == "M" and begins is not None:
                yield RequiredRecord(labels.index(begins.name), parent, begins.name)
    for child in group.children:
        if child.children:
            yield from _needs(child, labels)


def walk_groups(node: GrammarNode) -> Iterator[GrammarNode]:
    yield node
    for child in node.children:
        yield from walk_groups(child)
