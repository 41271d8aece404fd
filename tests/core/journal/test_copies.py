from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, ContentMissing, JournalBroken
from tasks.core.journal.copies import EVENTS_FILE, HEAD_FILE, adopt_copy, export_journal, last_events, read_copy
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.entries.events import EntriesRecorded, EntryLine
from tasks.entries.tables import ENTRIES, NUMBERS
from tasks.incident.events import NoticeSent
from tasks.incident.letters.letter_events import DocumentAttached
from tasks.opening import continue_home, make_home, open_journal
from tasks.security.events import Act, ApprovalAsked
from tasks.security.host_keys import HostSigner
from tests.conftest import SETTINGS
from tests.core.journal.test_journal import issued, reserved
from tests.errors import refused


@pytest.fixture
def office(journal: Journal, content: ContentStore) -> Journal:
    """The office's book: a reserve, and a plan whose content it names."""
    journal.append(reserved(), "numbers/ABC", "office")
    plan = content.put(b"a plan")
    asked = ApprovalAsked(plan=plan, act=Act.SEND_BATCHES, topic=plan, binds=[], preparer="jo")
    journal.append(asked, f"plan/{plan}", "jo")
    return journal


def clean_laptop(copy: Path, tmp_path: Path) -> tuple[Journal, ContentStore]:
    settings, _ = continue_home(tmp_path / "laptop", SETTINGS, copy, "laptop")
    return open_journal(settings), ContentStore(settings.content_path)


def test_a_copy_reads_back_event_for_event(office: Journal, content: ContentStore, home: Path, tmp_path: Path) -> None:
    head = export_journal(office, content, HostSigner(home), tmp_path / "copy")
    assert read_copy(tmp_path / "copy") == list(office.events())
    assert head == office.head()


def test_a_laptop_goes_on_with_the_chain(office: Journal, content: ContentStore, home: Path, tmp_path: Path) -> None:
    export_journal(office, content, HostSigner(home), tmp_path / "copy")
    laptop, its_content = clean_laptop(tmp_path / "copy", tmp_path)
    laptop.append(issued(1, 5), "numbers/ABC", "laptop")
    kinds_seen = [event.kind for event in last_events(laptop, 2)]
    assert kinds_seen == ["journal.continued", "numbers.issued"]
    assert verify_journal(laptop, its_content).ok


def cut_tail(copy: Path) -> None:
    lines = (copy / EVENTS_FILE).read_bytes().splitlines(keepends=True)
    (copy / EVENTS_FILE).write_bytes(b"".join(lines[:-1]))


def altered_event(copy: Path) -> None:
    data = (copy / EVENTS_FILE).read_bytes()
    (copy / EVENTS_FILE).write_bytes(data.replace(b"office", b"crook!", 1))


def forged_head(copy: Path) -> None:
    cut_tail(copy)
    last = json.loads((copy / EVENTS_FILE).read_bytes().splitlines()[-1])
    head = json.loads((copy / HEAD_FILE).read_bytes())
    head |= {"seq": last["seq"], "digest": last["digest"]}
    (copy / HEAD_FILE).write_text(json.dumps(head))


@pytest.mark.parametrize("damage", [cut_tail, altered_event, forged_head])
def test_a_damaged_copy_is_refused(office: Journal, content: ContentStore, home: Path, tmp_path: Path, damage) -> None:
    export_journal(office, content, HostSigner(home), tmp_path / "copy")
    damage(tmp_path / "copy")
    with pytest.raises(JournalBroken):
        read_copy(tmp_path / "copy")


def test_a_copy_without_its_content_is_refused(
    office: Journal, content: ContentStore, home: Path, tmp_path: Path
) -> None:
    export_journal(office, content, HostSigner(home), tmp_path / "copy")
    for file in (tmp_path / "copy" / "content").rglob("*"):
        if file.is_file():
            file.unlink()
    with pytest.raises(ContentMissing):
        clean_laptop(tmp_path / "copy", tmp_path)


def test_what_is_no_copy_is_named(tmp_path: Path) -> None:
    with refused("journal-copy-incomplete", BadInput) as caught:
        read_copy(tmp_path)
    assert Path(caught.values["filename"]).name == "journal.jsonl"


def test_the_office_adopts_what_the_laptop_wrote(
    office: Journal, content: ContentStore, home: Path, tmp_path: Path
) -> None:
    export_journal(office, content, HostSigner(home), tmp_path / "copy")
    laptop, its_content = clean_laptop(tmp_path / "copy", tmp_path)
    laptop.append(issued(1, 5, "laptop"), "numbers/ABC", "laptop")
    export_journal(laptop, its_content, HostSigner(tmp_path / "laptop"), tmp_path / "back")
    done = adopt_copy(office, tmp_path / "back", content, "office")
    assert [event.kind for event in done.taken] == ["numbers.issued"]
    adopted = next(event for event in office.events(kind="numbers.issued"))
    assert adopted.said.origin is not None and adopted.actor == "laptop"
    assert verify_journal(office, content).ok
    before = office.head()
    assert adopt_copy(office, tmp_path / "back", content, "office").taken == ()
    assert office.head() == before


def test_numbers_that_both_books_issued_are_named(
    office: Journal, content: ContentStore, home: Path, tmp_path: Path
) -> None:
    export_journal(office, content, HostSigner(home), tmp_path / "copy")
    laptop, its_content = clean_laptop(tmp_path / "copy", tmp_path)
    laptop.append(issued(1, 5, "laptop"), "numbers/ABC", "laptop")
    laptop.append(issued(50, 55, "laptop"), "numbers/ABC", "laptop")
    office.append(issued(4, 9, "office"), "numbers/ABC", "office")
    export_journal(laptop, its_content, HostSigner(tmp_path / "laptop"), tmp_path / "back")
    before = office.head()
    with refused("journal-events-conflict", JournalBroken) as caught:
        adopt_copy(office, tmp_path / "back", content, "office")
    assert office.head() == before
    assert [(one.value, one.code) for one in caught.problems] == [
        ("ABC-0000004-4", "number-not-free-here"), ("ABC-0000005-1", "number-not-free-here"),
    ]  # fmt: skip
    assert caught.problems[0].values == {"state": "issued", "desk": "office", "there": "laptop"}
    done = adopt_copy(office, tmp_path / "back", content, "office", leave_conflicts=True)
    assert len(done.taken) == 2 and len(done.conflicts) == 2
    desks = {row.serial: row.desk for row in office.rows(sa.select(NUMBERS))}
    assert [desks[n] for n in (1, 3, 4, 9, 50, 55)] == [
        "laptop", "laptop", "office", "office", "laptop", "laptop",
    ]  # fmt: skip
    assert verify_journal(office, content).ok
    again = adopt_copy(office, tmp_path / "back", content, "office", leave_conflicts=True)
    assert again.taken == () and [one.value for one in again.conflicts] == [
        "ABC-0000004-4", "ABC-0000005-1",
    ]  # fmt: skip


def test_an_entry_under_a_number_that_both_issued_waits_for_a_person(
    office: Journal, content: ContentStore, home: Path, tmp_path: Path
) -> None:
    export_journal(office, content, HostSigner(home), tmp_path / "copy")
    laptop, its_content = clean_laptop(tmp_path / "copy", tmp_path)
    laptop.append(issued(1, 5, "laptop"), "numbers/ABC", "laptop")
    office.append(issued(5, 9, "office"), "numbers/ABC", "office")
    for numbers in (["ABC-0000001-0"], ["ABC-0000002-8", "ABC-0000005-1"]):
        digest = its_content.put(numbers[0].encode())
        lines = [EntryLine(number=number, digest=digest, entry_type="01", route="se_then_ae",
                                 outcome="released", port="2704", importer="", complete=True)
                 for number in numbers]  # fmt: skip
        body = EntriesRecorded(content=digest, source=digest, file=f"{numbers[0]}.xlsx",
                                     desk="laptop", entries=lines)  # fmt: skip
        laptop.append(body, f"file/{digest[:12]}", "laptop")
    paper = its_content.put(b"%PDF")
    invoice = DocumentAttached(number="ABC-0000005-1", reference="R", document="Invoice", file="i.pdf",
                                     content=paper, size=4, media="application/pdf", pages=1)  # fmt: skip
    laptop.append(invoice, "entry/ABC-0000005-1", "laptop")
    export_journal(laptop, its_content, HostSigner(tmp_path / "laptop"), tmp_path / "back")
    done = adopt_copy(office, tmp_path / "back", content, "office", leave_conflicts=True)
    assert [event.kind for event in done.taken] == ["numbers.issued", *["entries.recorded"] * 2]
    kept = {row.number for row in office.rows(sa.select(ENTRIES.c.number))}
    assert kept == {"ABC-0000001-0", "ABC-0000002-8"}, "the file's other entry is not lost"
    assert adopt_copy(office, tmp_path / "back", content, "office", leave_conflicts=True).taken == ()
    assert [(one.column, one.value, one.code) for one in done.conflicts] == [
        ("numbers.issued", "ABC-0000005-1", "number-not-free-here"),
        ("entries.recorded", "ABC-0000005-1", "number-issued-twice"),
        ("document.attached", "ABC-0000005-1", "number-issued-twice"),
    ]
    (adopted,) = office.events(kind="journal.adopted")
    stored = [(one.code, one.subject) for one in adopted.said.conflicts]  # type: ignore[attr-defined]
    assert stored == [(one.code, one.value) for one in done.conflicts]
    assert verify_journal(office, content).ok


def test_what_two_laptops_told_once_each_is_named(
    office: Journal, content: ContentStore, home: Path, tmp_path: Path
) -> None:
    """Both declared the incident and telephoned CBP: the second call's reference was dropped in silence."""
    export_journal(office, content, HostSigner(home), tmp_path / "copy")
    for name in ("one", "two"):
        laptop, its_content = clean_laptop(tmp_path / "copy", tmp_path / name)
        sent = NoticeSent(notice="n", happened="2026-11-24T13:00:00.000000Z", how="call",
                                reference=f"REF-{name}")  # fmt: skip
        laptop.append(sent, "notice/n", "jo", "notice.sent:n")
        export_journal(laptop, its_content, HostSigner(tmp_path / name / "laptop"), tmp_path / name / "back")
    first = adopt_copy(office, tmp_path / "one" / "back", content, "it")
    assert len(first.taken) == 1 and not first.unlike
    again = adopt_copy(office, tmp_path / "one" / "back", content, "it")
    assert not again.taken and not again.unlike, "its own words, with their origin"
    second = adopt_copy(office, tmp_path / "two" / "back", content, "it")
    (problem,) = second.unlike
    assert not second.taken and problem.code == "event-told-otherwise"
    assert problem.values["actor"] == "jo" and "REF-two" in str(problem.values["body"])


def test_a_strangers_book_is_refused(office: Journal, content: ContentStore, tmp_path: Path) -> None:
    other = make_home(tmp_path / "other", SETTINGS, "stranger")
    theirs = open_journal(other)
    export_journal(theirs, ContentStore(other.content_path), HostSigner(other.home), tmp_path / "copy")
    with refused("journals-unrelated", BadInput):
        adopt_copy(office, tmp_path / "copy", content, "office")
