"""KI first: an importer whose continuous bond does not cover the entry is held, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tasks.ace.answers.answer_facts import NO_BOND_STATUS
from tasks.core.journal.verification import verify_journal
from tasks.entries.events import ImporterBond
from tasks.reconciliation.decisions.bond_coverage import coverage_fault
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.events import AnswerLine
from tasks.reconciliation.letters import letter_layout as words
from tasks.reconciliation.letters.letter_files import drafts
from tasks.reconciliation.receiving.answer_events import importer_line
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import IMPORTER, EntryState
from tests.ace.made_summary import IMPORTER as NUMBER
from tests.reconciliation.ace_exchange import World, open_world, record_released, record_summaries, today, until_duty
from tests.reconciliation.broker_office import Office
from tests.reconciliation.decisions.test_classification import ENTRY, view

DAY = date(2026, 11, 20)
GOOD = ImporterBond(activity="A", surety="036", since="2020-01-01", user_active=True,
                    sufficient=True)  # fmt: skip


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def said(*bonds: ImporterBond, code: str = "1", kind: str = "8") -> str | None:
    shown = replace(view(disposition="active", code=code), bonds=bonds)
    entry = replace(ENTRY, bond_type=kind, entered=DAY.isoformat(), ace_statuses={IMPORTER: shown})
    problem = coverage_fault(entry)
    return problem.code if problem else None


def but(**changed: object) -> ImporterBond:
    known = {name: getattr(GOOD, name) for name in GOOD.__struct_fields__}
    return ImporterBond(**(known | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"until": "2026-10-31"}, "importer-bond-ended"),
        ({"until": DAY.isoformat()}, "importer-bond-ended"),
        ({"since": "2026-11-21"}, "importer-bond-not-effective"),
        ({"user_active": False}, "importer-bond-user-inactive"),
        ({"user_active": False, "user_until": "2026-11-01"}, "importer-bond-user-ended"),
        ({"user_until": "2026-11-20"}, "importer-bond-user-ended"),
        ({"sufficient": False}, "importer-bond-insufficient"),
        ({"activity": "D"}, "importer-bond-other-activity"),
    ],
)
def test_bonds_that_do_not_cover_the_entry(changed: dict[str, object], code: str) -> None:
    assert said(but(**changed)) == code
    assert said(but(**changed), GOOD) is None is said(GOOD, but(**changed)), "another one covers it"
    assert said(but(**changed), kind="9") is None, "a single bond asks nothing of a continuous one"


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"until": "2026-11-21"},
        {"since": DAY.isoformat()},
        {"user_active": False, "user_until": "2026-11-21"},
        {"user_active": None, "sufficient": None, "since": ""},
        {"activity": "C"},
    ],
)
def test_bonds_that_cover_it(changed: dict[str, object]) -> None:
    assert said(but(**changed)) is None


def test_an_importer_without_any_bond_and_one_that_was_not_asked_about() -> None:
    assert said(code=NO_BOND_STATUS) == "importer-bond-missing"
    assert said() is None is coverage_fault(ENTRY)


def test_all_bonds_of_an_importer_make_one_line() -> None:
    row = {"status": "bonded", "code": "1", "activity": "A", "surety_code": "036",
           "bond_from": date(2020, 1, 1), "bond_until": None, "user_active": True,
           "user_until": None, "sufficient": True, "periodic_monthly": False}  # fmt: skip
    made = importer_line("n", [row, row | {"activity": "D", "bond_until": DAY}])
    assert made.disposition == "active" and made.monthly is False
    assert [(bond.activity, bond.until) for bond in made.bonds] == [("A", ""), ("D", "2026-11-20")]
    void = dict.fromkeys(row) | {"status": "void", "code": "3"}
    assert importer_line("n", [void]) == AnswerLine(number="n", disposition="void", code="3", text="void")


def of(world: World, number: str) -> EntryState:
    return next(one for one in list_entry_states(world.office.journal) if one.number == number)


def test_a_bond_that_ends_before_the_entry_holds_it_and_the_importer_is_written_to(world: World) -> None:
    ends = today() + timedelta(days=5)
    world.ace.seed_importer(NUMBER)
    world.ace.seed_bond("991234567", NUMBER, "036", terminated=ends)
    later = {"release_date": ends + timedelta(days=1)}
    (late,) = record_summaries(world, ["01"], **later)
    (covered,) = record_released(world, ["01"])
    world.run()
    verdict = classify(of(world, late))
    assert verdict.step is NextStep.PERSON and f"ended on {ends}" in verdict.why
    assert "single transaction bond" in verdict.why
    assert world.steps()[covered] == "settled"
    (letter,) = drafts(world.house, today(), [words.BONDS])
    assert letter.numbers == (late,) and f"ended on {ends}" in letter.rows[0][4]
    assert "does not cover 1 entry" in letter.subject
    world.ace.seed_bond("991234568", NUMBER, "036")
    world.run()
    assert classify(of(world, late)).step is not NextStep.PERSON
    assert not [*drafts(world.house, today(), [words.BONDS])]
    assert verify_journal(world.office.journal, world.house.content).ok


def test_an_importer_that_is_not_enrolled_pays_daily(world: World) -> None:
    (world.office.settings.home / "payment.csv").write_text(
        "importer_number,payment_type,branch,account,periodic_day\n*,6,,filer,15\n"
    )
    world.ace.seed_importer(NUMBER, monthly=False)
    world.ace.seed_bond("991234567", NUMBER, "036")
    (number,) = record_released(world, ["01"])
    made = until_duty(world)
    assert made.notes == {"importer not enrolled: daily instead of monthly statement (210)": 1}
    data = world.house.content.get(made.batches[0].content).decode()
    (head,) = (data[at : at + 80] for at in range(0, len(data), 80) if data[at : at + 2] == "10")
    assert head[50] == "2" and head[57:59] == "  "
    world.office.approve(made)
    world.run()
    assert world.steps()[number] == "settled"
