from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.core.errors import BadInput, ContinuityError, HostileFile, JournalBroken, NotOpened, NumberUnavailable
from tasks.core.journal.copies import HEAD_FILE, adopt_copy, export_journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import SETTINGS_FILE, BrokerSettings, Settings, load_settings
from tasks.core.signatures import key_id
from tasks.entries.numbers.number_reserve import issue_block, numbers_issued_to, reserve_counts
from tasks.incident.notices.exposed_numbers import read_inventory
from tasks.kit.builder import KitBuild
from tasks.kit.home_setup import begin_home
from tasks.kit.settings import KitSettings
from tasks.opening import make_home
from tasks.security.host_keys import HostSigner, host_public_key
from tasks.security.manifest import MANIFEST_FILE, write_manifest
from tasks.security.private_copy import take_private_copy as take_private, write_private_copy as write_private
from tasks.security.private_data import Vault
from tasks.security.sealing import SealOpener, SealRecipient, write_sealed
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.entries import house as desks
from tests.errors import refused
from tests.kit.conftest import CHEAP, PHRASE, World, made

OPEN = SealOpener(passphrase=PHRASE)


def laptop(kit: Path, tmp_path: Path, by: SealOpener = OPEN, **more: str) -> Workspace:
    settings = begin_home(tmp_path / "laptop", kit, "laptop", by, **more).settings
    return Workspace(settings)


@pytest.mark.parametrize("sealed", [False, True])
def test_a_laptop_goes_on(world: World, kit: KitBuild, tmp_path: Path, sealed: bool) -> None:
    signer = key_id(host_public_key(world.office.settings.home))
    there = laptop(kit.sealed if sealed and kit.sealed else kit.folder, tmp_path, signed_by=signer)
    assert [event.kind for event in there.journal.events(after=kit.facts.head_seq)] == ["journal.continued"]
    assert verify_journal(there.journal, there.content).ok
    assert there.settings(BrokerSettings) == world.office.settings(BrokerSettings)
    copied = {path.name for path in (there.settings.home / "kit").iterdir()}
    assert {"workbooks", "paper", "READ-ME-FIRST.txt"} <= copied and "journal" not in copied


@pytest.mark.parametrize("where", ["tasks.opening.continue_from", "tasks.kit.home_setup._copy_files"])
def test_what_was_killed_is_finished_by_the_same_kit(
    kit: KitBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    left = tmp_path / ".kit-laptop-x1y2"
    left.mkdir()
    (left / "journal.jsonl").write_text("an open kit")

    def killed(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(where, killed)
        laptop(kit.sealed or kit.folder, tmp_path)
    assert not left.exists()
    there = laptop(kit.sealed or kit.folder, tmp_path)
    kinds = [event.kind for event in there.journal.events(after=kit.facts.head_seq)]
    assert kinds == ["journal.continued"] and (there.settings.home / "kit" / "paper").is_dir()
    with refused("kit-home-already-exists", BadInput):
        laptop(kit.folder, tmp_path)


def test_only_what_the_kits_book_holds_is_issued_and_from_the_far_end(kit: KitBuild, tmp_path: Path) -> None:
    there = laptop(kit.folder, tmp_path)
    issue = lambda n: issue_block(there.journal, there.settings, "entry", n, "x", "2704", "it")  # noqa: E731
    free = next(one.free for one in reserve_counts(there.journal, there.settings))
    last = desks.FIRST + desks.RESERVED - 1
    assert [int(number[4:11]) for number in issue(3)] == [last - 2, last - 1, last]
    assert [int(number[4:11]) for number in issue(2)] == [last - 4, last - 3]
    with pytest.raises(NumberUnavailable):
        issue(free - 4)
    assert len(issue(free - 5)) == free - 5


def test_the_desk_records_on_it_and_is_warned(kit: KitBuild, tmp_path: Path) -> None:
    there = laptop(kit.folder, tmp_path)
    numbers = numbers_issued_to(there.journal, "truck")
    record = desks.filled(2, numbers, "truck")
    record = desks.with_values(record, entry_type="01")
    tariffs = record.tariffs.to_pylist()
    for row in tariffs:
        row["hts_number"] = "8481805000" if row["hts_number"][:2] < "98" else row["hts_number"]
    lines = [{**row, "country_of_origin": "CN"} for row in record.lines.to_pylist()]
    import pyarrow as pa

    from tasks.entries.record.entry_record import EntryRecord, record_schema

    record = EntryRecord.of({**dict(record.items()),
                        "tariffs": pa.Table.from_pylist(tariffs, record_schema("tariffs")),
                        "lines": pa.Table.from_pylist(lines, record_schema("lines"))})  # fmt: skip
    book = desks.book_of(there.settings, there.journal)
    path = desks.workbook(tmp_path, "truck.xlsx", "truck", record)
    (taken,) = desks.hand_in(book, path, accept_clean=True)
    assert len(taken.warnings) == len(numbers)
    assert all("A570123000" in one.wrong and "03" in one.right for one in taken.warnings)


def swapped(kit: Path) -> None:
    path = kit / "workbooks" / "truck.xlsx"
    path.write_bytes(path.read_bytes() + b" ")


def added(kit: Path) -> None:
    (kit / "workbooks" / "truck-new.xlsx").write_bytes(b"x")


def removed(kit: Path) -> None:
    (kit / "workbooks" / "truck.xlsx").unlink()


def cut_tail(kit: Path) -> None:
    path = kit / "journal" / "journal.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def other_settings(kit: Path) -> None:
    path = kit / "home" / SETTINGS_FILE
    before = path.read_text("utf-8")
    path.write_text(before.replace("daily_volume = 20", "daily_volume = 1"), "utf-8")
    assert path.read_text("utf-8") != before


def unsigned(kit: Path) -> None:
    path = kit / MANIFEST_FILE
    said = json.loads(path.read_bytes())
    said["at"] = "2027-01-01T00:00:00.000000Z"
    path.write_text(json.dumps(said))


def no_manifest(kit: Path) -> None:
    (kit / MANIFEST_FILE).write_text("[]")


def signed_anew(kit: Path) -> None:
    """Somebody with the stick changes a workbook and signs all of it with a key of their own."""
    swapped(kit)
    stranger = make_home(kit.parent / "stranger", SETTINGS, "eve").home
    (kit / MANIFEST_FILE).unlink()
    write_manifest(kit, stranger, "off-line kit")


@pytest.mark.parametrize("damage", [swapped, added, removed, cut_tail, other_settings, unsigned,
                                    no_manifest, signed_anew])  # fmt: skip
def test_a_kit_that_was_tampered_with_is_refused(kit: KitBuild, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(kit.folder)
    with pytest.raises(JournalBroken):
        laptop(kit.folder, tmp_path)
    assert not (tmp_path / "laptop").exists()


def test_another_signer_is_told_by_the_print(world: World, kit: KitBuild, tmp_path: Path) -> None:
    """The whole kit signed anew, book and all, can only be told by what was printed."""
    stranger = make_home(tmp_path / "stranger", SETTINGS, "eve")
    office = world.office
    shutil.rmtree(kit.folder / "journal")
    export_journal(office.journal, office.content, HostSigner(stranger.home), kit.folder / "journal")
    (kit.folder / MANIFEST_FILE).unlink()
    write_manifest(kit.folder, stranger.home, "off-line kit")
    head = json.loads((kit.folder / "journal" / HEAD_FILE).read_bytes())
    assert head["public_key"] == json.loads((kit.folder / MANIFEST_FILE).read_bytes())["public_key"]
    printed = key_id(host_public_key(office.settings.home))
    with refused("signed-by-another-key", JournalBroken) as caught:
        laptop(kit.folder, tmp_path, signed_by=printed)
    assert caught.values["signed_by"] == printed
    assert not (tmp_path / "laptop").exists()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def not_a_kit(path: Path) -> None:
    write_sealed(path, SealRecipient(passphrase=PHRASE, cost=CHEAP), lambda out: out.write(b"hello") and None)


def leads_outside(path: Path) -> None:
    made_up = io.BytesIO()
    with tarfile.open(fileobj=made_up, mode="w") as tar:
        member = tarfile.TarInfo("../evil.txt")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    to = SealRecipient(passphrase=PHRASE, cost=CHEAP)
    write_sealed(path, to, lambda out: out.write(made_up.getvalue()) and None)


def has_a_link(path: Path) -> None:
    made_up = io.BytesIO()
    with tarfile.open(fileobj=made_up, mode="w") as tar:
        member = tarfile.TarInfo("home")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(member)
    to = SealRecipient(passphrase=PHRASE, cost=CHEAP)
    write_sealed(path, to, lambda out: out.write(made_up.getvalue()) and None)


@pytest.mark.parametrize(
    ("damage", "error"),
    [(cut, JournalBroken), (not_a_kit, ContinuityError), (leads_outside, HostileFile),
     (has_a_link, HostileFile)],
)  # fmt: skip
def test_a_damaged_archive_is_refused(
    kit: KitBuild, tmp_path: Path, damage: Callable[[Path], None], error: type[ContinuityError]
) -> None:
    assert kit.sealed is not None
    damage(kit.sealed)
    with pytest.raises(error):
        laptop(kit.sealed, tmp_path)
    assert not (tmp_path / "laptop").exists() and not (tmp_path / "evil.txt").exists()
    assert not list(tmp_path.glob(".kit-*")), "nothing half unpacked is left"


def test_the_wrong_passphrase_and_what_is_no_kit(kit: KitBuild, tmp_path: Path) -> None:
    assert kit.sealed is not None
    with pytest.raises(NotOpened):
        laptop(kit.sealed, tmp_path, SealOpener(passphrase="something else entirely"))
    with refused("kit-manifest-missing", BadInput):
        laptop(tmp_path, tmp_path)
    (tmp_path / "kit.zip").write_bytes(b"x")
    with refused("kit-path-invalid", BadInput):
        laptop(tmp_path / "kit.zip", tmp_path)
    laptop(kit.folder, tmp_path)
    with refused("kit-home-already-exists", BadInput):
        laptop(kit.folder, tmp_path)


CONTACTS = """id,role,name,organisation,phone,mail
port-2704,port,Duty officer,CBP Long Beach,562-555-0100,
"""
RICH = """
[ace]
site_code = "2704"
outbound = "smb://server/share/out"
share_user = "continuity"
share_password_file = "{folder}/share-password"
password_file = "{folder}/ace-password"
payment_table = "{folder}/pay.csv"
[mail]
server = "mail.example"
sender = "desk@example.com"
[mail.recipients]
it = ["it@example.com"]
[content]
path = "{folder}/content"
[backup]
store = "smb://server/share"
sources = [{{ name = "db", kind = "postgresql", place = "postgresql://u:S3CRETPW@db/x" }}]
[incident]
open_work = [{{ file = "exports/open.csv", kind = "summary" }}]
systems = [{{ name = "abi", holds = "entries", database = "postgresql://u:S3CRETPW@db/x", query = "select 1" }}]
[kit]
recipients = ["{folder}/ada.pub"]
recovery_key = "Safe of the bank, “Łódź” branch"
"""


def test_settings_come_along_without_secrets_and_places(tmp_path: Path) -> None:
    folder = tmp_path.as_posix()
    (tmp_path / "pay.csv").write_text("importer,payment\n")
    for name in ("share-password", "ace-password"):
        (tmp_path / name).write_text("S3CRET")
    plain = SETTINGS.split("[ace]")[0]
    settings: Settings = make_home(tmp_path / "home", plain + RICH.format(folder=folder), "it")
    export = settings.home / "exports" / "open.csv"
    export.parent.mkdir()
    export.write_text(f"reference,importer,importer_number,note\nABC-1,Jo Public,{desks.SSN},of {desks.SSN}\n")
    os.utime(export, (1_780_000_000, 1_780_000_000))
    (settings.home / "contacts.csv").write_text(CONTACTS)
    (settings.home / "pga").mkdir()
    (settings.home / "pga" / "flags.csv").write_text("flag,agency\n")
    office = Workspace(settings)
    kit = made(office, tmp_path / "kits")
    office.journal.close()
    text = (kit.folder / "home" / SETTINGS_FILE).read_text("utf-8")
    assert folder not in text and "S3CRET" not in text and "smb://server/share/out" not in text
    assert not any(desks.SSN.encode() in path.read_bytes() for path in kit.folder.rglob("*")
                   if path.is_file())  # fmt: skip
    assert kit.sealed is not None
    clean = laptop(kit.sealed, tmp_path)
    there = load_settings(clean.settings.home)
    (work,) = there.incident.open_work
    assert work.kind == "summary" and "Jo Public" in work.file.read_text()
    assert work.file.stat().st_mtime == 1_780_000_000, "how old it is decides what it is worth"
    (system,) = there.incident.systems
    assert (system.name, system.holds, system.elsewhere) == ("abi", "entries", True)
    (unread,) = read_inventory(clean, [])
    assert unread.unread.scope == "all"
    assert [problem.code for problem in unread.problems] == ["system-not-on-this-machine"]
    assert (there.home / "pga" / "flags.csv").read_text() == "flag,agency\n"
    assert (there.home / "contacts.csv").read_text() == CONTACTS
    assert there.mail.recipients == {"it": ("it@example.com",)}
    assert there.kit.recovery_key == settings(KitSettings).recovery_key
    assert there.backup.store == "smb://server/share" and there.backup.sources == ()
    assert there.ace.payment_table == there.home / "payment.csv"
    assert there.ace.payment_table.read_text() == "importer,payment\n"
    assert there.content_path == there.home / "content"


def test_tables_within_settings_are_written_as_toml() -> None:
    """Rooms keep lists of tables in their settings; those that name a place stay behind."""
    import tomllib

    from pydantic import BaseModel

    from tasks.kit.parts.portable_settings import _is_local, _value

    class System(BaseModel):
        name: str
        holds: tuple[str, ...] = ()
        limit: float = 1
        file: Path | None = None

    given = (System(name='the "old" one', holds=("importers",)), System(name="Łódź", limit=2.5))
    assert not _is_local(given, {})
    assert tomllib.loads(f"systems = {_value(given, {})}")["systems"] == [
        {"name": 'the "old" one', "holds": ["importers"]}, {"name": "Łódź", "limit": 2.5},
    ]  # fmt: skip
    there = Path("/srv/x")
    assert _is_local((System(name="x", file=there),), {})
    assert not _is_local((System(name="x", file=there),), {there: "x.csv"})
    said = tomllib.loads(f"one = {_value(System(name='x', file=there), {there: 'x.csv'})}")
    assert said["one"] == {"name": "x", "file": "{home}/x.csv"}


def test_the_old_book_takes_back_entries_with_their_private_values(office: Workspace, tmp_path: Path) -> None:
    kit = made(office, tmp_path / "kits")
    there = laptop(kit.folder, tmp_path)
    numbers = numbers_issued_to(there.journal, "truck")
    record = desks.with_values(desks.filled(2, numbers, "truck"), importer_type="34",
                               importer_number=desks.SSN)  # fmt: skip
    book = desks.book_of(there.settings, there.journal)
    (taken,) = desks.hand_in(book, desks.workbook(tmp_path, "t.xlsx", "truck", record))
    assert list(taken.recorded) == numbers, taken.problems
    back, to = tmp_path / "back", SealRecipient(passphrase=PHRASE, cost=CHEAP)
    export_journal(there.journal, there.content, HostSigner(there.settings.home), back)
    assert write_private(book.vault, back, to) >= len(numbers)
    assert not any(desks.SSN.encode() in path.read_bytes() for path in back.rglob("*")
                   if path.is_file())  # fmt: skip
    done = adopt_copy(office.journal, back, office.content, "it")
    assert [event.kind for event in done.taken] == ["entries.recorded"] and not done.conflicts
    ours = Vault(office.settings.home)
    with pytest.raises(NotOpened):
        take_private(ours, back, SealOpener(passphrase="something else entirely"))
    assert take_private(ours, back, OPEN) >= len(numbers)
    assert take_private(ours, back, OPEN) == 0
    from tasks.entries.workbook.desk_workbooks import write_corrections
    from tasks.entries.workbook.file_intake import read_entry_files

    (path,) = write_corrections(office.journal, office.content, ours, office.settings, numbers, tmp_path)
    (intake,) = read_entry_files([path])
    assert set(intake.record.entries["importer_number"].to_pylist()) == {desks.SSN}
    assert verify_journal(office.journal, office.content).ok
