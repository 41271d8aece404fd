from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flows.reconciliation import reconciliation
from tasks.ace.settings import AceSettings
from tasks.core.journal.journal import Journal
from tasks.drill.sample_brokerage import make_sample_home
from tasks.drill.simulator_setup import seed_simulator
from tasks.entries.events import EntrySettled
from tasks.entries.record.entry_recording import profile_of, record_intake
from tasks.entries.workbook.file_intake import read_entry_files
from tasks.reconciliation.cycle_stages import STAGES
from tasks.reconciliation.decisions.rule_table import HELD
from tasks.reconciliation.plan.plan_description import plan_lines
from tasks.reconciliation.plan.plan_store import load_plan
from tasks.security.approvals import waiting_approvals
from tasks.workspace import Workspace
from tests.entries import house as desks
from tests.reconciliation.broker_office import PASSWORD, Office

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(office: Office):
    return reconciliation(str(office.settings.home), "bo", "2026-01", return_state=True)


def artifacts() -> dict[str, str]:
    from prefect.client.orchestration import get_client

    async def read() -> dict[str, str]:
        async with get_client() as client:
            found = await client.read_latest_artifacts()
        return {str(one.key): str(one.data) for one in found}

    return asyncio.run(read())


def test_the_flow_waits_for_approval_then_writes_once(office: Office, tmp_path: Path) -> None:
    numbers = office.record(1, 5, tmp_path)
    held = desks.issue(office.journal, office.settings, "air", 2)
    first = run(office)
    assert first.name == "AwaitingApproval"
    waiting = first.result()["waiting"]
    assert waiting["entries"] == 5 and first.result()["unaccounted"] == {"air": held}
    assert list(office.outbound.iterdir()) == []
    again = run(office)
    assert again.result()["waiting"]["plan"] == waiting["plan"]
    office.approve(load_plan(office.book.content, waiting["plan"]))
    second = run(office)
    assert second.name == "Completed"
    assert sum(one["entries"] for one in second.result()["written"]) == len(numbers)
    files = {path.name: path.stat().st_mtime_ns for path in office.outbound.iterdir()}
    third = run(office)
    assert third.name == "Completed" and third.result()["written"] == []
    assert {path.name: path.stat().st_mtime_ns for path in office.outbound.iterdir()} == files


def test_it_goes_to_its_end(office: Office, tmp_path: Path) -> None:
    """Signed only when every number has its place, by approval, and then there is the report."""
    spoiled = desks.issue(office.journal, office.settings, "truck", 1)
    open_ = run(office).result()["end"]
    assert not open_.keys() & {"plan", "signed"}
    desks.void(office.journal, *spoiled)
    waits = run(office)
    assert waits.name == "AwaitingApproval"
    assert "report" not in waits.result()
    office.approve_digest(waits.result()["end"]["plan"])
    done = run(office)
    assert done.name == "Completed" and done.result()["end"]["signed"]
    folder = office.settings.home / "reports" / "2026-01"
    assert sorted(path.name for path in folder.iterdir()) == sorted(done.result()["report"])
    assert (folder / "accounting-2026-01.pdf").read_bytes().startswith(b"%PDF")
    assert "report-2026-01" in artifacts()
    again = run(office)
    assert again.name == "Completed" and again.result()["end"]["signed"]


def test_artifacts_say_counts_and_numbers_but_nothing_private(office: Office, tmp_path: Path) -> None:
    office.record(2, 2, tmp_path, importer_type="34", importer_number="900-55-1234",
                  importer_name="SECRET IMPORTS")  # fmt: skip
    run(office)
    found = artifacts()
    batches = found["batches-2026-01"]
    (made,) = waiting_approvals(office.journal, 2)
    words = plan_lines(load_plan(office.book.content, made.plan))
    assert made.plan[:12] in batches and words and all(f"- {line}" in batches for line in words)
    assert "truck" in found["accounting-2026-01"]
    told = " ".join(found.values())
    for secret in ("900-55-1234", "SECRET IMPORTS", PASSWORD, office.phone.secret):
        assert secret not in told


def test_a_wrong_password_names_no_query_and_the_next_run_writes_it(office: Office, tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    toml, secret = (office.settings.home / "continuity.toml", office.settings(AceSettings).password_file)
    text = toml.read_text().replace("ask_first = false", "ask_first = true")
    toml.write_text(f'{text}inbox = "{(tmp_path / "inbox").as_posix()}"\n')
    office.record(1, 1, tmp_path)
    assert secret is not None
    secret.write_text("far too long")
    for _ in range(2):
        assert run(office).is_failed()
        assert [*office.journal.events(kind="query.")] == [] and not [*office.outbound.iterdir()]
    secret.write_text(PASSWORD)
    done = run(office)
    assert done.is_completed(), done.message
    assert done.result()["asked"] == [path.name for path in office.outbound.iterdir()] != []
    named, written = office.journal.events(kind="query.")
    assert (named.kind, written.kind) == ("query.named", "query.written")


def test_with_nothing_to_do_it_says_so(office: Office) -> None:
    state = run(office)
    assert state.name == "Completed" and state.result()["written"] == []
    assert state.result()["words"] == [] and state.result()["waiting"] is None


def test_a_run_of_the_sample_opens_the_journal_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a second one in the same process, of another home."""
    opens: list[str] = []
    opened = Journal.__init__

    def count(self: Journal, url: str) -> None:
        opens.append(url)
        opened(self, url)

    for name in ("first", "second"):
        made = make_sample_home(tmp_path / name, "drill")
        workspace = Workspace(made.settings)
        record_intake(workspace, read_entry_files(made.handed_in, profile_of(made.settings)), "mlopez",
             accept_clean=True)  # fmt: skip
        seed_simulator(workspace)
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "__init__", count)
            done = reconciliation(str(made.settings.home), "mlopez", "drill", return_state=True)
        assert done.is_completed() and done.result()["next"] == {"wait for ACE": 60}
        assert opens == [workspace.journal.url]
        opens.clear()


def test_a_run_sees_settings_that_changed_since_the_last_one(office: Office, tmp_path: Path) -> None:
    office.record(1, 1, tmp_path)
    assert run(office).name == "AwaitingApproval"
    toml = office.settings.home / "continuity.toml"
    toml.write_text(toml.read_text().replace('filer_code = "ABC"', 'filer_code = "XYZ"'))
    changed = run(office)
    assert changed.result()["waiting"] is None and changed.result()["next"] == {HELD: 1}


def test_it_shows_how_far_it_is(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cycle by its stages, the reconciliation by the numbers that have their final place."""
    from tasks.reconciliation import steps

    seen: dict[str, float] = {}
    run_stage, publish_figures = steps.run_stage, steps.publish_figures

    def look_at_stage(home: str, stage: str) -> None:
        seen[stage] = float(artifacts()["progress-2026-01"])
        run_stage(home, stage)

    def look_at_figures(home: str, incident: str) -> object:
        seen["figures"] = float(artifacts()["progress-2026-01"])
        return publish_figures(home, incident)

    monkeypatch.setattr(steps, "run_stage", look_at_stage)
    monkeypatch.setattr(steps, "publish_figures", look_at_figures)
    numbers = office.record(1, 3, tmp_path)
    run(office)
    assert [*seen] == [*(stage.name for stage in STAGES), "figures"]
    parts = len(STAGES) + 4
    before = [*range(len(STAGES)), parts - 1]
    assert [*seen.values()] == pytest.approx([100 * done / parts for done in before], abs=0.1)
    assert float(artifacts()["progress-2026-01"]) == 100
    assert float(artifacts()["settled-2026-01"]) == 0
    settled = EntrySettled(number=numbers[0], how="in ACE", proof="")
    office.journal.append(settled, f"entry/{numbers[0]}", "bo")
    run(office)
    assert float(artifacts()["settled-2026-01"]) == pytest.approx(100 / 3)
