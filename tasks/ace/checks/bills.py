"""Facts of the bill groups of cargo release: which SE15 stand together, what hangs on each."""

from __future__ import annotations

import numpy as np

from tasks.ace.checks.deck import Index
from tasks.ace.checks.release import Release
from tasks.ace.wire.classes import Flags


class Bills:
    """SE15 records with their group. Arrays have one element a record unless told otherwise."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.rows = release.rows("SE15")
        self.entry = release.entry(self.rows)
        starts = np.zeros(len(release.deck), dtype=bool)
        starts[release.deck.groups["SE15"]] = True
        self.opens: Flags = starts[self.rows.at]
        self.lowest: Flags = np.append(self.opens[1:], True)[: len(self.opens)]
        self.group: Index = np.cumsum(self.opens) - 1
        self.in_bond = self.rows.says("bill_type", "I")

    def of_mode(self, *modes: str) -> Flags:
        return self.release.is_mode(*modes)[self.entry]

    def of_type(self, *types: str) -> Flags:
        return self.release.is_type(*types)[self.entry]

    @property
    def groups(self) -> int:
        """Number of groups in the deck."""
        return int(self.group[-1]) + 1 if len(self.group) else 0

    def in_group(self, mask: Flags) -> Flags:
        """Which bills stand in a group where the mask marks one."""
        held = np.zeros(self.groups, dtype=bool)
        held[self.group[mask]] = True
        return held[self.group]

    def with_conveyance(self) -> Flags:
        """Which bills stand in a group that has an SE16."""
        conveyances = self.release.rows("SE16")
        above = self.release.under(conveyances, "SE15")
        marked = np.zeros(len(self.rows), dtype=bool)
        marked[above[above >= 0]] = True
        return self.in_group(marked)
