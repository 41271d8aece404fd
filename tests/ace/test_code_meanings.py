"""Codes by application: every row of CBP's dictionary, and advice in our own words."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from tasks.ace.code_meanings import advice_for, codes, codes_meaning, look_up_code, meaning_of

# Codes and narratives of CBP's error dictionary v51 (18 July 2026), without its explanations.
DICTIONARY = Path(__file__).parent.parent / "data" / "catair" / "error_dictionary_v51.csv"

RE_KEYED = [
    "B10", "B12", "B14", "B15", "B16", "B22", "B24", "B25", "B26", "B28", "B29", "B30", "B31",
    "B32", "B33", "B34", "B35", "B42", "B43", "B44", "B45", "B46", "B47", "B48", "B49", "B50",
    "B51", "B53", "B54", "B55", "B67", "B70", "B72", "B77", "B78", "101", "102", "103", "104",
    "140", "141", "142", "173", "202", "203", "204", "205", "206", "207", "208", "209", "210",
    "211", "212", "213", "214", "215", "216", "217", "218", "230", "318", "320", "408", "409",
    "429", "439", "440", "441", "442", "499", "629", "630", "631", "632", "633", "634", "635",
    "636", "637", "638", "639", "640", "641", "752", "753", "754", "755", "756", "757", "852",
    "875", "995", "996", "998", "999", "ZZZ",
]  # fmt: skip


def test_all_rows_of_the_dictionary_are_there() -> None:
    rows = csv.DictReader(DICTIONARY.read_text(encoding="utf-8").splitlines()[1:])
    wanted = Counter((row["code"], row["narrative"]) for row in rows)
    ours = Counter((row.code, row.text) for row in codes() if row.source.startswith("error dictionary"))
    assert sum(wanted.values()) == 1054
    assert ours == wanted


def test_every_row_is_complete() -> None:
    for row in codes():
        assert row.applications and row.code and row.text and row.source, row
        assert row.severity in ("", "F", "W", "P", "I"), row
        assert row.what_to_do == (row.advice or advice_for(row.meaning))
        assert len(row.what_to_do) > 2


@pytest.mark.parametrize("code", RE_KEYED)
def test_a_re_keyed_summary_gets_advice_of_its_own(code: str) -> None:
    found = look_up_code("AX", code)
    assert found.decided and found.candidates[0].advice


@pytest.mark.parametrize("code", [f"{n:03d}" for n in range(1, 18)])
def test_a_query_condition_is_not_that_of_another_query(code: str) -> None:
    found = look_up_code("ER", code)
    assert found.decided and len(found.candidates) == 1 and found.candidates[0].advice


@pytest.mark.parametrize(
    ("application", "code", "meaning"),
    [
        ("ER", "013", "not found"),
        ("ER", "014", "not permitted"),
        ("ER", "015", "nothing"),
        ("ER", "016", "cut"),
        ("AC", "013", "query"),
        ("AC", "014", "not found"),
        ("CL", "006", "not found"),
        ("CL", "016", "not found"),
        ("C1", "950", "not visible"),
        ("C1", "122", "not found"),
        ("C1", "X17", "not permitted"),
        ("AX", "X12", "structure"),
        ("KR", "3", "void importer"),
        ("SX", "ZZZ", "system failure"),
        ("KR", "ZZZ", "system failure"),
    ],
)
def test_the_same_code_means_what_its_application_says(application: str, code: str, meaning: str) -> None:
    found = look_up_code(application, code)
    assert found.meaning == meaning and found.decided


def test_an_undecided_code_shows_all_candidates() -> None:
    found = look_up_code("CL", "A04")
    assert len(found.candidates) == 2 and not found.decided
    assert found.candidates[0].decided and found.what_to_do.startswith("Not certain.")
    release = look_up_code("SX", "007")
    assert release.meaning == "on file" and not release.decided
    assert "ALREADY ON FILE" in release.what_to_do


def test_two_rows_with_one_meaning_are_decided() -> None:
    found = look_up_code("AX", "751")
    assert len(found.candidates) == 2 and len(found.texts) == 2 and found.decided


def test_an_unknown_code_is_shown_as_such() -> None:
    found = look_up_code("AX", "014")
    assert not found.known and found.meaning == "" and found.texts == ()
    assert found.what_to_do.startswith("Not in our tables.")


def test_lists_of_one_answer_are_told_apart() -> None:
    assert look_up_code("SO", "03", "entry").meaning == "exam"
    assert look_up_code("SO", "03", "reason").meaning == "request rejected"
    assert look_up_code("SO", "03", "origin").texts == ("ACTUAL ARRIVAL DATE",)
    assert not look_up_code("SO", "03").decided
    assert meaning_of("SO", "bill")["51"] == "hold"
    assert meaning_of("C1", "entry") == meaning_of("SO", "entry")


def test_what_ace_has_is_found_not_failed() -> None:
    assert codes_meaning("AX", "on file") >= {"B22", "B26", "B28", "B29", "B30", "B32", "B35", "B54"}
    assert codes_meaning("AX", "cancelled") == {"B31", "B56"}
    assert codes_meaning("AX", "on file").isdisjoint(codes_meaning("AX", "cancelled"))


def test_advice_is_not_copied_from_the_narrative() -> None:
    for row in codes():
        assert row.advice != row.text
