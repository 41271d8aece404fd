"""From found pairs of names to the table of hits: the best pair of each partner and record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.screening.block import texts_at
from tasks.screening.evidence import FIRST, places_of, shared, weigh
from tasks.screening.explain import word_matches
from tasks.screening.facing import Facing, Pairs
from tasks.screening.partners import Partners

if TYPE_CHECKING:
    from tasks.screening.match import Index

HITS = pa.schema([
    ("partner", pa.string()), ("record", pa.string()), ("name_matched", pa.string()),
    ("partner_name", pa.string()), ("score", pa.float64()), ("priority", pa.int8()),
    ("reasons", pa.list_(pa.string())), ("explanation", pa.string()), ("model", pa.string()),
])  # fmt: skip
"""One row a partner and record. priority: 1 is looked at first, 4 last. explanation: JSON."""


@dataclass(frozen=True)
class Found:
    """Pairs of names that were kept, and what the rules said of them."""

    pairs: Pairs
    score: np.ndarray
    contained: np.ndarray
    equal: np.ndarray
    glued: np.ndarray
    opinion: np.ndarray
    """Score of the second opinion, NaN where none was asked."""

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        pairs = Pairs(
            np.concatenate([part.pairs.left for part in parts]),
            np.concatenate([part.pairs.right for part in parts]),
        )
        rest = [
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("score", "contained", "equal", "glued", "opinion")
        ]
        return cls(pairs, *rest)

    def take(self, which: np.ndarray) -> Found:
        columns = (self.score, self.contained, self.equal, self.glued, self.opinion)
        return Found(self.pairs.take(which), *(column[which] for column in columns))


STRENGTHS = {"primary": 0, "strong": 1, "weak": 2}


def best_pairs(index: Index, partners: Partners, found: Found) -> Found:
    """The best pair of each partner and record: by score, then strength, then the names' text."""
    who = partners.owner[found.pairs.left]
    record = index.owner[found.pairs.right]
    strength = np.array([STRENGTHS.get(one, 1) for one in index.strength], dtype=np.int8)
    names = index.block.names.take(pa.array(found.pairs.right)).dictionary_encode()
    place = np.argsort(np.asarray(pc.array_sort_indices(names.dictionary)))
    spelled = place[np.asarray(names.indices)]
    order = np.lexsort(
        (found.pairs.left, spelled, strength[found.pairs.right], -found.score, record, who)
    )
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(who[order]) != 0) | (np.diff(record[order]) != 0)
    return found.take(order[first])


def hit_table(
    index: Index, partners: Partners, facing: Facing, best: Found, judge: str
) -> pa.Table:
    """Rows of HITS in the order of partners, best score first, then record.

    `best` as `best_pairs` gives it; `judge` names the second opinion, if one was asked.
    """
    told = word_matches(facing, best.pairs)
    who = partners.owner[best.pairs.left]
    facts = partners.facts.take(pa.array(who)).to_pylist()
    records = [index.records[n] for n in index.owner[best.pairs.right].tolist()]
    places = places_of(index.places, set(records))
    for n in np.flatnonzero(~np.isnan(best.opinion)).tolist():
        told[n]["second_opinion"] = {"name": judge, "score": round(float(best.opinion[n]), 4)}
    columns = zip(
        who.tolist(), texts_at(partners.ids, who), records,
        best.pairs.right.tolist(), texts_at(index.block.names, best.pairs.right),
        texts_at(partners.block.names, best.pairs.left), best.score.tolist(), _how(best), facts, told,
        strict=True,
    )  # fmt: skip
    rows = []
    for owner, partner, record, right, matched, spelled, score, how, fact, words in columns:
        priority, reasons = weigh(
            score, index.model.strong, index.strength[right], fact,
            index.kinds[right], places.get(record, ()),
        )  # fmt: skip
        rows.append({
            "partner": partner, "record": record, "name_matched": matched, "partner_name": spelled,
            "score": score, "priority": priority, "reasons": [how, *reasons], "explanation": words,
            "model": index.model.version, "_who": owner,
        })  # fmt: skip
    rows = _with_identifiers(index, partners, rows)
    rows.sort(key=lambda row: (row["_who"], -row["score"], row["record"]))
    for row in rows:
        row["explanation"] = msgspec.json.encode(row["explanation"]).decode()
    return pa.Table.from_pylist(rows, schema=HITS)


def _how(found: Found) -> list[str]:
    """The first reason of each hit."""
    ways = [found.equal, found.glued, found.contained]
    names = ["same-words", "same-letters", "distinctive-words"]
    return np.select(ways, names, "similar-name").tolist()


def _with_identifiers(index: Index, partners: Partners, rows: list[dict]) -> list[dict]:
    """`rows` with a hit of score 1 for every partner and record that share an identifier."""
    by_pair = {(row["_who"], row["record"]): row for row in rows}
    for key, record, who in shared(index.identifiers, partners.identifiers):
        name, (kind, value) = index.records[record], key.split(":", 1)
        row = by_pair.get((who, name))
        if row is None:
            row = by_pair[(who, name)] = _bare(index, partners, who, name)
        row["score"], row["priority"] = 1.0, FIRST
        row["reasons"].insert(0, f"identifier:{kind}")
        row["explanation"].setdefault("identifiers", []).append([kind, value])
    return list(by_pair.values())


def _bare(index: Index, partners: Partners, who: int, record: str) -> dict:
    return {
        "partner": partners.ids[who].as_py(), "record": record, "name_matched": index.first_name[record],
        "partner_name": partners.block.names[who].as_py(), "score": 1.0, "priority": FIRST,
        "reasons": [], "explanation": {}, "model": index.model.version, "_who": who,
    }  # fmt: skip
