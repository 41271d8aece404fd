"""What an approver sees: the same lines at the desk, before the code, and in the artifact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import typer

from tasks.ace.settings import AceSettings
from tasks.approved_acts import approve_act
from tasks.core import clock
from tasks.core.errors import Problem
from tasks.reconciliation.plan.plan_description import plan_facts, plan_lines, reason_text
from tasks.reconciliation.plan.plan_store import SendingPlan
from tasks.security.approvals import find_approval
from tests.ace import made_summary
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_summaries, until_duty
from tests.reconciliation.broker_office import Office

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    with clock.held(NOON):
        made = open_world(office, tmp_path / "ace")
        yield made
    made.ace.close()


def keyed(world: World, paper: date, ace: date, **fields: object) -> str:
    """An entry that an officer keyed, with ACE's own release date."""
    (number,) = record_summaries(world, ["01"], release_date=paper, **fields)
    world.ace.seed_officer_entry(number, port="3801", released=ace, notified=True)
    return number


def lines_of(made: SendingPlan, start: str) -> list[str]:
    return [line for line in plan_lines(made) if line.startswith(start)]


def test_dates_across_the_fiscal_year_come_first_and_are_marked(world: World) -> None:
    plain = keyed(world, date(2026, 11, 18), date(2026, 11, 20))
    dear = keyed(world, date(2026, 9, 30), date(2026, 10, 1))
    same = keyed(world, made_summary.RELEASED, made_summary.RELEASED)
    made = until_duty(world)
    assert sorted(made.numbers) == sorted([plain, dear, same])
    assert lines_of(made, "DATES") + lines_of(made, "dates") == [
        f"DATES DIFFER AND CHANGE WHAT IS OWED: {dear}: paper 2026-09-30, ACE 2026-10-01 (1 day "
        "later): across 1 October, other rates of fee 499, 311, 496",
        f"dates differ: {plain}: paper 2026-11-18, ACE 2026-11-20 (2 days later)",
    ]
    facts = plan_facts(made)
    assert [row["entry_number"] for row in made.dates] == [dear, plain]
    assert json.loads(json.dumps(facts))["dates"] == list(made.dates)


def test_the_papers_date_is_always_sent_as_estimated_entry_date(world: World) -> None:
    paper = {keyed(world, date(2026, 9, 30), date(2026, 10, 1)): "093026",
             keyed(world, date(2026, 11, 18), date(2026, 11, 18)): "111826"}  # fmt: skip
    made = until_duty(world)
    sent: dict[str, str] = {}
    for batch in made.batches:
        data = world.house.content.get(batch.content).decode()
        number = ""
        for at in range(0, len(data), 80):
            record = data[at : at + 80]
            if record.startswith("10"):
                number = f"{record[3:6]}-{record[8:15]}-{record[15]}"
            elif record.startswith("11"):
                sent[number] = record[41:47]
    assert sent == paper


def test_duty_says_what_is_used_of_the_ceiling_and_masks_private_payers() -> None:
    row = {"statement_date": "2026-11-25", "payer": "filer", "summaries": 2, "amount": 57_096,
           "used": 28_548, "ceiling": 70_000, "over": True}  # fmt: skip
    reason = Problem(subject="ABC-9000000-3", column="PG01", code="ssn-not-protected",
                     values={"private": "~"})  # fmt: skip
    plan = SendingPlan("d" * 64, (), {}, day="2026-11-24", duty=(
        row,
        row | {"payer": "~A1B2C3D4E5F", "used": 0, "over": False, "summaries": 1},
        row | {"statement_date": "", "payer": "12-3456789", "used": 0, "ceiling": None},
        row | {"ceiling": None, "used": 0, "over": False},
    ), held={"ABC-9000000-3": reason})  # fmt: skip
    words = plan_lines(plan)
    assert words[1] == (
        "duty on statement 2026-11-25, payer filer: 2 summaries, 570.96 dollars; 285.48 stand there "
        "already; ceiling 700.00, 122 % used, OVER THE CEILING"
    )
    assert words[2].endswith("1 summary, 570.96 dollars; ceiling 700.00, 81 % used")
    assert words[3] == "duty paid one by one, payer 12-3456789: 2 summaries, 570.96 dollars"
    assert words[4].endswith("no ceiling")
    assert words[5].count("ABC-9000000-3") == 1 and reason_text(reason) in words[5]
    assert "~A1B2C3D4E5F" not in " ".join(words) + json.dumps(plan_facts(plan))


def settle_in_file(world: World) -> None:
    """The desk's commands read the settings file: the world's goes in."""
    settings = world.office.settings
    path = settings.home / "continuity.toml"
    text = path.read_text().replace("ask_first = false", "ask_first = true")
    lines = (f'inbox = "{world.inbox.as_posix()}"', "daily_ceiling = 700", "ask_again_minutes = 0")
    path.write_text(text + "\n".join(lines) + "\n")


def test_desk_and_approval_show_the_same_lines(
    world: World, continuity, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settle_in_file(world)
    dear = keyed(world, date(2026, 9, 30), date(2026, 10, 1))
    ace = world.office.settings(AceSettings).model_copy(update={"daily_ceiling": 700})
    world.office.settings = world.office.settings.model_copy(update={"ace": ace})
    made = until_duty(world)
    words = plan_lines(made)
    assert any("ceiling 700.00" in line for line in words) and dear in " ".join(words)
    code, out, _ = continuity("reconcile", "plan", by="bo")
    assert code == 0 and all(line in out for line in words)
    code, out, _ = continuity("reconcile", "plan", "--json", by="bo")
    assert code == 0 and json.loads(out) == json.loads(json.dumps(plan_facts(made)))
    code, out, _ = continuity("reconcile", "turn", by="bo")
    assert code == 1 and all(line in out for line in words)
    code, out, _ = continuity("reconcile", "turn", "--json", by="bo")
    assert code == 1 and json.loads(out)["waiting"]["words"] == words
    shown: list[str] = []

    def ask(_: str, hide_input: bool) -> str:
        assert hide_input
        shown.append(capsys.readouterr().out)
        return world.office.phone.at(clock.now())

    monkeypatch.setattr(typer, "prompt", ask)
    code, out, error = continuity("approve", made.digest[:12], by="ada")
    assert code == 0, error
    assert all(line in shown[0] for line in words), "all is shown before the code is asked for"
    for batch in made.batches:
        assert (world.office.outbound / batch.file).is_file(), "approve writes the files"
    code, out, _ = continuity("reconcile", "plan", "--json", by="bo")
    assert code == 0 and json.loads(out) is None


def test_a_plan_whose_day_is_over_is_not_approved(world: World, continuity) -> None:
    settle_in_file(world)
    keyed(world, made_summary.RELEASED, made_summary.RELEASED)
    made = until_duty(world)
    with clock.held(NOON + timedelta(days=1)):
        assert continuity("approve", made.digest[:12], "--code", "000000", by="ada")[0] == 1
        asked = find_approval(world.office.journal, made.digest)
        with refused("plan-out-of-date"):
            approve_act(world.house, asked.plan, "ada", "000000")
    assert not [*world.office.journal.events(kind="approval.granted")]
