"""Whether each record may follow the one before it: X33, X35 and X37 of one that may not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.ace.checks.deck import Found, Index
from tasks.ace.checks.grammar import Grammar
from tasks.ace.checks.recognise import BLOCK, FIRST_OWN
from tasks.ace.wire.classes import Flags

Labels = NDArray[np.uint8]


@dataclass
class Sequence:
    """The records that are judged: deck rows, their labels, and which begin a transaction."""

    at: Index
    label: Labels
    start: Flags

    def without(self, gone: Flags) -> Sequence:
        kept = ~gone
        return Sequence(self.at[kept], self.label[kept], self.start[kept])

    def transaction(self) -> NDArray[np.int64]:
        return np.cumsum(self.start) - 1


def check_order(found: Found, grammar: Grammar, sequence: Sequence, maps: Index) -> Index:
    """Adds X33, X35 and X37; gives the deck rows that stand wrong.

    maps: the map of each transaction, and of none at the end. A record that begins a transaction
    without its head becomes a start of the sequence, so that its faults stay its own. Where an
    unknown record stood between two (X34), their order is not judged.
    """
    before, label = sequence.label[:-1], sequence.label[1:]
    own = label >= FIRST_OWN
    inside = (before >= FIRST_OWN) & ~sequence.start[1:]
    beside = sequence.at[1:] == sequence.at[:-1] + 1
    judged = own & beside & (inside | (before == BLOCK))
    owner = maps[sequence.transaction()[1:]] if maps.any() else np.zeros(len(label), dtype=np.int64)
    follow = np.stack([one.follow for one in grammar.maps])
    bad = np.flatnonzero(judged & ~follow[owner, before, label]) + 1
    if not len(bad):
        return bad
    headless = _headless(grammar, sequence, owner[bad - 1], bad)
    missing = _missing(grammar, sequence, owner[bad - 1], bad)
    found.add("X33", sequence.at[bad[headless]])
    found.add("X37", sequence.at[bad[~headless & missing]])
    found.add("X35", sequence.at[bad[~headless & ~missing]])
    sequence.start[bad[headless]] = True
    return sequence.at[bad]


def _headless(grammar: Grammar, sequence: Sequence, owner: Index, bad: Index) -> Flags:
    """Which misplaced records begin a transaction whose own head is not there.

    After the block header or after the last record that a transaction can have (AE 90), or where
    a header record that stands once, or the one behind it, has already stood.
    """
    if not grammar.head:
        return np.zeros(len(bad), dtype=bool)
    before, label = sequence.label[bad - 1], sequence.label[bad]
    last = np.array([one.last for one in grammar.maps])[owner]
    found = (before == BLOCK) | ((last > 0) & (before == last))
    single = np.zeros((len(grammar.maps), len(grammar.labels)), dtype=bool)
    for number, chart in enumerate(grammar.maps):
        single[number, list(chart.single)] = True
    header = single[owner, label]
    found |= header & _stood(sequence, label, bad)
    behind = np.append(sequence.label, 0)[bad + 1]
    return found | (header & single[owner, behind] & _stood(sequence, behind, bad))


def _stood(sequence: Sequence, label: Labels, rows: Index) -> Flags:
    """Whether each label has already stood before its row, in the row's transaction."""
    starts = np.flatnonzero(sequence.start)
    begin = np.append(starts, 0)[np.searchsorted(starts, rows, side="right") - 1]
    found = np.zeros(len(rows), dtype=bool)
    for one in np.unique(label):
        same = label == one
        found[same] = _previous(sequence, int(one), rows[same]) >= begin[same]
    return found


def _missing(grammar: Grammar, sequence: Sequence, owner: Index, bad: Index) -> Flags:
    """Which misplaced records would stand right after the head of their group, which is not there.

    A record of the same group as the one before it does only if it has already stood in it: else
    the two have changed places.
    """
    before, label = sequence.label[bad - 1], sequence.label[bad]
    found = np.stack([one.skip for one in grammar.maps])[owner, before, label]
    head = np.stack([one.again for one in grammar.maps])[owner, before, label]
    for one in np.unique(label[head > 0]):
        same = (label == one) & (head > 0)
        stood = _previous(sequence, int(one), bad[same])
        opened = np.full(len(stood), -1)
        for group in np.unique(head[same]):
            inside = head[same] == group
            opened[inside] = _previous(sequence, int(group), bad[same][inside])
        found[same] |= stood > opened
    return found


def _previous(sequence: Sequence, label: int, rows: Index) -> Index:
    """For each row the last earlier one with a label; -1 if there is none."""
    at = np.flatnonzero(sequence.label == label)
    return np.append(at, -1)[np.searchsorted(at, rows) - 1]
