from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.ace.file_check import check_bytes
from tasks.ace.settings import AceSettings
from tasks.core.errors import BadSettings, ContentMissing, NotApproved, Refused, Unaccounted
from tasks.core.journal.verification import verify_journal
from tasks.reconciliation.accounting import number_account
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.reconciliation.accounting.sign_off import sign_final_accounting
from tasks.reconciliation.cycle_stages import entry_decisions, write_approved
from tasks.reconciliation.decisions.settlements import settle_by_proof
from tasks.reconciliation.plan.eligibility import approved_plans
from tasks.reconciliation.plan.plan_store import SendingPlan
from tasks.reconciliation.sending import batch_writing
from tasks.reconciliation.sending.batch_checks import tampered_files
from tasks.reconciliation.sending.batch_writing import final_bytes
from tasks.security.approvals import current_approvals
from tasks.security.people import revoke_person
from tests.entries import house as desks
from tests.errors import refused
from tests.reconciliation.broker_office import PASSWORD, Office


def test_what_is_approved_is_written_once(office: Office, tmp_path: Path) -> None:
    numbers = office.record(1, 9, tmp_path)
    made = office.plan()
    assert made is not None and sorted(made.numbers) == numbers
    with pytest.raises(NotApproved):
        office.write(made)
    assert list(office.outbound.iterdir()) == []
    office.approve(made)
    written = office.write(made)
    assert [one.again for one in written] == [False] * len(made.batches)
    assert sorted(path.name for path in office.outbound.iterdir()) == sorted(batch.file for batch in made.batches)
    assert all(one.again for one in office.write(made))
    assert office.plan() is None
    assert verify_journal(office.journal, office.book.content).ok
    places = {line.number: line.place for line in account_numbers(office.journal)}
    assert {places[number] for number in numbers} == {number_account.SENT_OUT}


def test_the_files_pass_the_check_and_alone_hold_the_password(office: Office, tmp_path: Path) -> None:
    office.record(2, 4, tmp_path, importer_type="34", importer_number="900-55-1234")
    made = office.plan()
    assert made is not None
    office.approve(made)
    for one in office.write(made):
        data = Path(one.where).read_bytes()
        assert check_bytes(data).ok and data[8:14] == PASSWORD.encode()
        assert b"900-55-1234" in data
    for batch in made.batches:
        stored = office.book.content.get(batch.content)
        assert check_bytes(stored).ok
        assert PASSWORD.encode() not in stored and b"900-55-1234" not in stored


def test_only_what_the_port_released_is_planned(office: Office, tmp_path: Path) -> None:
    sent = office.record(3, 2, tmp_path)
    for seed, outcome in enumerate(("waiting", "exam", "refused", "not presented"), start=4):
        stamped = {"stamped_copy": None} if outcome in ("waiting", "not presented") else {}
        office.record(seed, 1, tmp_path, paper_outcome=outcome, release_date=None, **stamped)
    made = office.plan()
    assert made is not None and sorted(made.numbers) == sent


def test_a_waiting_plan_is_found_again_and_a_new_entry_supersedes_it(office: Office, tmp_path: Path) -> None:
    office.record(8, 2, tmp_path)
    first = office.plan()
    assert first is not None and office.plan() == first
    office.record(9, 1, tmp_path)
    second = office.plan()
    assert second is not None and second.digest != first.digest and len(second.numbers) == 3


def test_an_entry_that_changed_makes_its_approved_plan_useless(office: Office, tmp_path: Path) -> None:
    (number,) = office.record(10, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    changed = desks.with_values(desks.filled(10, [number], "truck"), remarks="new")
    desks.hand_in(office.book, desks.workbook(tmp_path, "new.xlsx", "truck", changed))
    with refused("plan-out-of-date"):
        office.write(made)
    fresh = office.plan()
    assert fresh is not None and fresh.digest != made.digest
    office.approve(fresh)
    office.write(fresh)
    with pytest.raises(Refused):
        office.write(made)
    assert len(list(office.outbound.iterdir())) == 1


def named_only(office: Office, made: SendingPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The power goes between naming the batch and making its file visible."""
    with monkeypatch.context() as patch:
        real = Path.replace

        def cut(self: Path, target: Path) -> Path:
            if self.parent == office.outbound and not target.name.startswith("."):
                raise KeyboardInterrupt
            return real(self, target)

        patch.setattr(Path, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            office.write(made)


def test_a_named_batch_that_was_never_seen_is_made_visible(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.record(11, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    named_only(office, made, monkeypatch)
    (line,) = [one for one in account_numbers(office.journal) if one.batch]
    assert line.place == number_account.NAMED
    office.write(made)
    assert [path.name for path in office.outbound.iterdir()] == [made.batches[0].file]


def test_a_batch_that_was_fetched_is_never_written_again(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.record(12, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    named_only(office, made, monkeypatch)
    # It became visible in the last moment, and the sender took it before anybody looked.
    next(office.outbound.glob(".*.part")).unlink()
    (again,) = office.write(made)
    assert again.again and list(office.outbound.iterdir()) == []
    (line,) = [one for one in account_numbers(office.journal) if one.batch]
    assert line.place == number_account.SENT_OUT


def test_missing_settings_are_told_before_anything_happens(office: Office, tmp_path: Path) -> None:
    office.record(13, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    office.outbound.rename(tmp_path / "gone")
    with refused("exchange-folder-missing", BadSettings):
        office.write(made)
    (tmp_path / "gone").rename(office.settings(AceSettings).outbound or tmp_path)
    assert office.settings(AceSettings).password_file
    office.settings(AceSettings).password_file.write_text("much too long")
    with refused("ace-password-invalid", BadSettings):
        office.write(made)
    assert not list(office.journal.events(kind="batch."))


def test_a_plan_whose_content_was_altered_is_refused(office: Office, tmp_path: Path) -> None:
    office.record(14, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    office.book.content.path(made.batches[0].content).write_bytes(b"A")
    with refused("content-altered", ContentMissing):
        office.write(made)
    assert list(office.outbound.iterdir()) == []


def test_signing_waits_until_everything_has_its_place(office: Office, tmp_path: Path) -> None:
    held = desks.issue(office.journal, office.settings, "air", 1)
    (sent,) = office.record(15, 1, tmp_path)
    (closed,) = office.record(16, 1, tmp_path, paper_outcome="refused", release_date=None)
    sign = (office.journal, office.book.content, office.settings, "bo")
    with refused("numbers-unaccounted-for", Unaccounted) as caught:
        sign_final_accounting(*sign)
    assert caught.values["numbers"] == held
    from tasks.entries.events import NumbersVoided

    void = NumbersVoided(numbers=held, reason="unused", persons=["ada", "bo"])
    office.journal.append(void, "numbers/ABC", "ada")
    with refused("entries-not-settled", Unaccounted) as caught:
        sign_final_accounting(*sign)
    assert caught.values["numbers"] == [sent]
    done = (office.house, [sent], "in ACE by portal", b"a report", "bo")
    with refused("entry-not-in-ace"):
        settle_by_proof(*done)
    with pytest.raises(NotApproved):
        settle_by_proof(*done, not_in_ace=True)
    office.approve_last()
    settle_by_proof(*done, not_in_ace=True)
    with pytest.raises(NotApproved):
        sign_final_accounting(*sign)
    office.approve_last()
    signed = sign_final_accounting(*sign)
    assert signed.numbers == len(account_numbers(office.journal))
    places = {line.number: line.place for line in account_numbers(office.journal)}
    assert places[closed] == number_account.SETTLED
    assert verify_journal(office.journal, office.book.content).ok


def test_a_plan_of_which_one_batch_is_written_is_not_done(office: Office, tmp_path: Path) -> None:
    office.record(17, 9, tmp_path)
    made = office.plan()
    assert made is not None and len(made.batches) > 1
    office.approve(made)
    content = office.book.content
    assert [one.digest for one in approved_plans(office.journal, content, 2)] == [made.digest]
    batch = made.batches[0]
    from tasks.reconciliation.events import BatchNamed, BatchWritten

    named = BatchNamed(
        batch=batch.batch, application="SE", plan=made.digest, content=batch.content,
        file=batch.file, numbers=list(batch.numbers),
    )  # fmt: skip
    office.journal.append(named, "x", "bo", key=f"batch:{batch.batch}")
    done = BatchWritten(batch=batch.batch, file=batch.file, size=1)
    office.journal.append(done, "x", "bo", key=f"written:{batch.batch}")
    assert [one.digest for one in approved_plans(office.journal, content, 2)] == [made.digest]
    office.write(made)
    assert list(approved_plans(office.journal, content, 2)) == []


def test_an_approved_plan_that_is_out_of_date_is_dropped(office: Office, tmp_path: Path) -> None:
    (number,) = office.record(18, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    changed = desks.with_values(desks.filled(18, [number], "truck"), remarks="new")
    desks.hand_in(office.book, desks.workbook(tmp_path, "new.xlsx", "truck", changed))
    written, dropped = write_approved(office.house, "bo")
    assert written == [] and f"{number} changed" in dropped[made.digest]
    assert list(approved_plans(office.journal, office.book.content, 2)) == []
    assert write_approved(office.house, "bo") == ([], {})
    fresh = office.plan()
    assert fresh is not None and fresh.digest != made.digest


def settled_by_hand(office: Office, number: str) -> None:
    done = (office.house, [number], "by the portal", b"proof", "bo")
    with pytest.raises(NotApproved):
        settle_by_proof(*done, not_in_ace=True)
    office.approve_last()
    settle_by_proof(*done, not_in_ace=True)


def test_an_entry_settled_after_the_approval_takes_the_plan_with_it(office: Office, tmp_path: Path) -> None:
    first, second = office.record(19, 2, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    settled_by_hand(office, first)
    written, dropped = write_approved(office.house, "bo")
    assert written == [] and f"{first} is settled" in dropped[made.digest]
    fresh = office.plan()
    assert fresh is not None and fresh.numbers == [second]
    office.approve(fresh)
    written, dropped = write_approved(office.house, "bo")
    assert len(written) == 1 and not dropped
    assert verify_journal(office.journal, office.book.content).ok


def test_a_named_batch_that_was_never_seen_is_withdrawn_with_its_entry(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = office.record(20, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    named_only(office, made, monkeypatch)
    settled_by_hand(office, first)
    write_approved(office.house, "bo")
    assert list(office.outbound.iterdir()) == []
    assert write_approved(office.house, "bo") == ([], {})
    assert verify_journal(office.journal, office.book.content).ok
    lines = {line.number: line.place for line in account_numbers(office.journal)}
    assert lines[first] == number_account.SETTLED


def test_a_drill_sends_nothing_outside_its_home(tmp_path) -> None:
    from tasks.drill.sample_brokerage import make_sample_home
    from tasks.opening import open_journal
    from tasks.reconciliation.sending.batch_writing import outbound_folder

    settings = make_sample_home(tmp_path / "home", "mlopez").settings
    book = open_journal(settings)
    with outbound_folder(settings, book) as folder:
        assert folder.label.endswith("outbound")
    for place in (tmp_path, "smb://server/share/ace"):
        elsewhere = settings(AceSettings).model_copy(update={"outbound": place})
        moved = settings.model_copy(update={"ace": elsewhere})
        with refused("drill-folder-outside-home"), outbound_folder(moved, book):
            pass
    book.close()


def test_what_a_revoked_person_approved_waits_for_another(office: Office, tmp_path: Path) -> None:
    office.record(21, 2, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    revoke_person(office.journal, office.settings.home, "ada", "left", "it")
    assert write_approved(office.house, "bo") == ([], {})
    with refused("approval-needed-again", NotApproved) as caught:
        office.write(made)
    assert caught.values["revoked"] == "ada"
    assert list(office.outbound.iterdir()) == []
    assert office.plan() == made
    assert [one.plan for one in current_approvals(office.journal, 2)] == [made.digest]
    revoke_person(office.journal, office.settings.home, "bo", "left too", "it")
    with refused("person-revoked"):
        write_approved(office.house, "bo")


def test_a_hidden_batch_is_withdrawn_when_its_approver_is_revoked(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.record(22, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    named_only(office, made, monkeypatch)
    revoke_person(office.journal, office.settings.home, "ada", "left", "it")
    assert write_approved(office.house, "bo") == ([], {})
    assert list(office.outbound.iterdir()) == []
    (verdict,) = [verdict for _, verdict in entry_decisions(office.house)]
    assert verdict.step == "ask ACE" and current_approvals(office.journal, 2) == []
    assert verify_journal(office.journal, office.book.content).ok


def test_a_written_plan_does_not_wait_again_when_its_approver_leaves(office: Office, tmp_path: Path) -> None:
    office.record(23, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    office.write(made)
    revoke_person(office.journal, office.settings.home, "ada", "left", "it")
    assert current_approvals(office.journal, 2) == []


def test_of_two_desks_at_once_the_slower_shows_nothing_again(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender fetches the file of the quicker one before the slower one has written its own."""
    office.record(24, 1, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    real, fetched = final_bytes, []

    def slow(*given: object) -> bytes:
        if not fetched:
            fetched.append(made.batches[0].file)
            office.write(made)
            (office.outbound / made.batches[0].file).unlink()
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(batch_writing, "final_bytes", slow)
    (again,) = office.write(made)
    assert again.again and list(office.outbound.iterdir()) == []
    assert verify_journal(office.journal, office.book.content).ok


def test_batch_settle_and_sign_off_answer_in_json_alone(office: Office, tmp_path: Path, continuity) -> None:
    (number,) = office.record(25, 1, tmp_path)
    code, out, err = continuity("ace", "batch", "--json", by="bo")
    told = json.loads(out)
    assert code == 1 and told["written"] == [] and told["waiting"]["plan"][:12] in err
    office.approve_last()
    code, out, _ = continuity("ace", "batch", "--json", by="bo")
    assert code == 0 and [row["when"] for row in json.loads(out)["written"]] == ["now"]
    code, out, _ = continuity("ace", "batch", "--json", by="bo")
    assert code == 0 and json.loads(out)["waiting"] is None
    proof = tmp_path / "proof.txt"
    proof.write_text("seen in the portal")
    settle_ = ("reconcile", "settle", number, "--how", "by portal", "--proof", str(proof),
               "--not-in-ace", "--json")  # fmt: skip
    for command, told in ((settle_, "settled"), (("reconcile", "sign-off", "--json"), "signed")):
        code, out, err = continuity(*command, by="bo")
        waits = json.loads(out)
        assert code == 1 and waits["waiting"][:12] in err
        office.approve_last()
        code, out, _ = continuity(*command, by="bo")
        assert code == 0 and json.loads(out)[told]


def test_a_file_that_somebody_edited_or_renamed_is_told(office: Office, tmp_path: Path) -> None:
    office.record(26, 3, tmp_path)
    made = office.plan()
    assert made is not None
    office.approve(made)
    edited, renamed, *_ = [Path(one.where) for one in office.write(made)]
    assert tampered_files(office.house) == {}
    edited.write_bytes(edited.read_bytes().replace(b"SE10A", b"SE10R", 1))
    renamed.rename(office.outbound / "copy.abi")
    (office.outbound / "of-production.abi").write_bytes(b"A")
    found = tampered_files(office.house)
    assert set(found) == {edited.name, "copy.abi"}
    assert "not-received" in found[edited.name] and renamed.name in found["copy.abi"]
