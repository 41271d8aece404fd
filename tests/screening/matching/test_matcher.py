"""Matching: what is found, what is not, why, and that nothing depends on what stands beside it."""

from __future__ import annotations

import json
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from tasks.screening.matching.match_hits import HITS
from tasks.screening.matching.matcher import build_index, explain_pairs
from tasks.screening.matching.partner_index import prepare_partners
from tests.benchmarks.perturb import CHANGES, clean
from tests.example_counts import examples
from tests.screening.sample_names import found, index, listed, partners


def matched(name: str) -> set[str]:
    return {hit["record"] for hit in found(name)}


def test_the_legal_form_may_be_written_otherwise() -> None:
    assert "made-1" in matched("SIS DOO")


def test_all_distinctive_words_of_a_listed_name_alert() -> None:
    hits = {hit["record"]: hit for hit in found("ALMAZ ANTEY TELECOMMUNICATIONS LLC")}
    assert "made-3" in hits
    words = {word["listed"]: word for word in json.loads(hits["made-3"]["explanation"])["words"]}
    assert words["ALMAZ"]["partner"] == "ALMAZ" and words["ALMAZ"]["likeness"] == 1.0
    assert words["CONCERN"]["partner"] == ""


def test_a_shared_given_name_is_no_hit() -> None:
    assert "made-2" not in matched("Emma Daniels")


def test_a_name_inside_another_is_no_hit() -> None:
    assert "made-4" not in matched("George Bush")


def test_weak_aliases_are_found_and_looked_at_later() -> None:
    (hit,) = [hit for hit in found("RUSAG") if hit["record"] == "made-5"]
    assert "weak-alias" in hit["reasons"] and hit["priority"] > 2


FORMS = ("LLC", "Ltd.", "S.A.", "GmbH", "JSC", "Co., Ltd.", "Inc", "d.o.o.", "OOO")


def exact_changes(name: str, kind: str, dice: random.Random) -> list[str]:
    words = name.replace(",", "").split()
    dice.shuffle(words)
    changed = [name, name.lower(), name.title(), " ".join(words), name.replace(" ", "  ")]
    changed.append(name.replace("-", " ").replace(",", " ").replace(".", ""))
    if kind != "individual":
        changed += [f"{name} {dice.choice(FORMS)}", f"{dice.choice(FORMS)} {' '.join(words)}"]
    return changed


@pytest.mark.parametrize("seed", range(3))
def test_case_punctuation_form_and_order_never_hide_a_name(seed: int) -> None:
    dice = random.Random(seed)
    rows = [
        (row["record"], change)
        for row in listed().to_pylist()
        for change in exact_changes(row["name"], row["kind"], dice)
    ]
    hits = index().screen(partners(*(name for _, name in rows)))
    got = set(zip(hits["partner"].to_pylist(), hits["record"].to_pylist(), strict=True))
    missed = [rows[n] for n, (record, _) in enumerate(rows) if (f"p{n}", record) not in got]
    assert not missed


def test_most_changed_names_are_found_and_few_clean_ones() -> None:
    dice = random.Random(5)
    rows = [row for row in listed().to_pylist() if row["strength"] != "weak"]
    for kind, change in CHANGES.items():
        names = [change(row["name"].upper(), dice) for row in rows]
        hits = index().screen(partners(*names))
        got = set(zip(hits["partner"].to_pylist(), hits["record"].to_pylist(), strict=True))
        share = np.mean([(f"p{n}", row["record"]) in got for n, row in enumerate(rows)])
        assert share > 0.85, kind
    assert len(index().screen(partners(*clean(3000, 1)))) < 15


def test_one_hit_a_partner_and_record_best_first() -> None:
    hits = index().screen(partners("Sberbank", "nobody at all", "ALMAZ-ANTEY"))
    assert hits.schema == HITS
    keys = list(zip(hits["partner"].to_pylist(), hits["record"].to_pylist(), strict=True))
    assert len(keys) == len(set(keys))
    for partner in ("p0", "p2"):
        scores = [hit["score"] for hit in hits.to_pylist() if hit["partner"] == partner]
        assert scores and scores == sorted(scores, reverse=True)


@settings(max_examples=examples(25))
@given(st.data())
def test_a_changed_part_of_the_list_finds_what_the_whole_list_finds_for_it(data) -> None:
    table = listed()
    records = sorted(set(table["record"].to_pylist()))
    some = data.draw(st.lists(st.sampled_from(records), min_size=1, max_size=20, unique=True))
    dice = random.Random(data.draw(st.integers(0, 10**6)))
    names = [dice.choice(list(CHANGES.values()))(name.upper(), dice)
             for name in dice.sample(table["name"].to_pylist(), 60)]  # fmt: skip
    against = partners(*names, *clean(80, dice.randrange(10**6)))
    part = table.filter(pa.array(np.isin(np.array(table["record"].to_pylist()), some)))
    whole = [hit for hit in index().screen(against).to_pylist() if hit["record"] in some]
    assert build_index(part).screen(against).to_pylist() == whole


@settings(max_examples=examples(25))
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_one_partner_is_found_as_among_all(seed: int, count: int) -> None:
    dice = random.Random(seed)
    names = [dice.choice(list(CHANGES.values()))(name.upper(), dice)
             for name in dice.sample(listed()["name"].to_pylist(), 900 % 400)]  # fmt: skip
    whole = index().screen(partners(*names), threads=2).to_pylist()
    for n in dice.sample(range(len(names)), count):
        alone = prepare_partners(pa.table({"partner": [f"p{n}"], "name": [names[n]]}))
        assert index().screen(alone).to_pylist() == [hit for hit in whole if hit["partner"] == f"p{n}"]


@settings(max_examples=examples(60))
@given(st.text(max_size=40), st.text(max_size=40))
def test_an_explanation_holds_for_any_two_texts(one: str, other: str) -> None:
    told = explain_pairs(one, other)
    assert 0 <= told["score"] <= 1
    assert all(0 <= word["likeness"] <= 1 for word in told["words"])


def test_the_explanation_has_the_score_of_the_hit() -> None:
    (hit,) = [hit for hit in found("SIS DOO") if hit["record"] == "made-1"]
    assert explain_pairs("SIS DOO", "SIS D.O.O.")["score"] == hit["score"]


def test_empty_names_and_names_without_letters_are_no_hits() -> None:
    table = pa.table({"partner": ["a", "b", "c"], "name": ["", None, "...!"]})
    assert len(index().screen(table)) == 0


def test_an_equal_identifier_is_a_hit_whatever_the_names_say() -> None:
    identifiers = pa.table({"record": ["made-1"], "kind": ["tax"], "value": ["RFC 123-456"]})
    with_ids = build_index(listed(), identifiers)
    table = pa.table({"partner": ["p0"], "name": ["Quite Another Name"]})
    own = pa.table({"partner": ["p0"], "kind": ["tax"], "value": ["rfc123456"]})
    (hit,) = with_ids.screen(prepare_partners(table, own)).to_pylist()
    assert (hit["record"], hit["score"], hit["priority"]) == ("made-1", 1.0, 1)
    assert hit["reasons"] == ["identifier:tax"]
    other = pa.table({"partner": ["p0"], "kind": ["duns"], "value": ["rfc123456"]})
    assert len(with_ids.screen(prepare_partners(table, other))) == 0


def test_country_and_birth_date_move_the_priority_and_hide_nothing() -> None:
    places = pa.table({"record": ["made-4"], "country": ["SY"], "city": ["Damascus"], "address": [""],
                       "born": ["1926-08-02"]})  # fmt: skip
    placed = build_index(listed(), places=places)
    same = partners("George Habbash", country=["SY"], born=["1926"], kind=["individual"])
    other = partners("George Habbash", country=["US"], born=["1971-01-01"], kind=["entity"])
    (near,) = [h for h in placed.screen(same).to_pylist() if h["record"] == "made-4"]
    (far,) = [h for h in placed.screen(other).to_pylist() if h["record"] == "made-4"]
    assert near["score"] == far["score"]
    assert near["priority"] == 1 and {"country", "birth-date"} <= set(near["reasons"])
    assert far["priority"] == 3
    assert {"country-differs", "birth-date-differs", "kind-differs"} <= set(far["reasons"])


def test_further_names_of_a_partner_are_screened_too() -> None:
    table = pa.table({"partner": ["p0"], "name": ["Harmless Trading"]})
    more = pa.table({"partner": ["p0", "stranger"], "name": ["SIS DOO", "SIS DOO"]})
    (hit,) = index().screen(prepare_partners(table, names=more)).to_pylist()
    assert (hit["partner"], hit["partner_name"], hit["record"]) == ("p0", "SIS DOO", "made-1")


def test_partners_of_another_model_are_refused() -> None:
    from dataclasses import replace

    with pytest.raises(ValueError):
        index().screen(replace(partners("SIS"), model="0"))
