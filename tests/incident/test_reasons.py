"""A reason is its code and facts: the words are made from the catalog, and nothing rests on them."""

from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path

import pytest

from tasks.incident.letters.draft import name
from tasks.incident.letters.readying import Rules, ready
from tasks.incident.letters.signing import Signer
from tasks.incident.pga import loading
from tasks.incident.reasons import Reason
from tasks.shared import messages
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings
from tests.entries.house import book_of
from tests.incident.paper_world import open_world

PAST = Reason("demand-of-earlier-entry", "ABC-1", "agency", table="this book", last="2026-03-01")


def test_the_text_holds_the_values() -> None:
    assert "2026-03-01" in PAST.text and str(PAST) == PAST.text
    outer = Reason("demand-required", source=PAST)
    assert PAST.text in outer.text


def test_it_is_told_by_code_subject_field_and_values() -> None:
    assert PAST.as_dict() == {
        "code": "demand-of-earlier-entry",
        "subject": "ABC-1",
        "field": "agency",
        "values": {"table": "this book", "last": "2026-03-01"},
    }
    outer = Reason("demand-required", source=PAST).as_dict()
    assert outer["values"] == {"source": PAST.as_dict()}


def test_equal_reasons_are_one_key_and_survive_another_process() -> None:
    same = Reason(
        "demand-of-earlier-entry", "ABC-1", "agency", table="this book", last="2026-03-01"
    )
    assert {PAST: 1}[same] == 1 and pickle.loads(pickle.dumps(PAST)) == PAST
    assert Reason("demand-of-flag", flag="FD4") != Reason("demand-of-flag", flag="EP7")


def test_the_id_of_a_letter_does_not_rest_on_words(
    journal: Journal, house: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = open_world(book_of(house, journal), tmp_path / "scratch")
    path = world.file("flags.csv", b"hts,flag\n8471300100,FD4\n8471300100,EP7\n")
    loading.load(world.book, loading.FLAGS, path, date(2026, 7, 1), "CBP 0875-0419", "jo")
    number = world.record("11")

    def letter() -> tuple[str, list[str]]:
        (found,) = ready(Rules.of(world.book), [number], again=False)
        assert found.part
        signer = Signer("ada", "Ada Vance", "98765", own=True)
        reasons = [demand.why.text for demand in found.part.demands if demand.why]
        return name([found.part], date(2026, 11, 24), signer, [], "", 0), reasons

    before, reasons = letter()
    changed = {code: text.replace(" ", "  ") if isinstance(text, str) else text
               for code, text in messages.catalog().items()}  # fmt: skip
    monkeypatch.setattr(messages, "catalog", lambda: changed)
    after, reworded = letter()
    assert after == before and len(reasons) == len(reworded) >= 2 and reasons != reworded
