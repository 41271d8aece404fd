"""Counting within groups: X36 for more of a record than its limit, X37 for one that is missing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tasks.ace.checks.deck import Deck, Index
from tasks.ace.checks.grammar import Grammar
from tasks.ace.checks.grammar_map import Map
from tasks.ace.checks.structure_order import Sequence
from tasks.ace.wire.classes import Flags


def check_counts(deck: Deck, grammar: Grammar, sequence: Sequence, owner: Index) -> list[Index]:
    """Adds X36 and X37 of transactions whose order is right; gives the deck rows told.

    owner: the map of each transaction.
    """
    counter = _Counter(deck, grammar, sequence)
    faults: list[Index] = []
    for number, chart in enumerate(grammar.maps):
        if len(grammar.maps) > 1 and not (owner == number).any():
            continue
        of_map = None if (owner == number).all() else owner == number
        faults.extend(_exceeded(deck, counter, chart, of_map))
        faults.extend(_lacking(deck, counter, chart, of_map))
    return faults


class _Counter:
    """Rows of each label, and for each row the instance of a group that it stands in."""

    def __init__(self, deck: Deck, grammar: Grammar, sequence: Sequence) -> None:
        self._deck = deck
        self._sequence = sequence
        self._starts: dict[int, Index] = {}
        self._instances: dict[int, NDArray[np.int32]] = {}
        for join in grammar.joins:
            starts = _unjoined(deck, grammar, join.record)
            deck.groups[join.record] = starts
            self._starts[grammar.label(join.record)] = starts

    def rows(self, label: int) -> Index:
        return self._sequence.at[self._sequence.label == label]

    def starts(self, parent: int) -> Index:
        """Deck rows that begin an instance of a group."""
        if parent not in self._starts:
            self._starts[parent] = self.rows(parent)
        return self._starts[parent]

    def instance(self, parent: int) -> NDArray[np.int32]:
        """(n,) the instance of the group that each deck row stands in; -1 before the first."""
        if parent not in self._instances:
            self._instances[parent] = self._deck.begun(self.starts(parent))
        return self._instances[parent]


def _unjoined(deck: Deck, grammar: Grammar, record: str) -> Index:
    """Deck rows of a record that begin a group: all but those joined to the record before."""
    at = deck.index(record)
    joined = np.zeros(len(at), dtype=bool)
    adjacent = at[1:] == at[:-1] + 1
    for join in grammar.joins:
        if join.record == record:
            letter = deck.matrix[at, join.column - 1]
            pair = (letter[:-1] == ord(join.before)) & (letter[1:] == ord(join.after))
            joined[1:] |= adjacent & pair
    return at[~joined]


def _exceeded(deck: Deck, counter: _Counter, chart: Map, of_map: Flags | None) -> Iterator[Index]:
    """X36 at the first record over a limit, once an instance."""
    for limit in chart.limits:
        at = counter.starts(limit.label)
        if len(at) <= limit.most:
            continue
        instance = counter.instance(limit.parent)[at]
        over = (instance[limit.most :] == instance[: -limit.most]) & (instance[limit.most :] >= 0)
        if not over.any():
            continue
        at, instance = at[limit.most :][over], instance[limit.most :][over]
        at = at[np.unique(instance, return_index=True)[1]]
        yield _report(deck, "X36", at, of_map, f"at most {limit.most}")


def _lacking(deck: Deck, counter: _Counter, chart: Map, of_map: Flags | None) -> Iterator[Index]:
    """X37 at the head of a group that lacks a record."""
    for need in chart.needs:
        heads = counter.starts(need.parent)
        owner = counter.instance(need.parent)[counter.starts(need.label)]
        held = np.bincount(owner[owner >= 0], minlength=len(heads))
        if (held == 0).any():
            yield _report(deck, "X37", heads[held == 0], of_map, f"{need.name} is missing")


def _report(deck: Deck, code: str, at: Index, of_map: Flags | None, detail: str) -> Index:
    owner = deck.transaction[at]
    at, owner = at[owner >= 0], owner[owner >= 0]
    wanted = deck.sound[owner] if of_map is None else deck.sound[owner] & of_map[owner]
    deck.found.add(code, at[wanted], 0, detail)
    return at[wanted]
