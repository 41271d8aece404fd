"""Listed names prepared for screening: the list side, as `partner_index` is the partner side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tasks.core.arrow_compute import to_list
from tasks.screening.matching.name_block import NameBlock
from tasks.screening.matching.scoring_model import ScoringModel


@dataclass(frozen=True)
class ListedNames:
    """All names of all records as one block. `owner[n]` is the record of name n."""

    model: ScoringModel
    records: list[str]
    owner: np.ndarray
    block: NameBlock
    strength: list[str]
    kinds: list[str]
    identifiers: pa.Table
    """Schema IDENTIFIER_KEYS; `holder` is a place in `records`."""
    places: pa.Table | None

    def __len__(self) -> int:
        return len(self.block)

    @cached_property
    def first_name(self) -> dict[str, str]:
        """Record -> its first name in the order given, the primary one as a rule."""
        first: dict[str, str] = {}
        for owner, name in zip(self.owner.tolist(), to_list(self.block.names), strict=True):
            first.setdefault(self.records[owner], name)
        return first
