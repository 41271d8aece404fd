"""Matching partners with listed names: the room's public face.

    index = build(names, identifiers, places)          the list side
    partners = prepare(table, identifiers, names)      the partner side
    hits = index.screen(partners)

A score follows from the two names and the model version alone; no statistic is taken from the list
or the partners at hand, and no pair is crowded out by better ones. So `build(changed).screen(partners)`
finds what a screening of the full list finds for the records of `changed`, and a screening can be
done again years later. A hit is the best pair of names of one partner and one record.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tasks.screening.block import Block, build_block
from tasks.screening.evidence import held
from tasks.screening.explain import explanation
from tasks.screening.facing import Facing, Pairs, face, find, product
from tasks.screening.features import measure, plausible
from tasks.screening.hits import HITS, Found, best_pairs, hit_table
from tasks.screening.model import Model, load_model
from tasks.screening.partners import Partners, prepare
from tasks.screening.second import Opinion, heed
from tasks.screening.version import MODEL

__all__ = ["HITS", "MODEL", "Index", "Partners", "build", "load_model", "prepare"]

CHUNK = 2048
"""Partner names searched at a time by one thread, against LISTED names; more against fewer."""
LISTED = 30_000
SLICE = 100_000
"""Pairs of names measured at a time: some 100 MiB."""


@dataclass(frozen=True)
class Index:
    """Listed names prepared for screening. `owner[n]` is the record of name n."""

    model: Model
    records: list[str]
    owner: np.ndarray
    block: Block
    strength: list[str]
    kinds: list[str]
    identifiers: pa.Table
    """Schema HELD; `holder` is a place in `records`."""
    places: pa.Table | None

    def __len__(self) -> int:
        return len(self.block)

    def screen(
        self,
        partners: Partners | pa.Table,
        *,
        threads: int = 2,
        least: float | None = None,
        opinion: Opinion | None = None,
    ) -> pa.Table:
        """Hits (schema HITS) of all partners with a score of at least `least`.

        `least` is the model's alert threshold unless told. Same identifiers are hits of score 1.
        `opinion` is asked about pairs the model is not sure of. Raises ValueError when the
        partners were prepared with another model version.
        """
        if isinstance(partners, pa.Table):
            partners = prepare(partners, model=self.model.version)
        if partners.model != self.model.version:
            raise ValueError(
                f"partners prepared with model {partners.model}, list with {self.model.version}"
            )
        floor = self.model.alert if least is None else least
        facing = face(partners.block, self.block)
        found = self._found(facing, min(floor, self.model.grey) if opinion else floor, threads)
        best = best_pairs(self, partners, found)
        if opinion:
            best = heed(opinion, self, partners, best)
            best = best.take(best.score >= floor)
        return hit_table(self, partners, facing, best, opinion.name if opinion else "")

    def _found(self, facing: Facing, floor: float, threads: int) -> Found:
        facing.warm()
        with ThreadPoolExecutor(max(1, threads)) as pool:
            chunks = self._chunks(facing)
            work = pool.map(lambda rows: self._screen(facing, rows, floor, threads), chunks)
            return Found.joined(list(work))

    def _chunks(self, facing: Facing) -> Iterator[np.ndarray]:
        rows = np.arange(len(facing.left))
        # a short list makes few pairs a name
        size = min(16 * CHUNK, max(CHUNK, CHUNK * LISTED // max(1, len(facing.right))))
        return iter(np.array_split(rows, max(1, -(-len(rows) // size))))

    def _screen(self, facing: Facing, rows: np.ndarray, floor: float, threads: int) -> Found:
        pairs = find(facing, rows, self.model.least, threads)
        cuts = range(0, max(1, len(pairs)), SLICE)
        return Found.joined([
            self._judge(facing, pairs.take(slice(n, n + SLICE)), floor) for n in cuts
        ])  # fmt: skip

    def _judge(self, facing: Facing, pairs: Pairs, floor: float) -> Found:
        pairs = pairs.take(plausible(facing, pairs))
        like = measure(facing, pairs, product(facing, pairs))
        scores, contained = self.model.judge(like, floor)
        kept = scores >= floor
        facts = (contained[kept], like.equal[kept], like.glued[kept], np.full(kept.sum(), np.nan))
        return Found(pairs.take(kept), scores[kept], *facts)

    def explain(self, partner_name: str, listed_name: str) -> dict:
        """How the two names compare: score, and for each word what it matched and how well."""
        return explain(partner_name, listed_name, self.model.version)

    @cached_property
    def first_name(self) -> dict[str, str]:
        """Record -> its first name in the order given, the primary one as a rule."""
        first: dict[str, str] = {}
        for owner, name in zip(self.owner.tolist(), self.block.names.to_pylist(), strict=True):
            first.setdefault(self.records[owner], name)
        return first


def build(
    names: pa.Table,
    identifiers: pa.Table | None = None,
    places: pa.Table | None = None,
    model: str = MODEL,
) -> Index:
    """An index of `names` (record, name, strength, kind).

    `identifiers`: record, kind, value. `places`: record, country, city, address, born.
    """
    weights = load_model(model)
    owners = names["record"].to_pylist()
    records = list(dict.fromkeys(owners))
    place = {record: n for n, record in enumerate(records)}
    return Index(
        weights,
        records,
        np.array([place[owner] for owner in owners], dtype=np.int64),
        build_block(names["name"].to_pylist(), weights),
        names["strength"].to_pylist(),
        names["kind"].to_pylist(),
        held(identifiers, pa.array(records, pa.string())),
        places,
    )


def explain(partner_name: str, listed_name: str, version: str = MODEL) -> dict:
    """How two names compare under a model version; see `explanation` for the keys."""
    model = load_model(version)
    facing = face(build_block([partner_name], model), build_block([listed_name], model))
    if not len(facing.left.words) or not len(facing.right.words):
        return {"score": 0.0, "words": [], "model": version}
    pair = Pairs(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    return explanation(facing, pair, model)[0]
