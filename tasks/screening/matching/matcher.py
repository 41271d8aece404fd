"""Matching partners with listed names.

    index = build_index(names, identifiers, places)          the list side
    partners = prepare_partners(table, identifiers, names)      the partner side
    hits = index.screen(partners)

A score follows from the two names and the model version alone; no statistic is taken from the list
or the partners at hand, and no pair is crowded out by better ones. So `build_index(changed).screen(partners)`
finds what a screening of the full list finds for the records of `changed`, and a screening can be
done again years later. A hit is the best pair of names of one partner and one record.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from tasks.core.arrow_compute import to_list
from tasks.screening.matching.candidate_pairs import BlockPair, NamePairs, find_candidates, group_product, pair_blocks
from tasks.screening.matching.identity_evidence import identifier_table
from tasks.screening.matching.listed_names import ListedNames
from tasks.screening.matching.match_hits import BestPairs, best_pairs, explanation, hit_table
from tasks.screening.matching.name_block import build_block
from tasks.screening.matching.name_words import MODEL
from tasks.screening.matching.pair_features import measure_pairs, plausible_pairs
from tasks.screening.matching.partner_index import PartnerIndex, prepare_partners
from tasks.screening.matching.scoring_model import load_model
from tasks.screening.matching.second_opinion import Opinion, apply_opinion

CHUNK = 2048
"""Partner names searched at a time by one thread, against LISTED names; more against fewer."""
LISTED = 30_000
SLICE = 100_000
"""Pairs of names measured at a time: some 100 MiB."""


class NameIndex(ListedNames):
    """Listed names that partners are screened against."""

    def screen(
        self,
        partners: PartnerIndex | pa.Table,
        *,
        threads: int = 2,
        least: float | None = None,
        opinion: Opinion | None = None,
    ) -> pa.Table:
        """Hits (schema HITS) of all partners with a score of at least `least`.

        `least` is the model's alert threshold by default. Same identifiers are hits of score 1.
        `opinion` is asked about pairs the model is not sure of. Raises ValueError when the
        partners were prepared with another model version.
        """
        if isinstance(partners, pa.Table):
            partners = prepare_partners(partners, model=self.model.version)
        if partners.model != self.model.version:
            raise ValueError(f"partners prepared with model {partners.model}, list with {self.model.version}")
        floor = self.model.alert if least is None else least
        blocks = pair_blocks(partners.block, self.block)
        pairs = self._scored_pairs(blocks, min(floor, self.model.grey) if opinion else floor, threads)
        best = best_pairs(self, partners, pairs)
        if opinion:
            best = apply_opinion(opinion, self, partners, best)
            best = best.take(best.score >= floor)
        return hit_table(self, partners, blocks, best, opinion.name if opinion else "")

    def _scored_pairs(self, blocks: BlockPair, floor: float, threads: int) -> BestPairs:
        blocks.warm()
        with ThreadPoolExecutor(max(1, threads)) as pool:
            chunks = self._chunks(blocks)
            work = pool.map(lambda rows: self._screen(blocks, rows, floor, threads), chunks)
            return BestPairs.joined(list(work))

    def _chunks(self, blocks: BlockPair) -> Iterator[np.ndarray]:
        rows = np.arange(len(blocks.left))
        # a short list makes few pairs a name
        size = min(16 * CHUNK, max(CHUNK, CHUNK * LISTED // max(1, len(blocks.right))))
        return iter(np.array_split(rows, max(1, -(-len(rows) // size))))

    def _screen(self, blocks: BlockPair, rows: np.ndarray, floor: float, threads: int) -> BestPairs:
        pairs = find_candidates(blocks, rows, self.model.least, threads)
        cuts = range(0, max(1, len(pairs)), SLICE)
        return BestPairs.joined([self._judge(blocks, pairs.take(slice(n, n + SLICE)), floor) for n in cuts])

    def _judge(self, blocks: BlockPair, pairs: NamePairs, floor: float) -> BestPairs:
        pairs = pairs.take(plausible_pairs(blocks, pairs))
        like = measure_pairs(blocks, pairs, group_product(blocks, pairs))
        scores, contained = self.model.judge(like, floor)
        hits = scores >= floor
        facts = (contained[hits], like.equal[hits], like.glued[hits], np.full(hits.sum(), np.nan))
        return BestPairs(pairs.take(hits), scores[hits], *facts)


def build_index(
    names: pa.Table, identifiers: pa.Table | None = None, places: pa.Table | None = None, model: str = MODEL
) -> NameIndex:
    """An index of `names` (record, name, strength, kind).

    `identifiers`: record, kind, value. `places`: record, country, city, address, born.
    """
    weights = load_model(model)
    owners = to_list(names["record"])
    records = list(dict.fromkeys(owners))
    number = {record: n for n, record in enumerate(records)}
    return NameIndex(
        weights,
        records,
        np.array([number[owner] for owner in owners], dtype=np.int64),
        build_block(to_list(names["name"]), weights),
        to_list(names["strength"]),
        to_list(names["kind"]),
        identifier_table(identifiers, pa.array(records, pa.string())),
        places,
    )


def explain_pairs(partner_name: str, listed_name: str, version: str = MODEL) -> dict:
    """How two names compare under a model version; see `explanation` for the keys."""
    model = load_model(version)
    blocks = pair_blocks(build_block([partner_name], model), build_block([listed_name], model))
    if not len(blocks.left.words) or not len(blocks.right.words):
        return {"score": 0.0, "words": [], "model": version}
    pair = NamePairs(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    return explanation(blocks, pair, model)[0]
