"""The record order and repetition of a deck against its grammar: X33 to X37.

Three questions, each answered for all records at once: may this record follow that one (a lookup
of neighbouring pairs), does a group hold more than its limit (a comparison of a sorted column with
itself, shifted), does it lack a record that it must have (a count for each instance).
Evaluation of a transaction stops at its first fault of order (AE 2026-07 p.207).
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checks.deck import Deck, Index
from tasks.ace.checks.grammar import Grammar
from tasks.ace.checks.recognise import BLOCK, FIRST_OWN
from tasks.ace.checks.structure_counts import check_counts
from tasks.ace.checks.structure_order import Labels, Sequence, check_order


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
    mark = np.zeros(len(deck), dtype=np.uint8)
    for number, record in enumerate(anchors, start=1):
        mark[deck.index(record)] = number
    last = np.maximum.accumulate(np.where(mark > 0, np.arange(len(deck)), 0))
    return mark[last]


def _known(deck: Deck, grammar: Grammar, label: Labels, faulty: list[Index]) -> Sequence:
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
    return Sequence(at, label, start)


def _maps(deck: Deck, grammar: Grammar, sequence: Sequence) -> Index:
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
    deck: Deck, grammar: Grammar, sequence: Sequence, maps: Index, faulty: list[Index]
) -> Sequence:
    """X34: records that the map of their own transaction does not have."""
    known = np.stack([one.known for one in grammar.maps])
    if known[0][FIRST_OWN:].all() and not maps.any():
        return sequence
    own = sequence.label >= FIRST_OWN
    gone = own & ~known[maps[sequence.transaction()], sequence.label]
    if not gone.any():
        return sequence
    deck.found.add("X34", sequence.at[gone])
    faulty.append(sequence.at[gone])
    return sequence.without(gone)


def _spoil(deck: Deck, faulty: list[Index]) -> None:
    """Marks the transactions of faulty records: their contents and counts are not judged."""
    if faulty and len(deck.starts):
        owner = deck.transaction[np.concatenate(faulty)]
        deck.sound[owner[owner >= 0]] = False
