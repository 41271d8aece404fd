"""The second opinion: asked only where the model is unsure, and heeded a little."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from tasks.core.errors import MissingPart
from tasks.screening.matching import second_opinion
from tasks.screening.matching.second_opinion import opinion_installed
from tests.benchmarks.perturb import CHANGES
from tests.conftest import missing_part
from tests.errors import refused
from tests.screening.sample_names import index, listed, partners


@dataclass
class Fixed:
    """An opinion that always says the same, and remembers what it was asked."""

    says: float
    name: str = "fixed"
    asked: list[tuple] = field(default_factory=list)

    def judge(self, partners, listed) -> np.ndarray:
        self.asked += list(zip(partners, listed, strict=True))
        return np.full(len(partners), self.says)


def changed_partners():
    import random

    dice = random.Random(3)
    names = [CHANGES["two typos"](row["name"].upper(), dice) for row in listed().to_pylist()]
    return partners(*names, "SIS DOO")


def test_only_unsure_pairs_are_asked_about_and_both_answers_count() -> None:
    against, model = changed_partners(), index().model
    plain = index().screen(against, least=model.grey).to_pylist()
    unsure = [hit for hit in plain if model.grey <= hit["score"] <= model.sure]
    yes, no = Fixed(1.0), Fixed(0.0)
    more, fewer = (index().screen(against, opinion=one) for one in (yes, no))
    assert 0 < len(yes.asked) <= len(unsure)
    assert yes.asked == no.asked
    assert len(fewer) < len(index().screen(against)) < len(more)
    assert not any(name == "SIS DOO" for (name, _), _ in yes.asked)


def test_the_opinion_stands_in_the_explanation() -> None:
    hits = index().screen(changed_partners(), opinion=Fixed(1.0)).to_pylist()
    told = [hit["explanation"] for hit in hits if "second_opinion" in hit["explanation"]]
    assert told and '"second_opinion":{"name":"fixed","score":1.0}' in told[0]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "find_spec", lambda name: None)
    with refused("second-opinion-not-installed", MissingPart):
        second_opinion.logic_v2()


@pytest.mark.long
def test_logic_v2_tells_names_apart() -> None:
    if not opinion_installed():
        missing_part("nomenklatura, the extra second-opinion")
    said = second_opinion.logic_v2().judge(
        [("Wei Zhao", "individual"), ("Emma Daniels", ""), ("SIS DOO", "entity")],
        [("ZHAO, Wei", "individual"), ("HARBOR TOOLS LLC", "entity"), ("SIS D.O.O.", "entity")],
    )
    assert said[0] > 0.9 and said[1] < 0.3 and said[2] > 0.9
