"""The second opinion: another scorer asked about pairs of names that the first one found.

`pip install .[second-opinion]` brings nomenklatura's logic-v2. An opinion is asked about a batch of
hits, never about all pairs. Its score stands beside the model's; it can raise a pair of the grey
band to a hit and take a bare likeness out, never one of the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from tasks.shared.errors import MissingPart

SCHEMAS = {
    "individual": "Person",
    "vessel": "Vessel",
    "aircraft": "Airplane",
    "entity": "Organization",
}
"""Kinds of names -> followthemoney schemata. An unknown kind is a LegalEntity."""


class Opinion(Protocol):
    """Scores name pairs 0..1. `name` says which scorer in which version."""

    name: str

    def judge(
        self, partners: Sequence[tuple[str, str]], listed: Sequence[tuple[str, str]]
    ) -> np.ndarray:
        """Score of each pair; both sides are (name, kind)."""
        ...


def installed() -> bool:
    """Whether the extra `second-opinion` is there."""
    return find_spec("nomenklatura") is not None


@dataclass(frozen=True)
class LogicV2:
    """nomenklatura's logic-v2."""

    name: str
    matcher: Any
    config: Any

    def judge(
        self, partners: Sequence[tuple[str, str]], listed: Sequence[tuple[str, str]]
    ) -> np.ndarray:
        left = {one: _entity(f"p{n}", *one) for n, one in enumerate(dict.fromkeys(partners))}
        right = {one: _entity(f"l{n}", *one) for n, one in enumerate(dict.fromkeys(listed))}
        return np.array([
            self.matcher.compare(left[a], right[b], self.config).score
            for a, b in zip(partners, listed, strict=True)
        ])  # fmt: skip


def logic_v2() -> LogicV2:
    """The second opinion of nomenklatura. Raises MissingPart when the extra is not installed."""
    if not installed():
        raise MissingPart("the second opinion is not installed: pip install '.[second-opinion]'")
    from importlib.metadata import version

    from nomenklatura.matching import LogicV2 as Matcher
    from nomenklatura.matching.types import ScoringConfig

    return LogicV2(f"logic-v2 {version('nomenklatura')}", Matcher, ScoringConfig.defaults())


def _entity(key: str, name: str, kind: str) -> Any:
    from followthemoney.proxy import EntityProxy

    body = {"id": key, "schema": SCHEMAS.get(kind, "LegalEntity"), "properties": {"name": [name]}}
    return EntityProxy.from_dict(body)
