"""The commands, from making the keys to a restore on a bare machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.backup.events import BackupDone
from tasks.cli.backup import snapshot_commands
from tasks.cli.context import Invocation, invocation, print_error
from tasks.core.errors import ContinuityError
from tasks.opening import make_home, open_journal
from tasks.security.sealing_keys import StretchCost
from tests.backup.trees import differences, picture, plain_tree
from tests.conftest import SETTINGS

Said = tuple[int, str, str]
PHRASE = "the recovery passphrase"
BACKUP = """
[backup]
store = "{store}"
place = "Reno, Nevada"
customs_territory = true
grace_seconds = 0
least_free_gb = 0
drill_key = "{safe}/drill.key"
drill_passphrase_file = "{top}/drill-passphrase"
[[backup.sources]]
name = "papers"
place = "{top}/papers"
skip = ["*.tmp"]
"""


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a backup store, a source, and key files in a safe."""
    monkeypatch.setattr("tasks.backup.keys.key_creation.StretchCost", lambda: StretchCost(8, 1, 1))
    monkeypatch.setenv("CONTINUITY_PASSPHRASE", PHRASE)
    monkeypatch.setenv("CONTINUITY_DRILL_PASSPHRASE", PHRASE + " of the drill")
    (tmp_path / "drill-passphrase").write_text(PHRASE + " of the drill\n")
    (tmp_path / "store").mkdir()
    safe, store = tmp_path / "safe", tmp_path / "store"
    text = SETTINGS + BACKUP.format(store=store, safe=safe, top=tmp_path)
    make_home(tmp_path / "home", text, "tests")
    plain_tree(tmp_path / "papers", files=15, large=1)
    (tmp_path / "papers" / "scratch.tmp").write_text("not wanted")
    return tmp_path


@pytest.fixture
def call(top: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def run(*arguments: str, home: Path | None = None) -> Said:
        invocation.__dict__.clear()
        invocation.__dict__.update(Invocation().__dict__)
        invocation.given_home, invocation.given_actor = home or top / "home", "it"
        capsys.readouterr()
        try:
            snapshot_commands.app(list(arguments), prog_name="backup")
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except ContinuityError as error:
            code = print_error(error, as_json=True)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def failure(err: str) -> dict:
    """The error of a command, as a script reads it."""
    return json.loads(err.splitlines()[-1])


def made(call: Callable[..., Said], top: Path) -> None:
    code, out, err = call("keys", "make", "--out", str(top / "safe"), "--host", "desk1", "--drill", "drill1", "--json")
    assert code == 0, out + err
    assert len(json.loads(out)["keys"]) == 3


def test_the_whole_way_by_commands(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    assert {p.name for p in (top / "safe").iterdir()} == {
        f"{kind}.{end}" for kind in ("recovery", "officer", "drill") for end in ("key", "pdf")
    }
    code, out, err = call("run", "--json")
    assert code == 0, out + err
    rows = json.loads(out)
    assert [row["class"] for row in rows] == ["records", "private"]
    assert call("run")[0] == 0
    code, out, err = call("prove", "--scope", "all", "--json")
    assert code == 0, out + err
    assert len(json.loads(out)) == 2
    code, out, err = call("list", "--json")
    assert (code, err) == (0, "")
    listed = json.loads(out)
    assert [bool(row["proved"]) for row in listed] == [False, False, True, True]
    code, out, err = call("verify", "--json")
    assert code == 0, out + err
    head = listed[2]["snapshot"]
    back = ["--key", str(top / "safe/recovery.key"), "--newest", "--only", "papers"]
    restored = json.loads(call("restore", str(top / "part"), *back, "--json")[1])
    assert (restored["snapshot"], restored["wrong"]) == (head, [])
    shutil.move(top / "home", top / "burnt")
    code, out, err = call(
        "restore", str(top / "back"), "--key", str(top / "safe/recovery.key"),
        "--store", str(top / "store"), "--expect-head", head, home=top / "bare",
    )  # fmt: skip
    assert code == 0, out + err
    assert "--class private" in out
    (top / "papers" / "scratch.tmp").unlink()
    before, after = picture(top / "papers"), picture(top / "back/papers")
    before.pop(b"."), after.pop(b".")
    assert differences(before, after) == []
    assert (top / "back/home/journal.sqlite").stat().st_size > 0
    assert not (top / "back/home/keys").exists()
    assert not (top / "back/home/backup").exists()


def test_what_happened_stands_in_the_journal(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    call("run")
    call("prove", "--scope", "content")
    call("run")
    call("verify")
    call("doctor")
    from tasks.core.settings import load_settings

    book = open_journal(load_settings(top / "home"))
    found = [event.said for event in book.events(kind="backup.")]
    # a proof lies on the store: the house misses no content for it
    from tasks.core.content import ContentStore
    from tasks.core.journal.verification import verify_journal

    assert verify_journal(book, ContentStore(top / "home/content")).ok
    book.close()
    assert [one.kind for one in found] == [
        "backup.done",
        "backup.done",
        "backup.proved",
        "backup.proved",
        "backup.done",
        "backup.done",
        "backup.verified",
        "backup.failed",
    ]
    first = found[0]
    assert isinstance(first, BackupDone)
    assert first.customs_territory
    assert {source.name for source in first.sources} == {"home", "papers"}
    assert found[-1].what == "doctor"
    failed = {one.subject for one in found[-1].findings if one.code == "attack-allowed"}
    assert "delete" in failed


def test_the_journal_restored_holds(call: Callable[..., Said], top: Path) -> None:
    from tasks.core.content import ContentStore
    from tasks.core.journal.journal import Journal
    from tasks.core.journal.verification import verify_journal

    made(call, top)
    call("run")
    code, out, err = call("restore", str(top / "back"), "--key", str(top / "safe/recovery.key"), "--newest")
    assert code == 0, out + err
    book = Journal.at(top / "back/home/journal.sqlite")
    assert verify_journal(book, ContentStore(top / "back/home/content")).ok
    book.close()


def test_errors_are_told_and_written_down(call: Callable[..., Said], top: Path) -> None:
    code, _, err = call("run")
    assert code == 1
    assert failure(err)["error"] == "host-keys-missing"
    made(call, top)
    code, _, err = call("keys", "make", "--out", str(top / "again"), "--host", "desk1")
    assert code == 2
    code, _, err = call("restore", str(top / "x"), "--key", str(top / "safe/officer.key"))
    assert code == 1
    assert failure(err)["error"] == "key-kind-wrong"
    assert failure(err)["values"]["kind"] == "officer"
    code, _, err = call("restore", str(top / "x"), "--key", str(top / "safe/recovery.key"))
    assert code == 1
    assert failure(err)["error"] == "snapshot-of-class-missing"


def test_a_wrong_passphrase_at_the_desk(call, top: Path, monkeypatch) -> None:
    made(call, top)
    monkeypatch.setenv("CONTINUITY_PASSPHRASE", "something else")
    code, _, err = call("restore", str(top / "x"), "--key", str(top / "safe/recovery.key"))
    assert code == 1
    assert failure(err)["error"] == "key-passphrase-wrong"


def test_damage_turns_the_answer_to_no(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    call("run")
    pack = max((top / "store/packs").iterdir(), key=lambda p: p.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(bytes(data))
    code, out, _ = call("verify", "--json")
    assert code == 1
    (damaged,) = json.loads(out)["damaged"]
    assert damaged["subject"] == f"packs/{pack.name}"
    code, out, _ = call("restore", str(top / "x"), "--key", str(top / "safe/recovery.key"), "--newest", "--json")
    assert code == 1
    assert any(one["subject"].startswith("papers/") for one in json.loads(out)["lost"])
    call("run")
    code, out, err = call("verify")
    assert code == 1  # the first snapshot keeps its damage
    code, out, err = call("restore", str(top / "y"), "--key", str(top / "safe/recovery.key"), "--newest")
    assert code == 0, out + err


def test_an_older_head_than_expected_exits_1(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    call("run")
    call("prove")
    head = "desk1:9:" + "ab" * 16
    code, out, _ = call(
        "restore", str(top / "x"), "--key", str(top / "safe/recovery.key"), "--expect-head", head,
        "--json",
    )  # fmt: skip
    assert code == 1
    (wrong,) = json.loads(out)["wrong"]
    assert (wrong["code"], wrong["values"]["expected"]) == ("newest-snapshot-too-old", 9)
    assert (top / "x/papers").is_dir()


def test_holds_and_keys_by_commands(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    call("run", "--hold")
    label = json.loads(call("list", "--json")[1])[0]["snapshot"]
    own = json.loads(call("hold", "list", "--json")[1])
    assert [row["snapshots"] for row in own] == [1, 1]
    release = ["--reason", "closed", "--key", str(top / "safe/officer.key")]
    assert call("hold", "release", *(row["hold"] for row in own), *release)[0] == 0
    assert {row["held"] for row in json.loads(call("list", "--json")[1])} == {0}
    assert call("hold", "add", label, "--reason", "subpoena 12")[0] == 0
    held = json.loads(call("hold", "list", "--json")[1])[2:]
    assert held[0]["state"] == "stands"
    officer = ["--key", str(top / "safe/officer.key")]
    code, out, err = call("hold", "release", held[0]["hold"], "--reason", "closed", *officer)
    assert code == 0, out + err
    states = [row["state"] for row in json.loads(call("hold", "list", "--json")[1])]
    assert states == ["released"] * 3
    again = ["hold", "release", held[0]["hold"], "--reason", "closed", *officer]
    code, out, err = call(*again, "--store", str(top / "store"))
    assert code == 0 and held[0]["hold"] in out
    said = json.loads(call(*again, "--json")[1])
    assert said == {"released": [], "before": [held[0]["hold"]]}
    assert len(list((top / "store/holds").iterdir())) == 3, "nothing is signed twice"
    assert call("hold", "release", "0" * 16, "--reason", "x", *officer)[0] == 2
    added = json.loads(call("hold", "add", label, "--reason", "audit", "--json")[1])
    assert len(added["snapshots"]) == 1
    assert call("hold", "release", added["hold"], "--reason", "closed", *officer)[0] == 0
    assert json.loads(call("prune", "lost", "--json", *officer)[1]) == []
    assert call("keys", "rotate-host", *officer)[0] == 0
    assert call("run")[0] == 0
    listed = json.loads(call("keys", "list", "--json")[1])
    assert [row["from"] for row in listed if row["what"] == "host"] == ["1-2", "3-"]
    assert call("keys", "check", str(top / "safe/recovery.key"))[0] == 0
    sheet = top / "sheet.pdf"
    assert call("keys", "sheet", str(top / "safe/recovery.key"), "--out", str(sheet))[0] == 0
    assert sheet.stat().st_size > 1000
    code, _, err = call("prune", "plan", "--out", str(top / "plan.json"), *officer)
    assert code == 1
    assert failure(err)["error"] == "nothing-past-retention"


def test_a_number_is_never_taken_for_another_snapshots_digest(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    for _ in range(4):
        call("run")
    labels = [row["snapshot"] for row in json.loads(call("list", "--json")[1])]
    for label in labels:
        host, number, digest = label.split(":")
        for text in (number, digest[:1], f"{host}:{int(number) + 100}", f"other:{number}:{digest}"):
            assert call("hold", "add", text, "--reason", "subpoena")[0] == 1, text
    assert call("hold", "list", "--json")[1].strip() == "[]"
    assert call("hold", "add", "desk1:3", "--reason", "subpoena 12")[0] == 0
    held = [row["snapshot"] for row in json.loads(call("list", "--json")[1]) if row["held"]]
    assert held == [labels[2]]


def test_lost_snapshots_by_commands(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    officer = ["--key", str(top / "safe/officer.key")]
    for _ in range(2):
        call("run")
    assert call("prune", "lost", *officer)[0] == 0
    next((top / "store/manifests/desk1").glob("00000002-*")).unlink()
    code, out, _ = call("prune", "lost", *officer)
    assert code == 1
    assert "desk1:2" in out
    code, out, err = call("list", "--json")
    assert (code, len(json.loads(out))) == (1, 3)
    assert "desk1:3:" in err  # a script hears the reason too
    code, _, err = call("prove")
    assert code == 1
    assert failure(err)["error"] == "countersigning-blocked"
    assert failure(err)["problems"][0]["code"] == "previous-snapshot-missing"
    assert call("prune", "lost", "desk1:2", *officer)[0] == 0
    assert call("prove")[0] == 0


def test_a_plan_that_is_none_is_told(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    (top / "text").write_text("no plan")
    for name in ("nowhere", "text"):
        officer = ["--key", str(top / "safe/officer.key")]
        code, _, err = call("prune", "approve", str(top / name), *officer)
        assert code == 2
        assert failure(err)["error"] == "prune-plan-unreadable"


def test_an_older_key_is_told_what_it_opens(call, top: Path, monkeypatch) -> None:
    made(call, top)
    call("run")
    label = json.loads(call("list", "--json")[1])[0]["snapshot"]
    officer = ["--key", str(top / "safe/officer.key")]
    monkeypatch.setenv("CONTINUITY_NEW_PASSPHRASE", "a phrase for the new one")
    assert call("keys", "recipient", "--out", str(top / "new"), "--drop", "safe", *officer)[0] == 0
    call("run")
    old = ["--key", str(top / "safe/recovery.key")]
    code, _, err = call("restore", str(top / "x"), "--newest", *old)
    assert code == 1
    assert failure(err)["error"] == "snapshot-not-opened-by-key"
    assert failure(err)["values"]["allowed"] == label
    assert call("restore", str(top / "x"), "--snapshot", label, *old)[0] == 0
    reader = [sys.executable, str(top / "store/restore.py"), str(top / "safe/recovery.key")]
    done = subprocess.run([*reader, str(top / "y"), "--newest"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "sealed to other keys" in done.stderr


def test_a_pattern_that_fits_nothing_is_no_restore(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    call("run")
    given = ["--key", str(top / "safe/recovery.key"), "--newest"]
    code, _, _ = call("restore", str(top / "x"), "--only", "folder1", *given)
    assert code == 1
    assert call("restore", str(top / "y"), "--only", "papers/folder1", *given)[0] == 0


def test_a_rotten_pack_is_not_forgotten_by_a_verify_of_others(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    call("run")
    pack = max((top / "store/packs").iterdir(), key=lambda path: path.stat().st_size)
    pack.write_bytes(bytes(pack.stat().st_size))
    assert call("verify")[0] == 1
    elsewhere = next(n for n in range(2, 99) if int(pack.name[:8], 16) % n)
    assert call("verify", "--share", str(elsewhere))[0] == 0
    assert call("run")[0] == 0
    given = ["--key", str(top / "safe/recovery.key"), "--newest"]
    assert call("restore", str(top / "x"), *given)[0] == 0
    assert call("verify", "--share", "0")[0] == 2


def test_one_flagged_class_keeps_no_other_from_its_proof(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    plain_tree(top / "papers", files=80, large=0)
    call("run")
    call("prove")
    plain_tree(top / "papers", seed=2, files=80, large=0)
    assert call("run")[0] == 1
    code, _, err = call("prove")
    assert code == 1
    assert "files-changed-in-mass" in {one["code"] for one in failure(err)["problems"]}
    rows = json.loads(call("list", "--json")[1])
    assert [bool(row["proved"]) for row in rows if row["class"] == "private"] == [True, True]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('retention = "for-ever"', "retention-class-unknown"),
        ('[[backup.sources]]\nname = "home"\nplace = "elsewhere"', "source-name-repeated"),
        ('[[backup.sources]]\nname = "k"\nplace = "{top}/home/../home/keys"', "source-contains-keys"),
    ],
)
def test_a_source_is_judged_before_anything_is_carried(
    call: Callable[..., Said], top: Path, line: str, problem: str
) -> None:
    made(call, top)
    settings = top / "home" / "continuity.toml"
    settings.write_text(f"{settings.read_text()}{line.format(top=top)}\n")
    code, _, err = call("run")
    assert code != 0
    assert [one["code"] for one in failure(err)["problems"]] == [problem]
    assert not list((top / "store").glob("manifests/desk1/*"))


def test_the_sheet_names_the_reader_that_stands_in_the_store(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    sheet = top / "safe" / "recovery.pdf"
    done = subprocess.run(["pdftotext", "-layout", sheet, "-"], capture_output=True, text=True)
    reader = hashlib.sha256((top / "store" / "restore.py").read_bytes()).hexdigest()
    assert reader in "".join(done.stdout.split())


def test_a_part_that_stays_damaged_keeps_no_other_from_being_read(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    call("run")
    pack = max((top / "store/packs").iterdir(), key=lambda path: path.stat().st_size)
    pack.write_bytes(bytes(pack.stat().st_size))
    rotten = int(pack.name[:8], 16) % 3
    codes = [call("verify", "--share", "3")[0] for _ in range(4)]
    assert codes == [int(turn == rotten) for turn in (0, 1, 2, 0)]


def test_a_book_that_is_down_keeps_no_other_source_from_the_store(
    call: Callable[..., Said], top: Path, postgres: str
) -> None:
    """Nothing was backed up that night, and no row was printed of it."""
    subprocess.run(["psql", "-q", postgres, "-c", "CREATE DATABASE book"], check=True)
    settings = top / "home" / "continuity.toml"
    plain = settings.read_text()

    def lies_on(url: str) -> None:
        settings.write_text(f'{plain}\n[journal]\nurl = "{url}"\n')

    lies_on(postgres.removesuffix("/postgres") + "/book")
    made(call, top)
    with_book = settings.read_text()
    lies_on("postgresql://127.0.0.1:1/none")
    code, out, err = call("run", "--json")
    assert code == 1
    rows = json.loads(out)
    flags = [(row["class"], [flag["code"] for flag in row["flags"]]) for row in rows]
    assert flags == [("records", ["journal-was-down"]), ("private", ["journal-was-down"])]
    assert failure(err)["error"] == "snapshots-not-recorded"
    assert failure(err)["values"]["snapshots"].startswith("desk1:1:")
    problems = [(one["file"], one["code"]) for one in failure(err)["problems"]]
    assert ("journal", "pg-dump-failed") in problems
    settings.write_text(with_book)
    code, out, err = call("run", "--json")
    assert code == 0, out + err
    from tasks.core.settings import load_settings

    book = open_journal(load_settings(top / "home"))
    done = [event.said for event in book.events(kind="backup.done")]
    book.close()
    assert [one.sequence for one in done] == [1, 2, 3, 4]
    assert [one.head for one in done[:2]] == [row["snapshot"] for row in rows]
    names = {source.name for source in done[0].sources}
    assert names == {"home", "papers"}


def test_an_unreadable_source_takes_no_row_of_the_others_along(call: Callable[..., Said], top: Path) -> None:
    made(call, top)
    (top / "papers").rename(top / "away")
    code, out, err = call("run", "--json")
    assert code == 1
    assert [one["file"] for one in failure(err)["problems"]] == ["papers"]
    assert [row["class"] for row in json.loads(out)] == ["records", "private"]
