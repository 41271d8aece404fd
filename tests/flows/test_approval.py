"""A deployed run that needs an approval: it suspends with the form, and what is answered there is what
happens. The runs go in this process, as a worker's would."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from tasks.core import clock
from tasks.operations.runtime.deployment_registration import read_document
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.security.approvals import current_approvals, find_approval, waiting_approvals
from tests.flows.test_backup import artifacts
from tests.reconciliation.broker_office import Office

pytestmark = pytest.mark.usefixtures("prefect_server")


class Deployed:
    """The flow `reconciliation`, deployed; runs of it by hand, each from its top."""

    def __init__(self, home: Path) -> None:
        from flows.reconciliation import reconciliation

        self.flow = reconciliation
        self.parameters = {"home": str(home), "actor": "bo", "incident": "2026-01"}

    def begin(self, **more: str) -> Any:
        """Make a run of the deployment and run it until it ends or waits."""
        return self.go(asyncio.run(self._create({**self.parameters, **more})))

    async def _create(self, parameters: dict[str, str]) -> Any:
        from prefect.client.orchestration import get_client

        async with get_client() as client:
            flow = await client.create_flow(self.flow)
            (book,) = (one for one in read_document("prefect.yaml", "deployments")
                       if one["name"] == "reconciliation")  # fmt: skip
            made = await client.create_deployment(flow_id=flow, name="reconciliation", description=book["description"])
            return await client.create_flow_run_from_deployment(made, parameters=parameters)

    def go(self, run: Any) -> Any:
        """Run it as a worker does; the run as it is then."""
        from prefect.client.orchestration import get_client
        from prefect.exceptions import Pause
        from prefect.flow_engine import run_flow

        with get_client(sync_client=True) as client:
            current = client.read_flow_run(run.id)
            with suppress(Pause):
                run_flow(self.flow, flow_run=current, parameters=current.parameters, return_type="state")
            return client.read_flow_run(run.id)

    def answer(self, run: Any, **said: str) -> Any:
        """Press Resume with these fields, and let the worker take it up."""
        done = self.press(run, **said)
        assert done.status.value == "ACCEPT", done.details
        return self.go(run)

    def press(self, run: Any, **said: str) -> Any:
        """Press Resume with these fields; what the server says."""
        from prefect.client.orchestration import get_client

        seen = {"plan": plan_of(run)[:12], **said}  # as the page fills it in
        with get_client(sync_client=True) as client:
            return client.resume_flow_run(run.id, run_input=seen)


def on_the_server(code: str, run: Any) -> bool:
    """Whether a one-time code is still kept there."""
    from prefect.input.actions import filter_flow_run_input

    kept = cast("list[Any]", filter_flow_run_input("suspended-", limit=200, flow_run_id=run.id))
    assert kept
    return any(code in one.value for one in kept)


def plan_of(run: Any) -> str:
    return run.state.state_details.pause_key.partition("-")[0]


def asked_of(run: Any) -> str:
    """What the form says."""
    from prefect.input.actions import read_flow_run_input

    key = run.state.state_details.run_input_keyset["description"]
    return str(read_flow_run_input(key, flow_run_id=run.id))


@pytest.fixture
def deployed(office: Office) -> Deployed:
    return Deployed(office.settings.home)


def test_it_suspends_is_approved_and_writes_once(office: Office, deployed: Deployed, tmp_path: Path) -> None:
    office.record(1, 5, tmp_path)
    run = deployed.begin()
    assert run.state.name == "Suspended" and list(office.outbound.iterdir()) == []
    plan = plan_of(run)
    assert plan[:12] in asked_of(run)
    numbers = [line.number for line in account_numbers(office.journal) if line.desk]
    shown = artifacts()["approval-2026-01"]
    for number in numbers:
        assert len(numbers) == 5 and number in asked_of(run) and number in shown
    assert shown in asked_of(run)
    assert deployed.begin().state.name == "AwaitingApproval"  # two runs do not wait for one plan
    for code in ("12345", "abcdef", "1234567"):
        assert deployed.press(run, person="ada", code=code).status.value == "REJECT"
    wrong = deployed.answer(run, person="ada", code="000000")
    assert wrong.state.name == "Suspended" and plan_of(wrong) == plan
    assert refusals(office) == [("ada", "it is wrong")] and "it is wrong" in asked_of(wrong)
    assert list(office.outbound.iterdir()) == []
    # leaving the form empty only looks again
    again = deployed.answer(wrong, person="", code="")
    assert again.state.name == "Suspended" and plan_of(again) == plan
    code = office.phone.now()
    done = deployed.answer(again, person="12345", code=code)
    assert done.state.name == "Completed" and not on_the_server(code, done)
    assert len(list(office.outbound.iterdir())) == 4
    assert find_approval(office.journal, plan).granted_by == ("ada",)
    kinds = [event.kind for event in office.journal.events()]
    assert kinds.count("approval.asked") == 1 and kinds.count("batch.written") == 4
    assert kinds.count("person.code_failed") == 1


def test_a_failed_run_says_what_failed_and_what_to_do(deployed: Deployed, tmp_path: Path) -> None:
    from prefect.client.orchestration import get_client

    run = deployed.begin(home=str(tmp_path / "nowhere"))
    assert run.state.name == "Failed"
    with get_client(sync_client=True) as client:
        (made,) = client.request(
            "POST", "/artifacts/filter", json={"artifacts": {"key": {"any_": ["what-to-do"]}}}
        ).json()
    assert made["flow_run_id"] == str(run.id)
    said = made["data"]
    assert str(tmp_path / "nowhere") in said
    assert f"/deployments/deployment/{run.deployment_id}" in said


def test_approved_at_a_desk_it_goes_on(office: Office, deployed: Deployed, tmp_path: Path) -> None:
    from tasks.operations.run_interface import resume_runs

    office.record(1, 2, tmp_path)
    run = deployed.begin()
    assert run.name not in resume_runs(office.journal, office.settings)
    office.approve_digest(plan_of(run))
    assert run.name in resume_runs(office.journal, office.settings)
    assert deployed.go(run).state.name == "Completed"
    assert len(list(office.outbound.iterdir())) > 0


def test_a_plan_that_changed_under_the_form_is_not_approved(office: Office, deployed: Deployed, tmp_path: Path) -> None:
    """The run waits for an earlier plan; another run makes a newer one and sends the first away."""
    office.record(1, 2, tmp_path)
    old = deployed.begin()
    office.record(2, 2, tmp_path)
    new = deployed.begin()
    assert new.state.name == "Suspended" and plan_of(new) != plan_of(old)
    retired = deployed.go(old)
    assert retired.state.name == "AwaitingApproval"
    done = deployed.answer(new, plan=plan_of(old)[:12], person="ada", code=office.phone.now())
    assert done.state.name == "Suspended" and list(office.outbound.iterdir()) == []
    current = [one.plan for one in current_approvals(office.journal, 2)]
    assert current == [plan_of(new)] and len(waiting_approvals(office.journal, 2)) == 2


def test_the_same_event_twice_is_one_reconciliation(office: Office, deployed: Deployed, tmp_path: Path) -> None:
    office.record(1, 2, tmp_path)
    first = deployed.begin(because="event-1")
    second = deployed.begin(because="event-1")
    assert second.state.name == "AlreadyBegun" and str(first.id) in second.state.message
    # the one that has it goes on from its top
    done = deployed.answer(first, person="ada", code=office.phone.now())
    assert done.state.name == "Completed" and len(list(office.outbound.iterdir())) > 0


@pytest.mark.long
def test_every_code_that_does_not_count_is_refused_and_written_down(
    office: Office, deployed: Deployed, tmp_path: Path
) -> None:
    """The preparer's own, an expired and a replayed one, each by the form of the deployed flow; the
    wrong one is above."""
    office.record(1, 2, tmp_path)
    own, code = deployed.begin(actor="ada"), office.phone.now()
    own = deployed.answer(own, person="ada", code=code)
    assert own.state.name == "Suspended"
    assert not on_the_server(code, own)
    office.record(2, 2, tmp_path)
    run = deployed.begin()
    assert deployed.press(run, person="ada", code=office.phone.now()).status.value == "ACCEPT"
    with clock.held(clock.now() + timedelta(minutes=11)):  # no worker took it up for so long
        run = deployed.go(run)
    assert run.state.name == "Suspended"
    assert list(office.outbound.iterdir()) == []
    code = office.phone.now()
    assert deployed.answer(run, person="ada", code=code).state.name == "Completed"
    written = sorted(office.outbound.iterdir())
    office.record(3, 2, tmp_path)
    second = deployed.answer(deployed.begin(), person="ada", code=code)
    assert second.state.name == "Suspended"
    assert sorted(office.outbound.iterdir()) == written
    assert refusals(office) == [
        ("ada", "preparer-cannot-approve"),
        ("ada", "the code was given more than 10 minutes ago"),
        ("ada", "the code was used before; wait for the next one"),
    ]


def refusals(office: Office) -> list[tuple[str, str]]:
    """Who was refused and why, as the book has it."""
    kinds = ("approval.refused", "person.code_failed")
    said = [event.said for event in office.journal.events() if event.kind in kinds]
    return [(one.person, one.reason) for one in said]  # type: ignore[attr-defined]
