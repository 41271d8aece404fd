"""The evidence pack: whole and by whom, with the public key alone; every kind of tampering shows."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from tasks import opening
from tasks.backup.events import BackupProved
from tasks.core import clock
from tasks.core.errors import BadInput, ContinuityError, JournalBroken, Refused
from tasks.core.files import digest_of
from tasks.core.signatures import key_id
from tasks.duties.events import DutyFulfilled, ScanCounts
from tasks.entries.events import EntriesRecorded, EntryLine
from tasks.incident.events import EvidenceAttached, EvidenceBuilt, WorkLine, WorkTaken
from tasks.incident.evidence.pack_builder import build_pack
from tasks.incident.evidence.pack_verifier import public_key, verify
from tasks.incident.evidence.remediation_checklist import attach_evidence, checklist_state, waive_item
from tasks.incident.notices import notice_records
from tasks.incident.notices.notice_plan import load_notice_plan
from tasks.incident.timeline import closing
from tasks.incident.timeline.incident_state import (
    StepDetails,
    declare_incident,
    find_incident,
    record_breach,
    require_incident,
    take_step,
)
from tasks.incident.timeline.listing_rows import incident_tables
from tasks.incident.timeline.open_work import OpenWorkAct, close_items
from tasks.security.host_keys import host_public_key
from tasks.security.manifest import MANIFEST_FILE, write_manifest
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.errors import refused
from tests.incident.conftest import MORNING
from tests.incident.notice_helpers import mailed
from tests.incident.world import PROVED, declared, signed, through

MANUAL = ("cause", "scope", "clean-build", "credentials", "second-factor", "monitoring",
          "attestation")  # fmt: skip


def proofs(office: Workspace, folder: Path) -> None:
    """Files for the items that nobody but a person can show."""
    folder.mkdir(exist_ok=True)
    for name in MANUAL:
        path = folder / f"Bericht über {name} (final).pdf"
        path.write_bytes(f"%PDF {name}: what the examiner saw, did and says of it, signed".encode() + b"." * 40)
        attach_evidence(office, name, [path], f"examiner's report of {name}", "ada")


def by_itself(office: Workspace) -> None:
    """What the house writes of its own: a proved restore, a scan report, the agreement, a notice."""
    proved = BackupProved(repository="r", host="desk1", sequence=7, manifest="m", proof="",
                                drill="drill1", scope="whole", files=1234, bytes=1, seconds=1.0,
                                restored_at="x")  # fmt: skip
    office.journal.append(proved, "backup/desk1:7", "drill1")
    scan = ScanCounts(format="sarif", tool="scanner", open={"critical": 0}, oldest={})
    common = {"item": "", "term": "2026", "on": "2026-11-24", "until": "", "facts": {}}
    done = DutyFulfilled(duty="scan", proof=office.content.put(b"{}"), file="scan.sarif", statement="",
                               scan=scan, **common)  # fmt: skip
    office.journal.append(done, "duty/scan", "it")
    isa = DutyFulfilled(duty="isa", proof="", file="", statement="nothing changed", **common)
    office.journal.append(isa, "duty/isa", "it")
    found = load_notice_plan(office.settings.home)
    incident = require_incident(office.journal.rows)
    to = notice_records.recipients(office, found.notice("breach"))
    (made,) = notice_records.draft(office, incident, found.notice("breach"), to, "ada", found)
    mailed(office, made.notice)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Path]]:
    """A house in an incident and its pack, made once: a pack is fonts and PDF."""
    top = tmp_path_factory.mktemp("built")
    house = opening.make_home(top / "home", SETTINGS, "tests")
    made = Workspace(house)
    with clock.held(MORNING):
        declared(made, MORNING)
        proofs(made, top / "proofs")
        by_itself(made)
        through(made, "remediating", "remediated")
        build_pack(made, require_incident(made.journal.rows), top / "pack", "ada")
    yield made, top / "pack"
    made.journal.close()


@pytest.fixture
def owner(built: tuple[Workspace, Path]) -> Workspace:
    return built[0]


@pytest.fixture
def pack(built: tuple[Workspace, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(built[1], tmp_path / "pack"))


def own_key(office: Workspace) -> bytes:
    return host_public_key(office.settings.home)


def test_a_pack_is_whole_and_by_whom(owner: Workspace, pack: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.move(pack, tmp_path / "at CBP"))
    key = public_key(str(elsewhere / "public-key.txt"))
    assert key == own_key(owner) == public_key(base64.b64encode(key).decode())
    found = verify(elsewhere, key)
    assert found.ok and found.key == key_id(key) and found.seq == owner.journal.head().seq - 1
    assert verify(elsewhere, key, owner.journal).ok
    listed = json.loads((elsewhere / "evidence.json").read_text(encoding="utf-8"))
    files = [one for item in listed["items"] for one in item["files"]]
    assert len(files) == 8 and all((elsewhere / one["name"]).is_file() for one in files)
    assert files[0]["origin"] == "examiner's report of cause" and files[0]["given_as"].startswith("Bericht über")
    assert not any(item["open"] for item in listed["items"])
    (built,) = owner.journal.events(kind="evidence.built")
    assert isinstance(built.said, EvidenceBuilt)
    assert built.said.manifest == digest_of(elsewhere / MANIFEST_FILE)
    text = " ".join(one.extract_text() for one in PdfReader(elsewhere / "cover.pdf").pages)
    assert "desk1" in text and "1,234" in text and key_id(key) in text
    states = {item["id"]: item["state"] for item in listed["items"]}
    assert set(states.values()) == {"proved"} and states["cause"] == "proved"


def test_what_lacks_is_named(office: Workspace, morning: datetime, tmp_path: Path) -> None:
    incident = declared(office, morning)
    with refused("evidence-items-missing", Refused):
        build_pack(office, incident, tmp_path / "out", "ada")
    waive_item(office, "clean-build", "nothing was rebuilt", "ada")
    build_pack(office, incident, tmp_path / "out", "ada", incomplete=True)
    text = PdfReader(io.BytesIO((tmp_path / "out" / "cover.pdf").read_bytes())).pages[0].extract_text()
    assert "nothing was rebuilt" in " ".join(text.split())
    listed = json.loads((tmp_path / "out" / "evidence.json").read_text(encoding="utf-8"))
    states = {item["id"]: item["state"] for item in listed["items"]}
    assert states["clean-build"] == "waived" and states["cause"] == "missing"
    (built,) = office.journal.events(kind="evidence.built")
    assert isinstance(built.said, EvidenceBuilt) and "cause" in built.said.open
    with refused("pack-folder-not-empty", Refused):
        build_pack(office, incident, tmp_path / "out", "ada", incomplete=True)
    with refused("checklist-item-unknown", BadInput):
        attach_evidence(office, "luck", [], "", "ada")


def test_what_was_before_the_incident_proves_nothing(office: Workspace, morning: datetime) -> None:
    declared(office, morning)
    by_itself(office)
    through(office, "remediating", "remediated", "evidence_submitted", "reconnected", "keying_backlog")
    signed(office)
    through(office, "reconciled")
    closing.close(office, StepDetails(note="no export"), "ada")
    second = declare_incident(office, StepDetails(), "ada", breach=None)[0]
    open_ = {one.item.id for one in checklist_state(office, second) if one.is_open}
    assert {"restore-proof", "scans", "isa", "notices"} <= open_ and "journal" not in open_


def altered(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def one_file(pack: Path, number: int = 0) -> Path:
    return sorted((pack / "files").iterdir())[number]


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of a file": (lambda p: altered(one_file(p), lambda d: d[:-1] + b"x"), "files/"),
    "two files swapped": (lambda p: swap(one_file(p), one_file(p, 1)), "files/"),
    "a file gone": (lambda p: one_file(p).unlink(), "files/"),
    "a file more": (lambda p: (p / "files" / "more.pdf").write_bytes(b"x"), "files/more.pdf"),
    "the cover": (lambda p: altered(p / "cover.pdf", lambda d: d + b" "), "cover.pdf"),
    "an event gone": (lambda p: altered(p / "events.jsonl", lambda d: d.split(b"\n", 1)[1]), "events.jsonl"),
    "an event's words": (
        lambda p: altered(p / "events.jsonl", lambda d: d.replace(b"remediated", b"remediatea", 1)),
        "events.jsonl",
    ),
}  # fmt: skip


def swap(first: Path, second: Path) -> None:
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_pack_shows(owner: Workspace, pack: Path, name: str) -> None:
    tamper, file = TAMPERED[name]
    tamper(pack)
    found = verify(pack, own_key(owner))
    assert not found.ok and all(problem.file.startswith(file) for problem in found.problems)
    if name == "an event's words":
        assert "pack-event-digest-mismatch" in {problem.code for problem in found.problems}


def test_a_file_that_is_gone_is_named_once(owner: Workspace, pack: Path) -> None:
    (gone := one_file(pack)).unlink()
    (problem,) = verify(pack, own_key(owner)).problems
    assert problem.file.endswith(gone.name)


@pytest.mark.parametrize("name", ["head.json", "events.jsonl", "evidence.json"])
def test_a_missing_part_of_the_pack_is_named(owner: Workspace, pack: Path, name: str) -> None:
    (pack / name).unlink()
    with refused("evidence-pack-incomplete", JournalBroken) as caught:
        verify(pack, own_key(owner))
    assert caught.values["name"] == name and caught.error.exit_code == 1


def test_a_manifest_made_anew_does_not_hide_a_swap(owner: Workspace, pack: Path) -> None:
    """By the house itself: the files no longer are what the items name."""
    swap(one_file(pack), one_file(pack, 1))
    write_manifest(pack, owner.settings.home, "made anew")
    codes = [problem.code for problem in verify(pack, own_key(owner)).problems]
    assert codes.count("attached-file-differs") == 2


def test_a_pack_signed_by_somebody_else_shows(owner: Workspace, pack: Path, tmp_path: Path) -> None:
    other = opening.make_home(tmp_path / "other", SETTINGS, "mallory")
    altered(one_file(pack), lambda data: b"forged")
    write_manifest(pack, other.home, "forged")
    with refused("manifest-signer-mismatch", JournalBroken):
        verify(pack, own_key(owner))
    with refused("head-signer-mismatch", JournalBroken):
        verify(pack)


def test_a_signature_that_does_not_hold_shows(owner: Workspace, pack: Path) -> None:
    said = json.loads((pack / MANIFEST_FILE).read_bytes())
    said["what"] = "evidence of something else"
    (pack / MANIFEST_FILE).write_text(json.dumps(said))
    with refused("signature-mismatch", JournalBroken):
        verify(pack, own_key(owner))
    head = json.loads((pack / "head.json").read_bytes())
    (pack / "head.json").write_text(json.dumps(head | {"seq": head["seq"] - 1}))
    write_manifest(pack, owner.settings.home, "made anew")
    with refused("signature-mismatch", JournalBroken):
        verify(pack, own_key(owner))


@pytest.mark.parametrize("name", ["manifest.json", "head.json", "events.jsonl", "evidence.json"])
@pytest.mark.parametrize("data", [b"", b"{}", b"[1, 2]", b"\xff\xfe\x00", b'{"files": [7]}', b"null"])
def test_garbage_never_passes_and_never_surprises(owner: Workspace, pack: Path, name: str, data: bytes) -> None:
    (pack / name).write_bytes(data)
    with suppress(ContinuityError):
        assert not verify(pack, own_key(owner)).ok


def test_a_cut_tail_of_the_journal_shows(owner: Workspace, pack: Path, tmp_path: Path) -> None:
    """The book, cut by whoever owns the host, is whole in itself; the pack knows better."""
    import sqlite3

    from tasks.core.journal.journal import Journal
    from tasks.core.journal.verification import verify_journal as whole

    path = tmp_path / "cut.sqlite"
    with sqlite3.connect(owner.settings.home / "journal.sqlite") as book, sqlite3.connect(path) as copy:
        book.backup(copy)
        copy.executescript("DROP TRIGGER events_no_delete; DELETE FROM events WHERE seq > 9;")
    cut = Journal.at(path)
    cut.rebuild()
    assert whole(cut).ok, "the chain alone does not show it"
    found = verify(pack, own_key(owner), cut)
    short = {problem.code: problem for problem in found.problems}["journal-shorter-than-pack"]
    assert short.values["seq"] == 9
    for _ in range(30):
        record_breach(Workspace(owner.settings, journal=cut), datetime.fromisoformat("2026-11-24T13:00Z"), "", [], "x")
    regrown = verify(pack, own_key(owner), cut)
    assert "pack-event-differs-from-journal" in {problem.code for problem in regrown.problems}
    cut.close()


def test_what_is_no_pack_and_no_key(tmp_path: Path) -> None:
    with refused("evidence-pack-invalid", BadInput):
        verify(tmp_path)
    with refused("public-key-invalid", BadInput) as caught:
        public_key("AAAA")
    assert caught.codes == ["public-key-malformed"]


def late_entry(office: Workspace) -> None:
    """A desk hands in one entry more."""
    from tasks.entries.numbers.number_reserve import issue_block, reserve_block

    reserve_block(office.journal, office.settings, "entry", 9_000_000, 5, "seen", "it")
    (number,) = issue_block(office.journal, office.settings, "entry", 1, "truck", "2304", "it")
    line = EntryLine(number=number, digest="d", entry_type="01", route="se", outcome="waiting",
                           port="2304", importer="12-3456789AB", complete=False)  # fmt: skip
    late = EntriesRecorded(content="", source="", file="x", desk="truck", entries=[line])
    office.journal.append(late, "desk/truck", "it")


def test_closing_needs_the_signed_accounting(office: Workspace, morning: datetime) -> None:
    declared(office, morning)
    item = WorkLine(item="isf:A1", work="isf", reference="A1", due="2026-12-01")
    taken = WorkTaken(incident="2026-01", file="x", source="x", as_of="x", items=[item])
    office.journal.append(taken, "incident/2026-01", "ada")
    through(office, "remediating", "remediated", "keying_backlog")
    with refused("accounting-not-signed", Refused):
        closing.close(office, StepDetails(), "ada")
    accounting = signed(office)
    late_entry(office)
    with refused("accounting-out-of-date", Refused):
        closing.close(office, StepDetails(), "ada")
    accounting = signed(office, b"anew")
    with refused("open-work-items-open", Refused):
        closing.close(office, StepDetails(), "ada")
    close_items(office, ["A1"], OpenWorkAct("filed", "portal"), "ada")
    ended = closing.close(office, StepDetails(note="all done"), "ada")
    assert [one.state for one in ended.steps[-2:]] == ["reconciled", "closed"]
    assert ended.steps[-1].reference == accounting and find_incident(office.journal.rows) is None


def test_closing_says_what_became_of_open_work_that_could_not_be_read(office: Workspace, morning: datetime) -> None:
    incident = declared(office, morning)
    taken = WorkTaken(
        incident="2026-01", file="open.csv", source="x", as_of="x", left=2,
        items=[WorkLine(item="isf:A1", work="isf", reference="A1", due="2026-12-01")],
    )  # fmt: skip
    office.journal.append(taken, "incident/2026-01", "ada")
    close_items(office, ["A1"], OpenWorkAct("filed", "portal"), "ada")
    assert incident_tables(office, incident)["left_out"] == [{"file": "open.csv", "rows": 2}]
    through(office, "remediating", "remediated", "keying_backlog")
    signed(office)
    with refused("open-work-rows-unread", Refused) as caught:
        closing.close(office, StepDetails(), "ada")
    (problem,) = caught.problems
    assert (problem.file, problem.code) == ("open.csv", "open-work-rows-left-out")
    assert problem.values == {"rows": 2}
    assert not closing.close(office, StepDetails(note="both were filed by hand"), "ada").is_open


def test_an_accounting_of_before_does_not_close_it(office: Workspace, morning: datetime) -> None:
    signed(office)
    declared(office, morning)
    through(office, "remediating", "remediated", "keying_backlog")
    with refused("accounting-not-signed", Refused):
        take_step(office, "reconciled", PROVED, "ada")
    signed(office, b"of this one")
    with refused("open-work-not-loaded", Refused):
        closing.close(office, StepDetails(), "ada")


def a_report(folder: Path, words: str, name: str = "report.pdf") -> Path:
    path = folder / name
    path.write_text(f"{words}: what the examiner saw, did and says of it, signed on the day of the report.")
    return path


def attached(office: Workspace) -> list[EvidenceAttached]:
    found = [event.said for event in office.journal.events(kind="evidence.attached")]
    return [said for said in found if isinstance(said, EvidenceAttached)]


def test_a_file_proves_one_item(office: Workspace, morning: datetime, tmp_path: Path) -> None:
    """All eight items were complete, and signed, with one file of two bytes."""
    declared(office, morning)
    report = a_report(tmp_path, "cause")
    attach_evidence(office, "cause", [report], "", "ada")
    attach_evidence(office, "cause", [report], "", "ada")
    before = office.journal.head()
    fine = a_report(tmp_path, "scope", "scope.pdf")
    with refused("evidence-not-attached", BadInput) as caught:
        attach_evidence(office, "scope", [fine, report], "", "ada")
    (problem,) = caught.problems
    assert problem.file == str(report) and digest_of(report) in problem.value
    assert problem.value.startswith(f"{report.stat().st_size} bytes")
    assert problem.code == "proof-already-used" and problem.values["event"] == before.seq
    assert "scope" in str(problem.values["proves"]) and "cause" in str(problem.values["proves2"])
    assert office.journal.head() == before
    assert not office.content.path(digest_of(fine)).exists(), "nothing was kept"


def test_a_reason_lets_a_file_prove_two_and_the_pack_says_so(
    office: Workspace, morning: datetime, tmp_path: Path
) -> None:
    incident = declared(office, morning)
    report = a_report(tmp_path, "cause and scope")
    attach_evidence(office, "cause", [report], "", "ada")
    attach_evidence(office, "scope", [report], "", "ada", reason="chapter 4 of the same report")
    said = attached(office)[-1]
    assert said.also == (f"evidence item cause of incident {incident.id}",)
    assert said.reason == "chapter 4 of the same report"
    standings = {one.item.id: one.text for one in checklist_state(office, incident)}
    assert "chapter 4 of the same report" in standings["scope"]
    build_pack(office, incident, tmp_path / "out", "ada", incomplete=True)
    listed = json.loads((tmp_path / "out" / "evidence.json").read_text(encoding="utf-8"))
    (file,) = next(item for item in listed["items"] if item["id"] == "scope")["files"]
    assert "chapter 4 of the same report" in file["shared"]
    cover = PdfReader(tmp_path / "out" / "cover.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in cover).split())
    assert "chapter 4 of the same report" in text


@pytest.mark.parametrize("data", [b"ok", b"x" * 63, b" \n" * 500 + b"done", b"\0" * 4096])
def test_a_file_with_nothing_in_it_proves_nothing(
    office: Workspace, morning: datetime, tmp_path: Path, data: bytes
) -> None:
    declared(office, morning)
    small = tmp_path / "small.pdf"
    small.write_bytes(data)
    before = office.journal.head()
    with refused("evidence-not-attached", BadInput) as caught:
        attach_evidence(office, "cause", [small, tmp_path / "gone.pdf"], "", "ada", reason="it is so")
    faults = {problem.file: problem for problem in caught.problems}
    assert faults[str(tmp_path / "gone.pdf")].code == "attachment-not-a-file", "all at once"
    fault = faults[str(small)]
    assert fault.code == "proof-too-small" and fault.values["least_bytes"] == 64
    assert f"{len(data):,}" in fault.value and digest_of(small) in fault.value
    assert office.journal.head() == before and not office.content.path(digest_of(small)).exists()


def test_a_file_that_proves_a_duty_proves_no_item_and_the_other_way_round(
    office: Workspace, morning: datetime, tmp_path: Path
) -> None:
    from tasks.duties.fulfillment import FulfillmentInput as Proved, fulfill_duty

    incident = declared(office, morning)
    done = a_report(tmp_path, "risk assessment", "risk.pdf")
    fulfill_duty(office, "risk-assessment", Proved(done), "ada")
    with refused("evidence-not-attached", BadInput) as caught:
        attach_evidence(office, "scope", [done], "", "ada")
    assert caught.codes == ["proof-already-used"]
    assert "risk-assessment" in str(caught.problems[0].values["proves2"])
    item = a_report(tmp_path, "cause", "cause.pdf")
    attach_evidence(office, "cause", [item], "", "ada")
    with pytest.raises(BadInput) as caught_:
        fulfill_duty(office, "firewall", Proved(item), "ada")
    (problem,) = caught_.value.problems
    assert problem.code == "proof-already-used" and incident.id in str(problem.values["proves2"])


@pytest.mark.parametrize("lacking", ["second-factor", "monitoring"])
def test_a_second_factor_and_monitoring_are_required(
    office: Workspace, morning: datetime, tmp_path: Path, lacking: str
) -> None:
    incident = declared(office, morning)
    by_itself(office)
    for name in (one for one in MANUAL if one != lacking):
        attach_evidence(office, name, [a_report(tmp_path, name)], "", "ada")
    with refused("evidence-items-missing", Refused):
        build_pack(office, incident, tmp_path / "out", "ada")
    waive_item(office, lacking, "nobody works from outside", "ada")
    build_pack(office, incident, tmp_path / "waived", "ada")
    cover = PdfReader(tmp_path / "waived" / "cover.pdf").pages[0].extract_text()
    assert f"{lacking}." in " ".join(cover.split())
    listed = json.loads((tmp_path / "waived" / "evidence.json").read_text(encoding="utf-8"))
    assert [item["id"] for item in listed["items"] if item["waived_required"]] == [lacking]
