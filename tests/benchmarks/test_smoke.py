"""Each benchmark at its smallest size: that it runs and reports what it should, never how fast."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tasks.reconciliation.accounting import number_account as places
from tests.benchmarks import (
    ace,
    answers,
    backup,
    book,
    compare,
    freeze_model,
    record,
    screening,
    screening_model,
    screening_room,
    status,
    summaries,
)

HERE = Path(__file__).parent
LISTS = HERE.parent / "data" / "lists"
JANUARY, MAY = "ofac_2024-01-08", "ofac_2024-05-03"
RENAMED = 40
"""Records of the January list that the smaller May list has under another name."""
CHILDREN = {"backup_engine": "backup"}
"""Modules that a benchmark runs as a process of its own, by that benchmark."""

Show = pytest.CaptureFixture[str]


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A folder of OFAC files, the tests' own January list and a May list made of it."""
    folder = tmp_path / "lists"
    shutil.copytree(LISTS / JANUARY, folder / JANUARY)
    (folder / MAY).mkdir()
    rows = (folder / JANUARY / "sdn.csv").read_text(encoding="latin-1").splitlines(keepends=True)
    changed = [row.replace(',"', ',"ORION ', 1) if at < RENAMED else row
               for at, row in enumerate(rows)]  # fmt: skip
    (folder / MAY / "sdn.csv").write_text("".join(changed), encoding="latin-1")
    (folder / "ofac_deltas").mkdir()
    (folder / "ofac_deltas" / "sdn_daily_delta.csv").write_text("added,name_changed\n1,2\n0,5\n3,4\n")
    return folder


def steps(benchmark: ModuleType, show: Show, folder: Path, names: list[str], counts: list[int]) -> dict[str, dict]:
    """What each step of a benchmark reports: the first in a process of its own, as the benchmark runs
    it, the others here."""
    found = {names[0]: benchmark.run(names[0], folder, *counts)}
    for name in names[1:]:
        show.readouterr()
        if benchmark is ace:
            ace.child(name, str(folder))
        else:
            benchmark._step(name, folder, [])
        found[name] = json.loads(show.readouterr().out)
    assert all("peak_mib" in figures for figures in found.values())
    return found


def test_ace(tmp_path: Path, capsys: Show) -> None:
    found = steps(ace, capsys, tmp_path, ["make", "write", "check", "plain"], [20, 60])
    assert (found["make"]["entries"], found["make"]["lines"]) == (20, 60)
    assert found["write"]["batches"] > 0 and found["check"]["faults"] == 0
    assert found["check"]["records"] == found["write"]["records"] == found["plain"]["records"]
    assert found["write"]["digest"] == found["plain"]["digest"]
    ace.report(20, 60, {name: found[name] for name in ("write", "check", "plain")})
    assert "same bytes: True" in capsys.readouterr().out


def test_summaries(tmp_path: Path, capsys: Show) -> None:
    found = steps(summaries, capsys, tmp_path, ["make", "write", "check"], [20, 60])
    assert found["write"]["batches"] > 0
    assert found["check"]["records"] == found["write"]["records"] and found["check"]["faults"] == 0


def test_compare(tmp_path: Path, capsys: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("read_answers", "summary_differences"):  # the benchmark puts clocks around them
        monkeypatch.setattr(compare.answer_files, name, getattr(compare.answer_files, name))
    found = steps(compare, capsys, tmp_path, ["make", "read", "plain"], [20, 60, 0])
    read, plain = found["read"], found["plain"]
    assert read["answers"] == 1 and read["differ"] == plain["differ"] == 1
    assert read["settle"] == 19 and plain["entries"] == 20
    assert {"in_all", "decoding", "comparing", "verdicts"} < set(read)


def test_answers(capsys: Show) -> None:
    found = answers.summaries(3, 2)
    assert (found["entries"], found["lines"]) == (3, 6) and found["bytes"] % 80 == 0
    assert answers.notices(2) == {"entries": 2, "batches": 2}
    assert "3 summaries, 6 lines" in capsys.readouterr().out


def test_book(capsys: Show) -> None:
    found = book.measure(40)
    assert set(found["seconds"]) == {"written", "rebuild", "verify", "account", "view and classify"}
    assert all(len(spent) == 2 for spent in found["seconds"].values())
    assert found["places"] == {places.SETTLED: 20, places.ON_FILE: 20} and found["whole"]
    assert sum(found["steps"].values()) == found["numbers"] == 40 and found["peak_mib"] > 0
    book.report(found)
    assert capsys.readouterr().out.startswith("40 numbers: written ")
    command = [sys.executable, book.__file__, "--numbers", "8", "--scale", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("4 numbers: written ")


def test_record() -> None:
    found = record.measure(4, 2)
    assert (found["entries"], found["workbooks"], found["whole"]) == (4, 2, True)
    assert {"reading", "recording"} < set(found)


def test_status() -> None:
    found = status.measure(50, 1)
    assert found["events"] >= 50 and set(found["seconds"]) == {"--help", "status"}
    assert all(len(spent) == 1 and len(spent[0]) == 2 for spent in found["seconds"].values())


def test_screening(lists: Path, capsys: Show) -> None:
    engines, changed = screening.main([str(lists), "--each", "5", "--clean", "40", "--partners", "30", "--no-second"])
    assert len(engines) == 4
    for figures in engines:
        assert all(0 <= figures[name] <= 1 for name in ("recall", "precision", "alerts"))
    assert [one["equal"] for one in changed] == [True] * 4
    assert changed[0]["records"] == RENAMED
    assert "logic-v2 is left out" in capsys.readouterr().out


def test_screening_room(lists: Path, capsys: Show) -> None:
    assert screening_room.main([str(lists), "--partners", "30"]) == {
        RENAMED: True, 25: True, 8: True,
    }  # fmt: skip
    assert "30 partners, everything" in capsys.readouterr().out


def test_screening_model(lists: Path) -> None:
    found = screening_model.pairs_only(lists / JANUARY, each=5, clean_names=40)
    assert found["queries"] == 40 and found["clean"] == 20
    assert 0 < found["right"] <= found["queries"] and found["right"] <= found["pairs"]
    assert found["shown"] <= found["clean_pairs"]


def test_freeze_model(tmp_path: Path) -> None:
    version = freeze_model.rows("frozen_models.csv")[-1][0]
    freeze_model.main(version, tmp_path, pairs=2)
    digests, scores = (freeze_model.rows(f"frozen_{name}.csv", tmp_path)
                       for name in ("models", "scores"))  # fmt: skip
    assert digests == [row for row in freeze_model.rows("frozen_models.csv") if row[0] == version]
    assert len(scores) == 2 and all(0 <= float(row[3]) <= 1 for row in scores)
    with pytest.raises(SystemExit, match="is frozen already"):
        freeze_model.main(version, tmp_path, pairs=2)


def test_backup(tmp_path: Path, capsys: Show) -> None:
    backup.main(["--folder", str(tmp_path / "bench"), "--megabytes", "1", "--runs", "1", "--alone"])
    results = json.loads((tmp_path / "bench" / "results.json").read_text())
    assert set(results) == {"ours"}
    phases = {*backup.PHASES, "content"}
    assert phases < set(results["ours"]) and set(results["ours"]["cpu"]) == phases
    assert results["ours"]["size"][0] > 0 and results["ours"]["rss"] > 0
    assert "restic" not in capsys.readouterr().out


def test_a_missing_peer_is_named(monkeypatch: pytest.MonkeyPatch, lists: Path) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match=r"restic, borg.*--alone"):
        backup.main(["--megabytes", "1"])
    monkeypatch.setattr(screening, "opinion_installed", lambda: False)
    with pytest.raises(SystemExit, match="--no-second"):
        screening.main([str(lists)])


def programs() -> set[str]:
    """Modules of this folder that are run by hand, by their `if __name__ == "__main__"`."""
    return {
        path.stem
        for path in HERE.glob("*.py")
        if any(isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)
               for node in ast.parse(path.read_text(encoding="utf-8")).body)
    }  # fmt: skip


def test_every_benchmark_has_a_smoke_test() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {CHILDREN.get(name, name) for name in programs()} <= tested
    assert len(programs()) >= 13 and set(CHILDREN) <= programs()
