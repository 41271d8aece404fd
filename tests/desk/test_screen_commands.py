"""The screening commands as their users run them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyotp
import pytest
from pypdf import PdfReader

from tasks.screening.lists.catalogue import READERS
from tasks.shared import clock
from tests.screening.conftest import LISTS

HEAD = "Partner ID,Name,Role,Country\n"


@pytest.fixture
def screen(continuity):
    """`continuity screen ...` by Ada, whose house knows her and Bo."""
    for person, name in (("ada", "Ada Vance"), ("bo", "Bo Harbor")):
        continuity("people", "add", person, "--name", name, "--role", "compliance")

    def call(*arguments: str, by: str = "ada") -> tuple[int, str, str]:
        return continuity("screen", *arguments, by=by)

    return call


def accept(*lists: str) -> list[str]:
    """The yes of a named person to excerpts that are below their floors."""
    return [
        *(word for list_ in lists for word in ("--accept", list_)),
        "--reason",
        "sample, for tests",
    ]


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
    code, out, err = screen("lists", "update", str(folder))
    assert (
        code == 1
        and "244 records, at least 7,000 in a whole list" in err
        and "--accept ofac-sdn" in out
    )
    code, out, _ = screen("lists", "update", str(folder), *accept("ofac-sdn"))
    assert code == 0 and "ofac-sdn" in out and "screen run" in out
    code, out, _ = screen("lists", "status", "--json")
    states = {row["list"]: (row["state"], row["why"]) for row in json.loads(out)}
    assert code == 1 and states["ofac-sdn"] == (
        "red", "not whole: 244 records, at least 7,000 in a whole list; 621 names, at least 15,000 in a "
        "whole list; accepted by ada")  # fmt: skip
    (folder / "sdn.csv").write_bytes(b"\x1a")
    code, out, err = screen("lists", "update", str(folder))
    assert (
        code == 1 and "what was in force before stays in force" in out and "holds no record" in err
    )
    assert "Traceback" not in err
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
    code, out, _ = loaded("hits", hit)
    assert code == 0 and "TIVA POLYMER CO." in out and "word      POLYMER = POLYMER, 100%" in out
    code, out, _ = loaded("decide", hit, "--clear", "--reason", "another firm")
    assert code == 0 and "a second person" in out
    _, out, _ = continuity("people", "enrol", "bo")
    phone = pyotp.parse_uri(next(line for line in out.splitlines() if line.startswith("otpauth")))
    done = loaded("decide", hit, "--clear", "--reason", "I agree", "--code",
                  phone.at(clock.now()), "--json", by="bo")  # fmt: skip
    assert done[0] == 0 and json.loads(done[1])["state"] == "cleared"
    code, out, _ = loaded("hits", "--json")
    assert code == 0 and json.loads(out) == []
    told = loaded("partners", file)[1]
    assert told.count("2 not screened, 0 clear") == 1
    assert loaded("decide", hit, "--clear", "--confirm", "--reason", "x")[0] == 2
    assert len(json.loads(loaded("hits", "--all", "--json")[1])) == 1


BAD = "P1,Tiva Polymer,supplier,SY\nP1,Emma Two,supplier,SY\nP3,,supplier,SY\nP4,Delta,seller,SY\n"


def test_bad_rows_change_nothing_until_the_rest_is_asked_for(loaded, tmp_path: Path) -> None:
    file = partners(tmp_path, BAD)
    code, out, err = loaded("partners", file)
    assert code == 2 and "--accept-clean" in out
    for told in ("row 3, column Partner ID", "row 4, column Name", "row 5, column Role"):
        assert told in err
    assert "Traceback" not in err
    assert json.loads(loaded("risk", "--json")[1]) == []
    code, out, err = loaded("partners", file, "--accept-clean", "--json")
    told = json.loads(out)
    assert code == 2 and told["partners"] == 1 and told["refused"] == 3 and len(told["hits"]) == 1
    assert len(told["problems"]) == 3 and "were left out" in err
    assert [row["partner"] for row in json.loads(loaded("risk", "--json")[1])] == ["P1"]


def test_a_whole_file_retires_only_if_every_row_is_clean(loaded, tmp_path: Path) -> None:
    loaded("partners", partners(tmp_path, "P1,Acme,supplier,DE\nP2,Beta,supplier,DE\n"))
    faulty = partners(tmp_path, "P1,Acme,supplier,DE\nP2,,supplier,DE\n")
    assert loaded("partners", faulty, "--whole", "--accept-clean")[0] == 2
    empty = partners(tmp_path, "")
    code, _, err = loaded("partners", empty, "--whole")
    assert code == 2 and "holds no partner" in err
    assert len(json.loads(loaded("risk", "--json")[1])) == 2
    loaded("partners", partners(tmp_path, "P1,Acme,supplier,DE\n"), "--whole")
    assert [row["partner"] for row in json.loads(loaded("risk", "--json")[1])] == ["P1"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Partner ID,Name\nP1,Caf\xe9\n", "row 2, column Name: [E001] not UTF-8"),
        (b'Partner ID,Name\nP1,"open\n', "row 2"),
        (b"Partner ID,Name\nP1," + b"x" * (5 << 20) + b"\n", "row 2, column Name"),
        (b"", "empty"),
        (b"Firm\nAcme\n", "no column Partner ID, Name"),
    ],
)
def test_a_broken_file_is_told(loaded, tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "partners.csv"
    path.write_bytes(data)
    code, out, err = loaded("partners", str(path), "--accept-clean")
    assert code == 2 and said in err and "Traceback" not in err and len(err) < 3000
    code, out, _ = loaded("partners", str(path), "--json")
    assert code == 2 and json.loads(out)["problems"]


def test_one_name(loaded) -> None:
    code, out, _ = loaded("name", "T.I.V.A. Polymer Ltd", "--country", "IR", "--json")
    told = json.loads(out)
    assert code == 1 and told["state"] == "stop" and told["hits"][0]["effect"] == "block"
    assert told["hits"][0]["record"] == "ofac-sdn/16527"
    told = json.loads(loaded("name", "Nordsee Trading", "--json")[1])
    assert (told["state"], told["hits"]) == ("not screened", []) and told["not_screened"]
    assert loaded("name", " ")[0] == 2
    assert loaded("name", "Acme", "--country", "Atlantis")[0] == 2
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
    _, _, err = loaded("deny", "--remove", "own/0009", "--reason", "a namesake")
    assert "is not on the own deny list; see continuity screen deny\n" in err
    assert loaded("deny", "--remove", "own/0001", "--reason", "a namesake")[0] == 0
    assert json.loads(loaded("run", "--json")[1])["gone"] == [told["new"][0]["hit"]]
    assert json.loads(loaded("deny", "--json")[1]) == []


def test_risk_review_and_status(loaded, continuity, tmp_path: Path) -> None:
    loaded(
        "partners", partners(tmp_path, "P1,CloudHost,it_provider,US\nP2,Tiva Polymer,supplier,SY\n")
    )
    code, out, _ = loaded("risk", "P1")
    assert code == 0 and "no attestation (SOC 2, ISO 27001)" in out and "+30" in out
    assert "RED, nobody is cleared by these lists" in out and "RED" in loaded("risk")[1]
    code, out, _ = loaded("review", "P1", "--note", "asked for their SOC 2")
    assert code == 0 and "tier high" in out
    assert loaded("review", "P2", "--note", "looked")[0] == 1
    assert loaded("risk", "P9")[0] == 1
    due = [row["partner"] for row in json.loads(loaded("risk", "--due", "--json")[1])]
    assert due == ["P2"]
    rows = {row["what"]: row for row in json.loads(continuity("status", "--json")[1])["needs"]}
    hits = rows["screening hits"]
    assert (hits["light"], hits["about"]) == ("red", "P9") and "1 undecided" in hits["fact"]
    assert rows["screening lists"]["next"] == "continuity screen lists update DIR, or --download"
    assert hits["since"] and rows["screening lists"]["since"]
    assert continuity("duties", "export", "--out", str(tmp_path / "evidence"))[0] == 0
    (paper,) = (tmp_path / "evidence").glob("*.pdf")
    assert "screening hits: 1 undecided" in " ".join(
        PdfReader(paper).pages[0].extract_text().split()
    )
    page = continuity("status")[1]  # the page is cut after its newest lines
    assert "screening hits" in page and "screening lists" in page


def test_status_says_nothing_of_screening_where_nobody_is_screened(continuity) -> None:
    told = json.loads(continuity("status", "--json")[1])
    assert not [row for row in told["needs"] if row["what"].startswith("screening")]
