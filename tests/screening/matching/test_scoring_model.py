"""A model version is frozen: its files, its scores, its direction."""

from __future__ import annotations

import csv
import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest

from tasks.core.errors import BadInput
from tasks.screening.matching.matcher import explain_pairs
from tasks.screening.matching.name_words import MODEL, model_folder
from tasks.screening.matching.scoring_model import FEATURES, Likeness, load_model
from tests.errors import refused
from tests.screening.sample_names import DATA


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as source:
        return list(csv.DictReader(source))


@pytest.mark.parametrize("row", rows("frozen_models.csv"), ids=lambda row: f"{row['model']}-{row['file']}")
def test_the_files_of_a_model_never_change(row: dict[str, str]) -> None:
    body = (files("continuity_data") / "screening" / f"model-{row['model']}" / row["file"]).read_bytes()
    assert hashlib.sha256(body).hexdigest() == row["sha256"], "a changed model is a new version"


def test_scores_of_every_version_are_those_once_given() -> None:
    pinned = rows("frozen_scores.csv")
    assert MODEL in {row["model"] for row in pinned}
    changed = [
        row for row in pinned
        if explain_pairs(row["partner"], row["listed"], row["model"])["score"] != float(row["score"])
    ]  # fmt: skip
    assert not changed, "scores changed: make a new model version, or mend what changed them"


def test_more_in_common_never_lowers_a_score() -> None:
    dice = np.random.default_rng(1)
    low = dice.normal(0.4, 0.5, (4000, len(FEATURES))).astype(np.float32)
    high = low + dice.exponential(0.3, low.shape).astype(np.float32) * (dice.random(low.shape) < 0.3)
    none = np.zeros(len(low), dtype=bool)
    scorer = load_model().scorer
    scores = [scorer.scores(Likeness(one, none, none, none)) for one in (low, high)]
    assert (scores[0] <= scores[1]).all() and (scores[0] < scores[1]).any()


@pytest.mark.parametrize("floor", [0.0, 0.2, 0.45, 0.6, 0.9, 0.98])
def test_what_cannot_come_to_a_hit_is_given_up_and_the_rest_scores_as_ever(floor: float) -> None:
    dice = np.random.default_rng(2)
    features = dice.normal(0.4, 0.6, (20_000, len(FEATURES))).astype(np.float32)
    equal, glued, contained = (dice.random(len(features)) < 0.02 for _ in range(3))
    like = Likeness(features, equal, glued, contained)
    whole, some = (load_model().scorer.scores(like, limit) for limit in (0.0, floor))
    assert len(np.unique(whole)) > 1000
    kept = (whole >= floor) | equal | glued | contained
    assert (whole[kept] == some[kept]).all() and (some[~kept] < floor).all()
    assert (some < whole).any() == (floor > 0)


def test_limits_part_features_as_the_model_says() -> None:
    body = json.loads((model_folder(MODEL) / "model.json").read_text(encoding="utf-8"))["trees"]
    limits = np.array(body["nodes"]["limit"], dtype=np.float64)
    near = limits.astype(np.float32)
    for one in (near, np.nextafter(near, np.float32(9)), np.nextafter(near, np.float32(-9))):
        assert ((one.astype(np.float64) <= limits) == (one <= load_model().scorer.trees.limit)).all()


def test_the_limits_stand_in_order() -> None:
    model = load_model()
    assert 0 < model.grey < model.alert <= model.sure < model.strong < 1


def test_an_unknown_version_is_bad_input() -> None:
    with refused("model-not-usable", BadInput) as caught:
        load_model("none")
    assert (caught.codes, caught.problems[0].value) == (["model-version-unknown"], "none")
