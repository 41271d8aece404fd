from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from tasks.reconciliation import plan_words
from tasks.reconciliation.planned import load
from tasks.shared import approval, kinds
from tests.entries import house as desks
from tests.reconciliation.house import PASSWORD, Office

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(office: Office):
    from flows.reconciliation import reconciliation

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
    office.approve(load(office.book.content, waiting["plan"]))
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
    assert "unaccounted" in open_["words"] and "plan" not in open_
    desks.void(office.journal, *spoiled)
    waits = run(office)
    assert waits.name == "AwaitingApproval"
    assert "report" not in waits.result()
    office.approve_digest(waits.result()["end"]["plan"])
    done = run(office)
    assert done.name == "Completed" and "is signed" in done.message
    folder = office.settings.home / "reports" / "2026-01"
    assert sorted(path.name for path in folder.iterdir()) == sorted(done.result()["report"])
    assert (folder / "accounting-2026-01.pdf").read_bytes().startswith(b"%PDF")
    assert "numbers reserved" in artifacts()["report-2026-01"]
    again = run(office)
    assert again.name == "Completed" and again.result()["end"]["signed"]


def test_artifacts_say_counts_and_numbers_but_nothing_private(
    office: Office, tmp_path: Path
) -> None:
    office.record(2, 2, tmp_path, importer_type="34", importer_number="900-55-1234",
                  importer_name="SECRET IMPORTS")  # fmt: skip
    run(office)
    found = artifacts()
    batches = found["batches-2026-01"]
    assert "wait for approval" in batches
    (made,) = approval.waiting(office.journal, 2)
    words = plan_words.words(load(office.book.content, made.plan))
    assert words and all(f"- {line}" in batches for line in words)
    assert "truck" in found["accounting-2026-01"]
    told = " ".join(found.values())
    for secret in ("900-55-1234", "SECRET IMPORTS", PASSWORD, office.phone.secret):
        assert secret not in told


def test_a_wrong_password_names_no_query_and_the_next_run_writes_it(
    office: Office, tmp_path: Path
) -> None:
    (tmp_path / "inbox").mkdir()
    toml, secret = office.settings.home / "continuity.toml", office.settings.ace.password_file
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
    assert artifacts()["batches-2026-01"] == "Nothing to send."


def test_it_shows_how_far_it_is(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn by its steps, the reconciliation by the numbers that have their final place."""
    from tasks.reconciliation import steps

    seen: dict[str, float] = {}

    def look(name: str, home: str, *given: object) -> object:
        seen[name] = float(artifacts()["progress-2026-01"])
        return plain[name](home, *given)

    names = ("read_answers", "plan_batches", "publish_figures")
    plain = {name: getattr(steps, name) for name in names}
    for name in names:
        monkeypatch.setattr(steps, name, partial(look, name))
    numbers = office.record(1, 3, tmp_path)
    run(office)
    assert seen == {"read_answers": 0, "plan_batches": 50, "publish_figures": 87.5}
    assert float(artifacts()["progress-2026-01"]) == 100
    assert float(artifacts()["settled-2026-01"]) == 0
    settled = kinds.EntrySettled(number=numbers[0], how="in ACE", proof="")
    office.journal.append(settled, f"entry/{numbers[0]}", "bo")
    run(office)
    assert float(artifacts()["settled-2026-01"]) == pytest.approx(100 / 3)
