"""Partners prepared for screening: the partner-side half, made once and used for every list change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.screening.matching.identity_evidence import identifier_table
from tasks.screening.matching.name_block import NameBlock, build_block
from tasks.screening.matching.name_words import MODEL
from tasks.screening.matching.scoring_model import load_model


@dataclass(frozen=True)
class PartnerIndex:
    """All names of all partners as one block; `owner[n]` is the partner of name n."""

    model: str
    ids: pa.Array
    facts: pa.Table
    """Columns kind, country, city, address, born; one row a partner, in the order of `ids`."""
    owner: np.ndarray
    block: NameBlock
    identifiers: pa.Table
    """Schema IDENTIFIER_KEYS; `holder` is a place in `ids`."""

    def __len__(self) -> int:
        return len(self.ids)


FACTS = ("kind", "country", "city", "address", "born")


def prepare_partners(
    partners: pa.Table, identifiers: pa.Table | None = None, names: pa.Table | None = None, model: str = MODEL
) -> PartnerIndex:
    """Prepare the table `partners` (partner, name, and any of FACTS).

    `identifiers`: partner, kind, value. `names`: further names (partner, name). Rows of those
    two that name no partner of the first are left out.
    """
    ids = _text(partners, "partner")
    texts, owner = pc.to_list(_text(partners, "name")), np.arange(len(ids))
    if names is not None:
        holder = pc.index_in(names["partner"], value_set=ids)
        real = pc.and_(pc.is_valid(holder), pc.greater(pc.binary_length(names["name"]), 0))
        texts += pc.to_list(names["name"].filter(real))
        owner = np.concatenate([owner, np.asarray(holder.filter(real), dtype=np.int64)])
    block = build_block(texts, load_model(model))
    facts = pa.table({name: _text(partners, name) for name in FACTS})
    return PartnerIndex(model, ids, facts, owner, block, identifier_table(identifiers, ids))


def _text(table: pa.Table, column: str) -> pa.Array:
    """A column without gaps; all empty if it is not there."""
    if column not in table.column_names:
        return pa.array([""] * len(table), pa.string())
    return pc.fill_null(table[column].cast(pa.string()), "").combine_chunks()
