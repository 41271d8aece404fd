"""Partners prepared for screening: the partner-side half, made once and used for every list change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.screening.block import Block, build_block
from tasks.screening.evidence import identifier_keys
from tasks.screening.model import load_model
from tasks.screening.version import MODEL


@dataclass(frozen=True)
class Partners:
    """All names of all partners as one block; `owner[n]` is the partner of name n."""

    model: str
    ids: list[str]
    facts: pa.Table
    """Columns kind, country, city, address, born; one row a partner, in the order of `ids`."""
    owner: np.ndarray
    block: Block
    identifiers: dict[tuple[str, str], list[int]]
    """Kind and plain value -> partners that have it."""

    def __len__(self) -> int:
        return len(self.ids)


FACTS = ("kind", "country", "city", "address", "born")


def prepare(
    partners: pa.Table,
    identifiers: pa.Table | None = None,
    names: pa.Table | None = None,
    model: str = MODEL,
) -> Partners:
    """Prepare the table `partners` (partner, name, and any of FACTS).

    `identifiers`: partner, kind, value. `names`: further names (partner, name). Rows of those
    two that name no partner of the first are left out.
    """
    ids = partners["partner"].to_pylist()
    place = {partner: n for n, partner in enumerate(ids)}
    texts = [name or "" for name in partners["name"].to_pylist()]
    owner = list(range(len(ids)))
    for row in names.to_pylist() if names is not None else ():
        if row["partner"] in place and row["name"]:
            texts.append(row["name"])
            owner.append(place[row["partner"]])
    block = build_block(texts, load_model(model))
    facts = pa.table({name: _text(partners, name) for name in FACTS})
    return Partners(
        model,
        ids,
        facts,
        np.array(owner, dtype=np.int64),
        block,
        identifier_keys(identifiers, place),
    )


def _text(table: pa.Table, column: str) -> pa.Array:
    if column not in table.column_names:
        return pa.array([""] * len(table), pa.string())
    return pa.array([value or "" for value in table[column].to_pylist()], pa.string())
