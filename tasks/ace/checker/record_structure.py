"""The record order and repetition of a deck against its grammar: X33 to X37.

Three questions, each answered for all records at once: may this record follow that one (a lookup
of neighbouring pairs), does a group hold more than its limit (a comparison of a sorted column with
itself, shifted), does it lack a record that it must have (a count for each instance).
Evaluation of a transaction stops at its first fault of order (AE 2026-07 p.207).

Counting within groups: X36 for more of a record than its limit, X37 for one that is missing.

Whether each record may follow the one before it: X33, X35 and X37 of one that may not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.ace.checker.record_deck import Deck, FaultColumns, Index
from tasks.ace.checker.record_grammar import Grammar
from tasks.ace.checker.record_tables import BLOCK, FIRST_OWN
from tasks.ace.checker.structure_maps import StructureMap
from tasks.ace.wire.data_classes import Flags

Labels = NDArray[np.uint8]


@dataclass
class RecordSequence:
    """The records that are judged: deck rows, their labels, and which begin a transaction."""

    at: Index
    label: Labels
    start: Flags

    def without(self, foreign: Flags) -> RecordSequence:
        remaining = ~foreign
        return RecordSequence(self.at[remaining], self.label[remaining], self.start[remaining])

    def transaction(self) -> NDArray[np.int64]:
        return np.cumsum(self.start) - 1


def check_order(faults: FaultColumns, grammar: Grammar, sequence: RecordSequence, maps: Index) -> Index:
    """Adds X33, X35 and X37; gives the deck rows that stand wrong.

    maps: the map of each transaction, and of none at the end. A record that begins a transaction
    without its head becomes a start of the sequence, so that its faults stay its own. Where an
    unknown record stood between two (X34), their order is not judged.
    """
    before, label = sequence.label[:-1], sequence.label[1:]
    body = label >= FIRST_OWN
    inside = (before >= FIRST_OWN) & ~sequence.start[1:]
    beside = sequence.at[1:] == sequence.at[:-1] + 1
    judged = body & beside & (inside | (before == BLOCK))
    owner = maps[sequence.transaction()[1:]] if maps.any() else np.zeros(len(label), dtype=np.int64)
    follow = np.stack([structure_map.follow for structure_map in grammar.maps])
    bad = np.flatnonzero(judged & ~follow[owner, before, label]) + 1
    if not len(bad):
        return bad
    headless = _headless(grammar, sequence, owner[bad - 1], bad)
    missing = _missing(grammar, sequence, owner[bad - 1], bad)
    faults.add("X33", sequence.at[bad[headless]])
    faults.add("X37", sequence.at[bad[~headless & missing]])
    faults.add("X35", sequence.at[bad[~headless & ~missing]])
    sequence.start[bad[headless]] = True
    return sequence.at[bad]


def _headless(grammar: Grammar, sequence: RecordSequence, owner: Index, bad: Index) -> Flags:
    """Which misplaced records begin a transaction whose own head is not there.

    After the block header or after the last record that a transaction can have (AE 90), or where
    a header record that stands once, or the one behind it, has already stood.
    """
    if not grammar.head:
        return np.zeros(len(bad), dtype=bool)
    before, label = sequence.label[bad - 1], sequence.label[bad]
    last = np.array([structure_map.last for structure_map in grammar.maps])[owner]
    headless = (before == BLOCK) | ((last > 0) & (before == last))
    single = np.zeros((len(grammar.maps), len(grammar.labels)), dtype=bool)
    for number, chart in enumerate(grammar.maps):
        single[number, list(chart.single)] = True
    header = single[owner, label]
    headless |= header & _stood(sequence, label, bad)
    behind = np.append(sequence.label, 0)[bad + 1]
    return headless | (header & single[owner, behind] & _stood(sequence, behind, bad))


def _stood(sequence: RecordSequence, label: Labels, rows: Index) -> Flags:
    """Whether each label has already stood before its row, in the row's transaction."""
    starts = np.flatnonzero(sequence.start)
    begin = np.append(starts, 0)[np.searchsorted(starts, rows, side="right") - 1]
    stood = np.zeros(len(rows), dtype=bool)
    for kind in np.unique(label):
        same = label == kind
        stood[same] = _previous(sequence, int(kind), rows[same]) >= begin[same]
    return stood


def _missing(grammar: Grammar, sequence: RecordSequence, owner: Index, bad: Index) -> Flags:
    """Which misplaced records would stand right after the head of their group, which is not there.

    A record of the same group as the one before it does only if it has already stood in it: else
    the two have changed places.
    """
    before, label = sequence.label[bad - 1], sequence.label[bad]
    missing = np.stack([kind.skip for kind in grammar.maps])[owner, before, label]
    head = np.stack([kind.again for kind in grammar.maps])[owner, before, label]
    for kind in np.unique(label[head > 0]):
        same = (label == kind) & (head > 0)
        stood = _previous(sequence, int(kind), bad[same])
        opened = np.full(len(stood), -1)
        for group in np.unique(head[same]):
            inside = head[same] == group
            opened[inside] = _previous(sequence, int(group), bad[same][inside])
        missing[same] |= stood > opened
    return missing


def _previous(sequence: RecordSequence, label: int, rows: Index) -> Index:
    """For each row the last earlier one with a label; -1 if there is none."""
    at = np.flatnonzero(sequence.label == label)
    return np.append(at, -1)[np.searchsorted(at, rows) - 1]


def check_counts(deck: Deck, grammar: Grammar, sequence: RecordSequence, owner: Index) -> list[Index]:
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

    def __init__(self, deck: Deck, grammar: Grammar, sequence: RecordSequence) -> None:
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


def _exceeded(deck: Deck, counter: _Counter, chart: StructureMap, of_map: Flags | None) -> Iterator[Index]:
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


def _lacking(deck: Deck, counter: _Counter, chart: StructureMap, of_map: Flags | None) -> Iterator[Index]:
    """X37 at the head of a group that lacks a record."""
    for need in chart.needs:
        heads = counter.starts(need.parent)
        owner = counter.instance(need.parent)[counter.starts(need.label)]
        counts = np.bincount(owner[owner >= 0], minlength=len(heads))
        if (counts == 0).any():
            yield _report(deck, "X37", heads[counts == 0], of_map, f"{need.name} is missing")


def _report(deck: Deck, code: str, at: Index, of_map: Flags | None, detail: str) -> Index:
    owner = deck.transaction[at]
    at, owner = at[owner >= 0], owner[owner >= 0]
    judged = deck.sound[owner] if of_map is None else deck.sound[owner] & of_map[owner]
    deck.found.add(code, at[judged], 0, detail)
    return at[judged]


def check_structure(deck: Deck, grammar: Grammar) -> None:
    """Sets the transactions of a deck and adds its structural faults to `deck.found`."""
    label = labels_of(deck, grammar)
    faulty: list[Index] = []
    sequence = _known(deck, grammar, label, faulty)
    maps = _maps(deck, grammar, sequence)
    sequence = _foreign(deck, grammar, sequence, maps, faulty)
    faulty.append(check_order(deck.found, grammar, sequence, maps))
    deck.starts = sequence.at[sequence.start]
    deck.sound = np.ones(len(deck.starts), dtype=bool)
    _spoil(deck, faulty)
    owner = _maps(deck, grammar, sequence)[:-1]
    _spoil(deck, check_counts(deck, grammar, sequence, owner))


def labels_of(deck: Deck, grammar: Grammar) -> Labels:
    """(n,) the grammar's label of each record; 0 for one that is in no map."""
    label = grammar.of_kinds(deck.table)[deck.kinds]
    settled: dict[tuple[str, ...], Labels] = {}
    for record, places in grammar.places.items():
        at = deck.index(record)
        if not len(at):
            continue
        anchors = tuple(places)
        if anchors not in settled:
            settled[anchors] = _nearest(deck, anchors)
        named = np.array([0, *places.values()], dtype=np.uint8)
        label[at] = named[settled[anchors][at]]
    return label


def _nearest(deck: Deck, anchors: tuple[str, ...]) -> Labels:
    """(n,) which of the anchor records stood last, counted from 1; 0 before any."""
    anchor = np.zeros(len(deck), dtype=np.uint8)
    for number, record in enumerate(anchors, start=1):
        anchor[deck.index(record)] = number
    last = np.maximum.accumulate(np.where(anchor > 0, np.arange(len(deck)), 0))
    return anchor[last]


def _known(deck: Deck, grammar: Grammar, label: Labels, faulty: list[Index]) -> RecordSequence:
    """X34: records of no map. The rest is the sequence that is judged."""
    at = np.arange(len(deck))
    unknown = label == 0
    if unknown.any():
        deck.found.add("X34", at[unknown])
        faulty.append(at[unknown])
        at, label = at[~unknown], label[~unknown]
    if grammar.head:
        start = label == grammar.head
    else:
        start = np.zeros(len(label), dtype=bool)
        start[1:] = (label[1:] >= FIRST_OWN) & (label[:-1] == BLOCK)
    return RecordSequence(at, label, start)


def _maps(deck: Deck, grammar: Grammar, sequence: RecordSequence) -> Index:
    """(transactions + 1,) the map of each transaction; the last element is for rows of none."""
    starts = sequence.at[sequence.start]
    maps = np.zeros(len(starts) + 1, dtype=np.int64)
    if grammar.column:
        lookup = np.zeros(256, dtype=np.int64)
        for letter, number in grammar.letters.items():
            lookup[ord(letter)] = number
        maps[:-1] = lookup[deck.matrix[starts, grammar.column - 1]]
    return maps


def _foreign(
    deck: Deck, grammar: Grammar, sequence: RecordSequence, maps: Index, faulty: list[Index]
) -> RecordSequence:
    """X34: records that the map of their own transaction does not have."""
    known_labels = np.stack([structure_map.known for structure_map in grammar.maps])
    if known_labels[0][FIRST_OWN:].all() and not maps.any():
        return sequence
    body = sequence.label >= FIRST_OWN
    foreign = body & ~known_labels[maps[sequence.transaction()], sequence.label]
    if not foreign.any():
        return sequence
    deck.found.add("X34", sequence.at[foreign])
    faulty.append(sequence.at[foreign])
    return sequence.without(foreign)


def _spoil(deck: Deck, faulty: list[Index]) -> None:
    """Marks the transactions of faulty records: their contents and counts are not judged."""
    if faulty and len(deck.starts):
        owner = deck.transaction[np.concatenate(faulty)]
        deck.sound[owner[owner >= 0]] = False
