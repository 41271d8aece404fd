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

from tasks.screening.matching.candidate_pairs import BlockPair, NamePairs, find_candidates, group_product, pair_blocks
from tasks.screening.matching.identity_evidence import identifier_table
from tasks.screening.matching.match_hits import BestPairs, best_pairs, explanation, hit_table
from tasks.screening.matching.model_version import MODEL
from tasks.screening.matching.name_block import NameBlock, build_block
from tasks.screening.matching.pair_features import measure_pairs, plausible_pairs
from tasks.screening.matching.partner_index import PartnerIndex, prepare_partners
from tasks.screening.matching.scoring_model import ScoringModel, load_model
from tasks.screening.matching.second_opinion import Opinion, apply_opinion

CHUNK = 2048
"""Partner names searched at a time by one thread, against LISTED names; more against fewer."""
LISTED = 30_000
SLICE = 100_000
"""Pairs of names measured at a time: some 100 MiB."""


@dataclass(frozen=True)
class NameIndex:
    """Listed names prepared for screening. `owner[n]` is the record of name n."""

    model: ScoringModel
    records: list[str]
    owner: np.ndarray
    block: NameBlock
    strength: list[str]
    kinds: list[str]
    identifiers: pa.Table
    """Schema HELD; `holder` is a place in `records`."""
    places: pa.Table | None

    def __len__(self) -> int:
        return len(self.block)

    def screen(
        self,
        partners: PartnerIndex | pa.Table,
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
            partners = prepare_partners(partners, model=self.model.version)
        if partners.model != self.model.version:
            raise ValueError(f"partners prepared with model {partners.model}, list with {self.model.version}")
        floor = self.model.alert if least is None else least
        facing = pair_blocks(partners.block, self.block)
        found = self._found(facing, min(floor, self.model.grey) if opinion else floor, threads)
        best = best_pairs(self, partners, found)
        if opinion:
            best = apply_opinion(opinion, self, partners, best)
            best = best.take(best.score >= floor)
        return hit_table(self, partners, facing, best, opinion.name if opinion else "")

    def _found(self, facing: BlockPair, floor: float, threads: int) -> BestPairs:
        facing.warm()
        with ThreadPoolExecutor(max(1, threads)) as pool:
            chunks = self._chunks(facing)
            work = pool.map(lambda rows: self._screen(facing, rows, floor, threads), chunks)
            return BestPairs.joined(list(work))

    def _chunks(self, facing: BlockPair) -> Iterator[np.ndarray]:
        rows = np.arange(len(facing.left))
        # a short list makes few pairs a name
        size = min(16 * CHUNK, max(CHUNK, CHUNK * LISTED // max(1, len(facing.right))))
        return iter(np.array_split(rows, max(1, -(-len(rows) // size))))

    def _screen(self, facing: BlockPair, rows: np.ndarray, floor: float, threads: int) -> BestPairs:
        pairs = find_candidates(facing, rows, self.model.least, threads)
        cuts = range(0, max(1, len(pairs)), SLICE)
        return BestPairs.joined([self._judge(facing, pairs.take(slice(n, n + SLICE)), floor) for n in cuts])

    def _judge(self, facing: BlockPair, pairs: NamePairs, floor: float) -> BestPairs:
        pairs = pairs.take(plausible_pairs(facing, pairs))
        like = measure_pairs(facing, pairs, group_product(facing, pairs))
        scores, contained = self.model.judge(like, floor)
        kept = scores >= floor
        facts = (contained[kept], like.equal[kept], like.glued[kept], np.full(kept.sum(), np.nan))
        return BestPairs(pairs.take(kept), scores[kept], *facts)

    def explain(self, partner_name: str, listed_name: str) -> dict:
        """How the two names compare: score, and for each word what it matched and how well."""
        return explain_pairs(partner_name, listed_name, self.model.version)

    @cached_property
    def first_name(self) -> dict[str, str]:
        """Record -> its first name in the order given, the primary one as a rule."""
        first: dict[str, str] = {}
        for owner, name in zip(self.owner.tolist(), self.block.names.to_pylist(), strict=True):
            first.setdefault(self.records[owner], name)
        return first


def build_index(
    names: pa.Table, identifiers: pa.Table | None = None, places: pa.Table | None = None, model: str = MODEL
) -> NameIndex:
    """An index of `names` (record, name, strength, kind).

    `identifiers`: record, kind, value. `places`: record, country, city, address, born.
    """
    weights = load_model(model)
    owners = names["record"].to_pylist()
    records = list(dict.fromkeys(owners))
    place = {record: n for n, record in enumerate(records)}
    return NameIndex(
        weights,
        records,
        np.array([place[owner] for owner in owners], dtype=np.int64),
        build_block(names["name"].to_pylist(), weights),
        names["strength"].to_pylist(),
        names["kind"].to_pylist(),
        identifier_table(identifiers, pa.array(records, pa.string())),
        places,
    )


def explain_pairs(partner_name: str, listed_name: str, version: str = MODEL) -> dict:
    """How two names compare under a model version; see `explanation` for the keys."""
    model = load_model(version)
    facing = pair_blocks(build_block([partner_name], model), build_block([listed_name], model))
    if not len(facing.left.words) or not len(facing.right.words):
        return {"score": 0.0, "words": [], "model": version}
    pair = NamePairs(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    return explanation(facing, pair, model)[0]
