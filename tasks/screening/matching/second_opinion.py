"""The second opinion: another scorer asked about pairs of names that the model is not sure of.

`pip install .[second-opinion]` brings nomenklatura's logic-v2. It is asked about the best pair of a
partner whose score lies between the model's `grey` and `sure`, all of a screening as one batch. What
it says moves that score a little either way, so that it can make a hit of a pair and take one out;
it is never asked about the same words, the same letters, or all distinctive words of a name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from tasks.core.arrow_compute import to_list
from tasks.core.errors import MissingPart
from tasks.screening.matching.listed_names import ListedNames
from tasks.screening.matching.match_hits import BestPairs
from tasks.screening.matching.name_block import texts_at
from tasks.screening.matching.partner_index import PartnerIndex
from tasks.screening.matching.scoring_model import shift_scores

SCHEMAS = {"individual": "Person", "vessel": "Vessel", "aircraft": "Airplane", "entity": "Organization"}
"""Kinds of names -> followthemoney schemata. An unknown kind is a LegalEntity."""


class Opinion(Protocol):
    """Scores name pairs 0..1. `name` says which scorer in which version."""

    @property
    def name(self) -> str: ...

    def judge(self, partners: Sequence[tuple[str, str]], listed: Sequence[tuple[str, str]]) -> np.ndarray:
        """Score of each pair; both sides are (name, kind)."""
        ...


def opinion_installed() -> bool:
    """Whether the extra `second-opinion` is there."""
    return find_spec("nomenklatura") is not None


@dataclass(frozen=True)
class LogicV2:
    """nomenklatura's logic-v2."""

    name: str
    matcher: Any
    config: Any

    def judge(self, partners: Sequence[tuple[str, str]], listed: Sequence[tuple[str, str]]) -> np.ndarray:
        left = {pair: _entity(*pair) for pair in dict.fromkeys(partners)}
        right = {pair: _entity(*pair) for pair in dict.fromkeys(listed)}
        return np.array(
            [self.matcher.compare(left[a], right[b], self.config).score for a, b in zip(partners, listed, strict=True)]
        )


def logic_v2() -> LogicV2:
    """The second opinion of nomenklatura. Raises MissingPart when the extra is not installed."""
    if not opinion_installed():
        raise MissingPart("second-opinion-not-installed")
    matching = import_module("nomenklatura.matching")
    name = f"logic-v2, nomenklatura {version('nomenklatura')}"
    ready = LogicV2(name, matching.LogicV2, matching.ScoringConfig.defaults())
    # the first comparison of a kind reads its tables, which takes seconds: now, not amid a screening
    kinds = ("", *SCHEMAS)
    ready.judge([("Jon Ready", kind) for kind in kinds], [("READY, John", kind) for kind in kinds])
    return ready


def apply_opinion(opinion: Opinion, index: ListedNames, partners: PartnerIndex, best: BestPairs) -> BestPairs:
    """`best` with the scores that the second opinion moved, and with what it said."""
    model = index.model
    who = partners.owner[best.pairs.left]
    top = np.zeros(len(partners))
    np.maximum.at(top, who, best.score)
    unsure = (best.score >= model.grey) & (best.score <= model.sure) & (best.score == top[who])
    positions = np.flatnonzero(unsure & ~best.equal & ~best.glued & ~best.contained)
    if not len(positions):
        return best
    left, right = best.pairs.left[positions], best.pairs.right[positions]
    kinds = to_list(partners.facts["kind"].take(who[positions]))
    names = texts_at(partners.block.names, left)
    listed = zip(texts_at(index.block.names, right), right.tolist(), strict=True)
    scores = opinion.judge(list(zip(names, kinds, strict=True)), [(name, index.kinds[n]) for name, n in listed])
    score, opinions = best.score.copy(), best.opinion.copy()
    score[positions] = shift_scores(score[positions], model.opinion * (scores - 0.5))
    opinions[positions] = scores
    return replace(best, score=score, opinion=opinions)


def _entity(name: str, kind: str) -> Any:
    """An entity whose id says its name and kind: nomenklatura remembers names by id."""
    proxy = import_module("followthemoney.proxy").EntityProxy
    key = hashlib.sha256(f"{kind}\n{name}".encode()).hexdigest()
    body = {"id": key, "schema": SCHEMAS.get(kind, "LegalEntity"), "properties": {"name": [name]}}
    return proxy.from_dict(body)
