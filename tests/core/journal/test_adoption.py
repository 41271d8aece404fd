"""A copy of the journal that comes back: what adoption takes, and what it only lists."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.errors import JournalBroken
from tasks.core.journal.bodies import Body, body_types, canonical, write_body
from tasks.core.journal.copies import (
    EVENTS_FILE,
    HEAD_FILE,
    adopt_copy,
    copy_signer,
    event_line,
    export_journal,
    read_copy,
)
from tasks.core.journal.events import JournalAdopted
from tasks.core.journal.journal import Event, Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.signatures import key_id
from tasks.entries.events import EntriesRecorded, EntryLine, EntrySettled
from tasks.entries.tables import NUMBERS, SENT
from tasks.incident.events import ContactChecked
from tasks.opening import continue_home, open_journal
from tasks.reconciliation.events import AccountingSigned, BatchNamed, BatchNotReceived, BatchWritten
from tasks.security.approvals import all_approvals, ask_for_approval
from tasks.security.events import Act, ApprovalAsked, ApprovalGranted, PersonAdded, PersonRevoked
from tasks.security.host_keys import HostSigner, host_public_key
from tasks.security.people import add_person
from tasks.security.tables import GRANTS, PEOPLE
from tasks.transport.events import MailAnswered, MailQueued
from tasks.transport.tables import MAIL
from tests.conftest import SETTINGS
from tests.core.journal.test_journal import issued, reserved
from tests.errors import refused

NUMBER, OTHER = "ABC-0000001-0", "ABC-0000002-8"


class Laptop:
    """A second home that goes on from the office's copy."""

    def __init__(self, office: Journal, content: ContentStore, home: Path, top: Path) -> None:
        export_journal(office, content, HostSigner(home), top / "copy")
        settings, _ = continue_home(top / "laptop", SETTINGS, top / "copy", "laptop")
        self.home, self.back = settings.home, top / "back"
        self.journal, self.content = open_journal(settings), ContentStore(settings.content_path)

    def add(self, body: Body, subject: str, key: str | None = None) -> None:
        assert self.journal.append(body, subject, "laptop", key)

    def record(self, *numbers: str) -> None:
        digest = self.content.put(numbers[0].encode())
        rows = [EntryLine(number=number, digest=digest, entry_type="01", route="se_then_ae",
                                outcome="released", port="2704", importer="", complete=True)
                for number in numbers]  # fmt: skip
        body = EntriesRecorded(content=digest, source=digest, file="t.xlsx", desk="laptop",
                                     entries=rows)  # fmt: skip
        self.add(body, f"file/{digest[:12]}")

    def plan(self) -> str:
        return self.content.put(b"a plan of the laptop")

    def send(self, batch: str, *numbers: str) -> None:
        content = self.content.put(batch.encode())
        body = BatchNamed(batch=batch, application="SE", plan=self.plan(), content=content,
                                file=f"{batch}.txt", numbers=list(numbers))  # fmt: skip
        self.add(body, f"batch/{batch}", f"batch:{batch}")
        written = BatchWritten(batch=batch, file=f"{batch}.txt", size=9)
        self.add(written, f"batch/{batch}", f"written:{batch}")

    def export(self) -> Path:
        export_journal(self.journal, self.content, HostSigner(self.home), self.back)
        return self.back


@pytest.fixture
def office(journal: Journal) -> Journal:
    journal.append(reserved(), "numbers/ABC", "office")
    journal.append(issued(1, 5), "numbers/ABC", "office")
    add_person(journal, "ada", "Ada", "11111", ["approver"], "office")
    add_person(journal, "ben", "Ben", "", ["preparer"], "office")
    return journal


@pytest.fixture
def laptop(office: Journal, content: ContentStore, home: Path, tmp_path: Path) -> Laptop:
    return Laptop(office, content, home, tmp_path)


def listed(done) -> dict[str, str]:
    return {listed.event.kind: listed.rule.code for listed in done.listed if listed.rule.to_do}


def sent(journal: Journal) -> set[tuple[str, str, str]]:
    return {(row.number, row.batch, row.state) for row in journal.rows(sa.select(SENT))}


def test_every_type_of_event_declares_whether_it_is_taken() -> None:
    bodies = [body for body in body_types().values() if body.__module__.startswith("tasks.")]
    assert not [body for body in bodies if body.adoption is Body.adoption], "declare it in the type's events.py"
    families = {"person", "approval", "accounting", "hit", "backup", "journal"}
    assert {body.kind.partition(".")[0] for body in bodies if not body.adoption.code}.isdisjoint(families)


def test_a_type_that_declares_nothing_is_listed(
    laptop: Laptop, office: Journal, content: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop.record(NUMBER)
    monkeypatch.setattr(EntriesRecorded, "adoption", Body.adoption)
    done = adopt_copy(office, laptop.export(), content, "office")
    assert done.taken == () and "entries.recorded" in listed(done)


def resign(copy: Path, bodies: list[tuple[Body, str, str | None]]) -> None:
    """What the finder of a stick does: extend the chain, and sign the head with a fresh key."""
    events = read_copy(copy)
    for body, subject, key in bodies:
        last = events[-1]
        draft = Event(last.seq + 1, clock.text(), "ada", subject, body.kind, write_body(body), key,
                      last.digest, "")  # fmt: skip
        events.append(Event(**{**vars(draft), "digest": draft.computed()}))
    (copy / EVENTS_FILE).write_bytes(b"".join(event_line(event) for event in events))
    fresh, head = Ed25519PrivateKey.generate(), {"seq": events[-1].seq, "digest": events[-1].digest}
    signature = base64.b64encode(fresh.sign(canonical(head).encode())).decode()
    public = base64.b64encode(fresh.public_key().public_bytes_raw()).decode()
    (copy / HEAD_FILE).write_text(json.dumps({**head, "signature": signature, "public_key": public}))


def forged(copy: Path) -> str:
    """Approvals, people and settlements in the name of a real approver. The plan's digest."""
    store = ContentStore(copy / "content")
    plan, proof = store.put(b"EVIL PLAN"), store.put(b"EVIL PROOF")
    batch = store.put(b"EVIL BATCH")
    resign(copy, [
        (ApprovalAsked(plan=plan, act=Act.SEND_BATCHES, topic="batches", binds=[batch], preparer="ben"),
         f"plan/{plan}", f"approval-asked:{plan}"),
        (ApprovalGranted(plan=plan, binds=[batch], person="ada", licence="11111", sole=False),
         f"plan/{plan}", f"approval:{plan}:ada"),
        (PersonAdded(person="evil", name="Evil", licence="6", roles=["approver"]),
         "person/evil", "person:evil"),
        (PersonRevoked(person="ben", reason="left"), "person/ben", None),
        (EntrySettled(number=NUMBER, how="paper", proof=proof, approval=plan),
         f"entry/{NUMBER}", f"settled:{NUMBER}:9"),
        (AccountingSigned(accounting=proof, plan=plan, numbers=1), "accounting",
         f"signed:{plan}"),
    ])  # fmt: skip
    return plan


def test_approvals_and_people_of_a_copy_signed_with_a_fresh_key_are_listed_never_taken(
    laptop: Laptop, office: Journal, content: ContentStore
) -> None:
    laptop.record(NUMBER)
    plan = forged(laptop.export())
    before = office.rows(sa.select(PEOPLE))
    done = adopt_copy(office, laptop.back, content, "office")
    assert [event.kind for event in done.taken] == ["entries.recorded"]
    assert office.rows(sa.select(PEOPLE)) == before
    assert all_approvals(office) == [] and office.rows(sa.select(GRANTS)) == []
    state = sa.select(NUMBERS.c.state).where(NUMBERS.c.number == NUMBER)
    assert [row.state for row in office.rows(state)] == ["recorded"]
    assert listed(done) == {
        "approval.asked": "approval-bound-elsewhere", "approval.granted": "approval-bound-elsewhere",
        "person.added": "rights-belong-to-home", "person.revoked": "rights-belong-to-home",
        "entry.settled": "place-rests-on-approval",
        "accounting.signed": "signature-rests-on-approval",
    }  # fmt: skip
    # this home can still ask, approve and add under the very keys that the copy used
    assert ask_for_approval(office, plan, Act.SEND_BATCHES, [], "ben")
    add_person(office, "evil", "Evan Ill", "", ["preparer"], "office")
    assert verify_journal(office, content).ok


def test_what_is_listed_stays_in_the_stored_copy_by_its_digest(
    laptop: Laptop, office: Journal, content: ContentStore
) -> None:
    forged(laptop.export())
    done = adopt_copy(office, laptop.back, content, "office")
    note = next(event.said for event in office.events(kind="journal.adopted"))
    assert isinstance(note, JournalAdopted)
    stored = [json.loads(row) for row in content.get(note.content).splitlines()]
    assert set(note.listed) <= {row["digest"] for row in stored}
    assert {one.event.digest for one in done.listed} == set(note.listed)
    assert any("EVIL" in content.get(json.loads(row["body"])["plan"]).decode()
               for row in stored if row["kind"] == "approval.granted")  # fmt: skip
    before = office.head()
    again = adopt_copy(office, laptop.back, content, "office")
    assert office.head() == before and len(again.listed) == len(done.listed)


def test_what_the_laptop_sent_counts_as_sent_and_its_approval_is_given_anew(
    laptop: Laptop, office: Journal, content: ContentStore
) -> None:
    laptop.record(NUMBER, OTHER)
    plan = laptop.plan()
    ask_for_approval(laptop.journal, plan, Act.SEND_BATCHES, [], "ben")
    granted = ApprovalGranted(plan=plan, binds=[], person="ada", licence="1", sole=False)
    laptop.add(granted, f"plan/{plan}", f"approval:{plan}:ada")
    laptop.send("B1", NUMBER)
    done = adopt_copy(office, laptop.export(), content, "office")
    kinds_taken = [event.kind for event in done.taken]
    assert kinds_taken == ["entries.recorded", "batch.named", "batch.written"]
    assert sent(office) == {(NUMBER, "B1", "waiting")}
    assert all_approvals(office) == []
    assert set(listed(done)) == {"approval.asked", "approval.granted"}
    assert verify_journal(office, content).ok


def test_a_word_that_ace_got_nothing_is_taken_only_with_the_batch_that_went_instead(
    laptop: Laptop, office: Journal, content: ContentStore
) -> None:
    laptop.record(NUMBER, OTHER)
    laptop.send("B1", NUMBER)
    laptop.send("B2", OTHER)
    for batch in ("B1", "B2"):
        lost = BatchNotReceived(batch=batch, reason="never arrived", proof="", approval="")
        laptop.add(lost, f"batch/{batch}", f"not received:{batch}")
    laptop.send("B3", NUMBER)
    done = adopt_copy(office, laptop.export(), content, "office")
    assert done.conflicts == ()
    assert sent(office) == {(NUMBER, "B3", "waiting"), (OTHER, "B2", "waiting")}, "none may go again"
    assert [one.event.subject for one in done.listed if one.rule.to_do] == ["batch/B2"]


def test_a_letter_that_waited_there_does_not_go_out_from_here(
    laptop: Laptop, office: Journal, content: ContentStore
) -> None:
    letter = laptop.content.put(b"Dear agency")
    for mail in ("went", "waits"):
        queued = MailQueued(mail=mail, title="t", to=["x@example.com"], content=letter)
        laptop.add(queued, f"mail/{mail}", f"mail.queued:{mail}")
    answered = MailAnswered(mail="went", attempt=1, accepted=["x@example.com"], refused={},
                                  waiting=[])  # fmt: skip
    laptop.add(answered, "mail/went")
    half = MailAnswered(mail="waits", attempt=1, accepted=[], refused={}, waiting=["x"])
    laptop.add(half, "mail/waits")
    done = adopt_copy(office, laptop.export(), content, "office")
    assert [(row.mail, row.waiting) for row in office.rows(sa.select(MAIL))] == [("went", "[]")]
    assert listed(done) == {"mail.queued": "letter-was-waiting", "mail.answered": "letter-was-waiting"}


def test_no_event_stands_in_the_way_of_an_approval_by_its_key(
    laptop: Laptop, office: Journal, content: ContentStore
) -> None:
    tried = ContactChecked(contact="cbp", digest="0" * 64, on="2026-11-24", works=True, how="")
    laptop.add(tried, "contact/cbp", f"approval:{'a' * 64}:ada")
    done = adopt_copy(office, laptop.export(), content, "office")
    assert done.taken == () and not office.holds(f"approval:{'a' * 64}:ada")
    assert listed(done) == {"contact.checked": "key-of-listed-event"}


def test_a_fact_that_does_not_fit_is_a_conflict_and_no_crash(
    laptop: Laptop, office: Journal, content: ContentStore
) -> None:
    resign(laptop.export(), [
        (MailAnswered(mail="nobody's", attempt=1, accepted=[], refused={}, waiting=[]), "m", None),
    ])  # fmt: skip
    with refused("journal-events-conflict", JournalBroken) as caught:
        adopt_copy(office, laptop.back, content, "office")
    assert [problem.column for problem in caught.problems] == ["mail.answered"]
    assert adopt_copy(office, laptop.back, content, "office", leave_conflicts=True).taken == ()


@pytest.mark.parametrize("take", ["read", "continue", "adopt"])
def test_the_signer_is_checked_on_every_way_in(
    laptop: Laptop, office: Journal, content: ContentStore, tmp_path: Path, take: str
) -> None:
    copy = laptop.export()
    genuine = copy_signer(copy)
    assert genuine == key_id(host_public_key(laptop.home))
    evil = PersonAdded(person="evil", name="Evil", licence="6", roles=["approver"])
    resign(copy, [(evil, "person/evil", "person:evil")])
    ways: dict[str, Callable[[str], object]] = {
        "read": lambda signed_by: read_copy(copy, signed_by),
        "continue": lambda signed_by: continue_home(tmp_path / "third", SETTINGS, copy, "it", signed_by),
        "adopt": lambda signed_by: adopt_copy(office, copy, content, "it", signed_by=signed_by),
    }
    before = office.head()
    with pytest.raises(JournalBroken) as caught:
        ways[take](genuine)
    assert genuine in caught.value.values.values()
    assert office.head() == before and not (tmp_path / "third" / "continuity.toml").exists()
    assert ways[take](f" {copy_signer(copy).upper()} ")
