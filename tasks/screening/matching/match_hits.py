"""From found pairs of names to the table of hits: the best pair of each partner and record,
with its explanation: which word matched what, and how well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.screening.matching.candidate_pairs import BlockPair, NamePairs, group_product
from tasks.screening.matching.identity_evidence import FIRST, places_of, shared_identifiers, weigh_evidence
from tasks.screening.matching.listed_names import ListedNames
from tasks.screening.matching.name_block import texts_at
from tasks.screening.matching.pair_features import FORM, measure_pairs
from tasks.screening.matching.partner_index import PartnerIndex
from tasks.screening.matching.scoring_model import FEATURES, ScoringModel
from tasks.screening.matching.word_alignment import Alignment, align_words


def word_matches(blocks: BlockPair, pairs: NamePairs) -> list[dict]:
    """For each pair `words`, one a word of the listed name, and `unmatched`.

    A word has `listed`, `partner` (the words it matched best, empty when none), `likeness` 0..1 and
    `weight` 0..1 (rare words weigh more). `unmatched` are the partner's words that matched nothing.
    """
    if not len(pairs):
        return []
    alignment = align_words(blocks, pairs)
    matches, left = _listed_matches(blocks, alignment), alignment.left
    lone = (blocks.left.tokens.weight[left.word] > FORM) & (left.best == 0)
    unmatched = blocks.left.tokens.text[left.word[lone]].tolist()
    listed = [*alignment.right.first.tolist(), len(matches)]
    ends = np.cumsum(np.add.reduceat(lone.astype(np.int64), left.first)).tolist()
    return [
        {"words": matches[slice(*bounds)], "unmatched": unmatched[slice(*apart)]}
        for bounds, apart in zip(pairwise(listed), pairwise([0, *ends]), strict=True)
    ]


def explanation(blocks: BlockPair, pairs: NamePairs, model: ScoringModel) -> list[dict]:
    """For each pair model, score, what `word_matches` tells, and the features that the score is of."""
    like = measure_pairs(blocks, pairs, group_product(blocks, pairs))
    scores = model.judge(like)[0].tolist()
    values = np.round(like.features.astype(np.float64), 3).tolist()
    return [
        {"model": model.version, "score": scores[n], **matches, "features": dict(zip(FEATURES, values[n], strict=True))}
        for n, matches in enumerate(word_matches(blocks, pairs))
    ]


def _listed_matches(blocks: BlockPair, alignment: Alignment) -> list[dict]:
    """Each listed word of all pairs, one pair after the other, and what it matched."""
    left, right = alignment.left, alignment.right
    best = np.full(len(right.word), -1, dtype=np.int64)
    order = np.argsort(alignment.like, kind="stable")
    best[alignment.right_at[order]] = alignment.left_at[order]
    spelled = blocks.left.tokens.text[left.word]
    listed = blocks.right.tokens.text[right.word]
    matched = np.where(best >= 0, spelled[best], "")
    like = np.round(right.best.astype(np.float64), 3)
    bounds = [*left.first.tolist(), len(left.word)]
    for at in np.flatnonzero((like == 1.0) & (matched != listed)).tolist():
        pair = int(np.searchsorted(right.first, at, "right")) - 1
        matched[at] = _joined(spelled[slice(*bounds[pair : pair + 2])].tolist(), listed[at])
    weight = np.round(blocks.right.tokens.weight[right.word].astype(np.float64), 3)
    columns = (column.tolist() for column in (listed, matched, like, weight))
    return [
        {"listed": word, "partner": partner, "likeness": alike, "weight": heavy}
        for word, partner, alike, heavy in zip(*columns, strict=True)
    ]


def _joined(spelled: list[str], word: str) -> str:
    """The neighbouring words that make up `word`, or the word it is a part of."""
    for first, second in pairwise(spelled):
        if first + second == word:
            return f"{first} {second}"
    return next((first for first in spelled if word in first), "")


HITS = pa.schema(
    [
        ("partner", pa.string()),
        ("record", pa.string()),
        ("name_matched", pa.string()),
        ("partner_name", pa.string()),
        ("score", pa.float64()),
        ("priority", pa.int8()),
        ("reasons", pa.list_(pa.string())),
        ("explanation", pa.string()),
        ("model", pa.string()),
    ]
)
"""One row a partner and record. priority: 1 is looked at first, 4 last. explanation: JSON."""


@dataclass(frozen=True)
class BestPairs:
    """Pairs of names that were kept, and what the rules said of them."""

    pairs: NamePairs
    score: np.ndarray
    contained: np.ndarray
    equal: np.ndarray
    glued: np.ndarray
    opinion: np.ndarray
    """Score of the second opinion, NaN where none was asked."""

    @classmethod
    def joined(cls, parts: Sequence[BestPairs]) -> BestPairs:
        pairs = NamePairs(
            np.concatenate([part.pairs.left for part in parts]), np.concatenate([part.pairs.right for part in parts])
        )
        columns = [
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("score", "contained", "equal", "glued", "opinion")
        ]
        return cls(pairs, *columns)

    def take(self, which: np.ndarray) -> BestPairs:
        columns = (self.score, self.contained, self.equal, self.glued, self.opinion)
        return BestPairs(self.pairs.take(which), *(column[which] for column in columns))


STRENGTHS = {"primary": 0, "strong": 1, "weak": 2}


def best_pairs(index: ListedNames, partners: PartnerIndex, pairs: BestPairs) -> BestPairs:
    """The best pair of each partner and record: by score, then strength, then the names' text."""
    who = partners.owner[pairs.pairs.left]
    record = index.owner[pairs.pairs.right]
    strength = np.array([STRENGTHS.get(kind, 1) for kind in index.strength], dtype=np.int8)
    names = index.block.names.take(pairs.pairs.right).dictionary_encode()
    rank = np.argsort(np.asarray(pc.array_sort_indices(names.dictionary)))
    spelled = rank[np.asarray(names.indices)]
    order = np.lexsort((pairs.pairs.left, spelled, strength[pairs.pairs.right], -pairs.score, record, who))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(who[order]) != 0) | (np.diff(record[order]) != 0)
    return pairs.take(order[first])


def hit_table(index: ListedNames, partners: PartnerIndex, blocks: BlockPair, best: BestPairs, judge: str) -> pa.Table:
    """Rows of HITS in the order of partners, best score first, then record.

    `best` as `best_pairs` gives it; `judge` names the second opinion, if one was asked.
    """
    explanations = word_matches(blocks, best.pairs)
    who = partners.owner[best.pairs.left]
    facts = partners.facts.take(who).to_pylist()
    records = [index.records[n] for n in index.owner[best.pairs.right].tolist()]
    places = places_of(index.places, set(records))
    for n in np.flatnonzero(~np.isnan(best.opinion)).tolist():
        explanations[n]["second_opinion"] = {"name": judge, "score": round(float(best.opinion[n]), 4)}
    columns = zip(
        who.tolist(),
        texts_at(partners.ids, who),
        records,
        best.pairs.right.tolist(),
        texts_at(index.block.names, best.pairs.right),
        texts_at(partners.block.names, best.pairs.left),
        best.score.tolist(),
        _how(best),
        facts,
        explanations,
        strict=True,
    )
    rows = []
    for owner, partner, record, right, matched, spelled, score, how, fact, explained in columns:
        priority, reasons = weigh_evidence(
            score, index.model.strong, index.strength[right], fact, index.kinds[right], places.get(record, ())
        )
        rows.append(
            {
                "partner": partner,
                "record": record,
                "name_matched": matched,
                "partner_name": spelled,
                "score": score,
                "priority": priority,
                "reasons": [how, *reasons],
                "explanation": explained,
                "model": index.model.version,
                "_who": owner,
            }
        )
    rows = _with_identifiers(index, partners, rows)
    rows.sort(key=lambda row: (row["_who"], -row["score"], row["record"]))
    for row in rows:
        row["explanation"] = msgspec.json.encode(row["explanation"]).decode()
    return pa.Table.from_pylist(rows, schema=HITS)


def _how(best: BestPairs) -> list[str]:
    """The first reason of each hit."""
    ways = [best.equal, best.glued, best.contained]
    names = ["same-words", "same-letters", "distinctive-words"]
    return np.select(ways, names, "similar-name").tolist()


def _with_identifiers(index: ListedNames, partners: PartnerIndex, rows: list[dict]) -> list[dict]:
    """`rows` with a hit of score 1 for every partner and record that share an identifier."""
    by_pair = {(row["_who"], row["record"]): row for row in rows}
    for key, record, who in shared_identifiers(index.identifiers, partners.identifiers):
        name, (kind, value) = index.records[record], key.split(":", 1)
        row = by_pair.get((who, name))
        if row is None:
            row = by_pair[(who, name)] = _bare(index, partners, who, name)
        row["score"], row["priority"] = 1.0, FIRST
        row["reasons"].insert(0, f"identifier:{kind}")
        row["explanation"].setdefault("identifiers", []).append([kind, value])
    return list(by_pair.values())


def _bare(index: ListedNames, partners: PartnerIndex, who: int, record: str) -> dict:
    return {
        "partner": partners.ids[who].as_py(),
        "record": record,
        "name_matched": index.first_name[record],
        "partner_name": partners.block.names[who].as_py(),
        "score": 1.0,
        "priority": FIRST,
        "reasons": [],
        "explanation": {},
        "model": index.model.version,
        "_who": who,
    }
