"""The screening commands as their users run them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyotp
import pytest
from pypdf import PdfReader

from tasks.core import clock
from tasks.screening.lists.catalog import READERS
from tests.screening.conftest import LISTS

HEAD = "Partner ID,Name,Role,Country\n"


@pytest.fixture
def screen(continuity):
    """`continuity screen ...` by Ada, whose house knows her and Bo."""
    for person, name in (("ada", "Ada Vance"), ("bo", "Bo Harbor")):
        continuity("people", "add", person, "--name", name, "--role", "compliance")

    def call(*arguments: str, by: str = "ada") -> tuple[int, str, str]:
        done = continuity("screen", *arguments, by=by)
        call.error = continuity.error  # type: ignore[attr-defined]
        return done

    return call


def accept(*lists: str) -> list[str]:
    """The yes of a named person to excerpts that are below their floors."""
    return [*(word for list_ in lists for word in ("--accept", list_)), "--reason", "sample, for tests"]


@pytest.fixture
def loaded(screen):
    code, out, _ = screen("lists", "update", str(LISTS), "--json", *accept(*READERS))
    assert code == 0 and len(json.loads(out)["lists"]) == 8
    return screen


def partners(tmp_path: Path, rows: str) -> str:
    path = tmp_path / "partners.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    return str(path)


def test_the_lists_by_the_command_line(screen, tmp_path: Path) -> None:
    folder = shutil.copytree(LISTS / "ofac_2024-01-08", tmp_path / "ofac_2024-01-08")
    code, out, _ = screen("lists", "update", str(folder), "--json")
    told = json.loads(out)
    assert code == 1 and [row["state"] for row in told["lists"]] == ["refused"]
    facts = [problem["values"] for problem in told["problems"]]
    assert [(one["counted"], one["count"], one["least"]) for one in facts] == [
        ("records", 244, 7_000), ("names", 621, 15_000)]  # fmt: skip
    code, out, _ = screen("lists", "update", str(folder))
    assert code == 1 and "--accept ofac-sdn" in out
    assert screen.error.code == "lists-have-faults"
    code, out, _ = screen("lists", "update", str(folder), *accept("ofac-sdn"))
    assert code == 0 and "ofac-sdn" in out and "continuity screen run" in out
    code, out, _ = screen("lists", "status", "--json")
    (row,) = [row for row in json.loads(out) if row["list"] == "ofac-sdn"]
    assert code == 1 and (row["state"], row["reason"]["code"]) == ("red", "list-incomplete")
    assert row["reason"]["values"]["person"] == "ada"
    parts = [part["values"] for part in row["reason"]["values"]["parts"]]
    assert [(part["count"], part["least"]) for part in parts] == [(244, 7_000), (621, 15_000)]
    (folder / "sdn.csv").write_bytes(b"\x1a")
    version = row["version"]
    code, out, err = screen("lists", "update", str(folder), "--json")
    assert code == 1 and "Traceback" not in err
    assert "list-without-records" in {one["code"] for one in json.loads(out)["problems"]}
    (row,) = [row for row in json.loads(screen("lists", "status", "--json")[1])
              if row["list"] == "ofac-sdn"]  # fmt: skip
    assert row["version"] == version
    yes = ("lists", "update", str(folder), "--accept", "ofac-sdn", "--reason", "published empty")
    assert screen(*yes, by="mallory")[0] == 1
    assert screen(*yes)[0] == 0
    assert screen("lists", "update")[0] == 2
    assert screen("lists", "update", str(tmp_path / "nowhere"))[0] == 2
    assert screen("lists", "update", str(folder), "--as-of", "yesterday")[0] == 2


def test_partners_hits_decisions(loaded, continuity, tmp_path: Path) -> None:
    file = partners(tmp_path, "P1,Tiva Polymer,supplier,SY\nP2,Nordsee Trading,carrier,DE\n")
    code, out, _ = loaded("partners", file, "--json")
    told = json.loads(out)
    assert code == 1 and told["screened"] == 2 and told["problems"] == []
    assert {row["record"] for row in told["hits"]} == {"ofac-sdn/16527"}
    assert [row["state"] for row in told["standing"]] == ["stop", "not screened"]
    hit = told["hits"][0]["hit"]
    code, out, _ = loaded("hits", hit, "--json")
    words = {word["partner"]: (word["listed"], word["likeness"])
             for word in json.loads(out)["explanation"]["words"]}  # fmt: skip
    assert code == 0 and words["POLYMER"] == ("POLYMER", 1.0)
    code, out, _ = loaded("hits", hit)
    assert code == 0 and "TIVA POLYMER CO." in out and "ofac-sdn/16527" in out
    code, out, _ = loaded("decide", hit, "--clear", "--reason", "another firm", "--json")
    told = json.loads(out)
    assert code == 0 and (told["state"], told["reason"]["code"]) == ("waiting", "hit-proposed")
    _, out, _ = continuity("people", "enrol", "bo")
    phone = pyotp.parse_uri(next(line for line in out.splitlines() if line.startswith("otpauth")))
    done = loaded("decide", hit, "--clear", "--reason", "I agree", "--code",
                  phone.at(clock.now()), "--json", by="bo")  # fmt: skip
    assert done[0] == 0 and json.loads(done[1])["state"] == "cleared"
    code, out, _ = loaded("hits", "--json")
    assert code == 0 and json.loads(out) == []
    told = json.loads(loaded("partners", file, "--json")[1])["standing"]
    assert [row["state"] for row in told] == ["not screened", "not screened"]
    assert loaded("decide", hit, "--clear", "--confirm", "--reason", "x")[0] == 2
    assert len(json.loads(loaded("hits", "--all", "--json")[1])) == 1


BAD = "P1,Tiva Polymer,supplier,SY\nP1,Emma Two,supplier,SY\nP3,,supplier,SY\nP4,Delta,seller,SY\n"


def test_bad_rows_change_nothing_until_the_rest_is_asked_for(loaded, tmp_path: Path) -> None:
    file = partners(tmp_path, BAD)
    code, out, err = loaded("partners", file)
    assert code == 2 and "--accept-clean" in out and "Traceback" not in err
    error = loaded.error
    assert error.code == "partner-file-invalid" and error.values["count"] == 3
    assert [(one.row, one.column) for one in error.problems] == [
        (3, "Partner ID"), (4, "Name"), (5, "Role")]  # fmt: skip
    assert all(one.value in err for one in error.problems)
    assert json.loads(loaded("risk", "--json")[1]) == []
    code, out, err = loaded("partners", file, "--accept-clean", "--json")
    told = json.loads(out)
    assert code == 2 and told["partners"] == 1 and told["refused"] == 3 and len(told["hits"]) == 1
    assert len(told["problems"]) == 3
    assert (loaded.error.code, loaded.error.values["count"]) == ("partner-rows-left-out", 3)
    assert [row["partner"] for row in json.loads(loaded("risk", "--json")[1])] == ["P1"]


def test_a_whole_file_retires_only_if_every_row_is_clean(loaded, tmp_path: Path) -> None:
    loaded("partners", partners(tmp_path, "P1,Acme,supplier,DE\nP2,Beta,supplier,DE\n"))
    faulty = partners(tmp_path, "P1,Acme,supplier,DE\nP2,,supplier,DE\n")
    assert loaded("partners", faulty, "--whole", "--accept-clean")[0] == 2
    empty = partners(tmp_path, "")
    assert loaded("partners", empty, "--whole")[0] == 2
    assert loaded.error.code == "partner-file-empty"
    assert len(json.loads(loaded("risk", "--json")[1])) == 2
    loaded("partners", partners(tmp_path, "P1,Acme,supplier,DE\n"), "--whole")
    assert [row["partner"] for row in json.loads(loaded("risk", "--json")[1])] == ["P1"]


@pytest.mark.parametrize(
    ("data", "row", "column"),
    [
        (b"Partner ID,Name\nP1,Caf\xe9\n", 2, "Name"),
        (b'Partner ID,Name\nP1,"open\n', 2, ""),
        (b"Partner ID,Name\nP1," + b"x" * (5 << 20) + b"\n", 2, "Name"),
        (b"", 0, ""),
        (b"Firm\nAcme\n", 1, ""),
    ],
)
def test_a_broken_file_is_told(loaded, tmp_path: Path, data: bytes, row: int, column: str) -> None:
    path = tmp_path / "partners.csv"
    path.write_bytes(data)
    code, out, err = loaded("partners", str(path), "--accept-clean")
    assert code == 2 and "partners.csv" in err and "Traceback" not in err and len(err) < 3000
    code, out, _ = loaded("partners", str(path), "--json")
    (problem,) = json.loads(out)["problems"]
    assert code == 2 and (problem["row"], problem["column"]) == (row, column)


def test_one_name(loaded) -> None:
    code, out, _ = loaded("name", "T.I.V.A. Polymer Ltd", "--country", "IR", "--json")
    told = json.loads(out)
    assert code == 1 and told["state"] == "stop" and told["hits"][0]["effect"] == "block"
    assert told["hits"][0]["record"] == "ofac-sdn/16527"
    told = json.loads(loaded("name", "Nordsee Trading", "--json")[1])
    assert (told["state"], told["hits"]) == ("not screened", [])
    assert {one["code"] for one in told["not_screened"]} == {"lists-red"}
    assert loaded("name", " ")[0] == 2
    assert loaded("name", "Acme", "--country", "Atlantis")[0] == 2
    (problem,) = loaded.error.problems
    assert (problem.code, problem.value) == ("partner-country-unknown", "Atlantis")
    rows = json.loads(loaded("log", "--json")[1])
    assert [(row["by"], row["about"]) for row in rows] == [("ada", "Nordsee Trading"),
                                                            ("ada", "T.I.V.A. Polymer Ltd")]  # fmt: skip


def test_the_own_deny_list(loaded, tmp_path: Path) -> None:
    loaded("partners", partners(tmp_path, "P1,Crooked Trading,supplier,DE\n"))
    assert loaded("deny", "Crooked Trading LLC")[0] == 2
    code, out, _ = loaded("deny", "Crooked Trading LLC", "--reason", "asked us to misdeclare",
                          "--json")  # fmt: skip
    assert code == 0 and json.loads(out)["record"] == "own/0001"
    code, out, _ = loaded("run", "--json")
    told = json.loads(out)
    assert code == 1 and told["scope"] == "changes" and told["new"][0]["record"] == "own/0001"
    assert loaded("deny", "--remove", "own/0009", "--reason", "a namesake")[0] == 1
    assert loaded.error.code == "deny-record-not-found"
    assert loaded.error.values["record"] == "own/0009"
    assert loaded("deny", "--remove", "own/0001", "--reason", "a namesake")[0] == 0
    assert json.loads(loaded("run", "--json")[1])["gone"] == [told["new"][0]["hit"]]
    assert json.loads(loaded("deny", "--json")[1]) == []


def test_risk_review_and_status(loaded, continuity, tmp_path: Path) -> None:
    loaded("partners", partners(tmp_path, "P1,CloudHost,it_provider,US\nP2,Tiva Polymer,supplier,SY\n"))
    code, out, _ = loaded("risk", "P1")
    assert code == 0 and "P1 CloudHost" in out and "+30" in out
    (row,) = json.loads(loaded("risk", "P1", "--json")[1])
    points = {reason["code"]: reason["points"] for reason in row["reasons"]}
    assert points["attestation-missing"] == 30
    assert {one["code"] for one in row["not_screened"]} == {"lists-red"}
    code, out, _ = loaded("review", "P1", "--note", "asked for their SOC 2", "--json")
    assert code == 0 and json.loads(out)["tier"] == "high"
    assert loaded("review", "P2", "--note", "looked")[0] == 1
    assert loaded("risk", "P9")[0] == 1
    due = [row["partner"] for row in json.loads(loaded("risk", "--due", "--json")[1])]
    assert due == ["P2"]
    rows = {row["what"]: row for row in json.loads(continuity("status", "--json")[1])["needs"]}
    hits = rows["screening hits"]
    assert (hits["light"], hits["about"]) == ("red", "P9") and "1 " in hits["fact"]
    assert rows["screening lists"]["next"] == "continuity screen lists update DIR, or --download"
    assert hits["since"] and rows["screening lists"]["since"]
    assert continuity("duties", "export", "--out", str(tmp_path / "evidence"))[0] == 0
    (paper,) = (tmp_path / "evidence").glob("*.pdf")
    assert "screening hits" in " ".join(PdfReader(paper).pages[0].extract_text().split())
    page = continuity("status")[1]  # the page is cut after its newest lines
    assert "screening hits" in page and "screening lists" in page


def test_status_says_nothing_of_screening_where_nobody_is_screened(continuity) -> None:
    told = json.loads(continuity("status", "--json")[1])
    assert not [row for row in told["needs"] if row["what"].startswith("screening")]
