"""The pages themselves: a scanner reads the number, nothing is cut off, nothing lies on anything else, with
one line and with two hundred, with long names and letters of other scripts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from tasks.core import clock
from tasks.core.journal.journal import Journal
from tasks.core.settings import BrokerSettings, Settings
from tasks.incident.after_release import discretion_grants
from tasks.incident.after_release.release_events import DiscretionGranted
from tasks.incident.agencies import requirement_matrix
from tasks.incident.agencies.agency_papers import record_exception
from tasks.incident.letters.blank_letters import blank_letter
from tests.conftest import missing_part
from tests.entries import one
from tests.entries.house import book_of
from tests.incident.paper_world import World, open_world, text_of

LONG = "Ærøskøbing Großhandelsgesellschaft für Außenhandel ÅÄÖ 台灣 Ελλάδα"
_XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    if not shutil.which("pdftotext"):
        missing_part("poppler-utils")
    return open_world(book_of(house, journal), tmp_path / "scratch")


Word = tuple[float, float, float, float, str]


def words(path: Path) -> list[tuple[float, float, list[Word]]]:
    """Width, height and words of each page in points, as poppler finds them."""
    said = subprocess.run(["pdftotext", "-bbox", path, "-"], check=True, capture_output=True).stdout
    pages = []
    for page in ElementTree.fromstring(said).iter(f"{_XHTML}page"):
        found = [(float(w.get("xMin", 0)), float(w.get("yMin", 0)), float(w.get("xMax", 0)),
                  float(w.get("yMax", 0)), w.text or "") for w in page.iter(f"{_XHTML}word")]  # fmt: skip
        pages.append((float(page.get("width", 0)), float(page.get("height", 0)), found))
    return pages


def overlaps(found: list[Word]) -> list[tuple[str, str]]:
    """Words that lie on each other by more than a hair. A box is as high as the font's line, so only the
    middle of it counts."""
    bad = []
    ordered = sorted(found, key=lambda w: w[1])
    for place, (x0, y0, x1, y1, text) in enumerate(ordered):
        third = (y1 - y0) / 3
        for u0, v0, u1, v1, other in ordered[place + 1 :]:
            if v0 > y1:
                break
            high = min(y1 - third, v1 - (v1 - v0) / 3) - max(y0 + third, v0 + (v1 - v0) / 3)
            if high > 0 and min(x1, u1) - max(x0, u0) > 1:
                bad.append((text, other))
    return bad


def check(path: Path, margin: float = 20.0) -> int:
    """Every word stands on the page and on nothing else; returns how many pages there are."""
    pages = words(path)
    for width, height, found in pages:
        assert found
        for x0, y0, x1, y1, text in found:
            assert margin <= x0 and x1 <= width - margin and y0 >= 5 and y1 <= height - 5, text
        assert overlaps(found) == []
    return len(pages)


def crowded(lines: int) -> one.Rows:
    """As many lines as wanted, each as full as the record lets it be."""
    rows = one.rows(mode="30")
    line, tariff = rows["lines"][0], rows["tariffs"][0]
    rows["lines"] = [
        {**line, "line": n, "description": f"LINE {n} STEEL HAND TOOLS WITH HANDLES OF ASH WOOD"[:70],
         "ad_case": "A570123000" if n % 3 == 0 else None, "cd_case": "C570123000" if n % 3 == 0 else None}
        for n in range(1, lines + 1)
    ]  # fmt: skip
    rows["tariffs"] = [
        {**tariff, "line": n, "position": place, "hts_number": hts, "value": value}
        for n in range(1, lines + 1)
        for place, hts, value in ((1, "99038803", None), (2, "99030125", None),
                                  (3, "8471300100", 1_234_567))
    ]  # fmt: skip
    rows["pga"] = [
        {"line": n, "position": 3, "agency": "FDA", "program": "FOO", "form": "prior notice",
         "reference": f"26110{n % 5:07d}"} for n in range(1, lines + 1)
    ]  # fmt: skip
    rows["bills"] = [{**rows["bills"][0], "bill_group": n, "bill_number": f"B{n:049d}"} for n in range(1, 13)]
    rows["equipment"] = [{"bill_group": n, "equipment_number": f"MSCU{n:07d}", "seal": f"S{n:019d}"}
                         for n in range(1, 13)]  # fmt: skip
    rows["parties"] += [{**rows["parties"][0], "line": n} for n in range(1, min(lines, 20))]
    return rows


@pytest.mark.parametrize("lines", [1, 200])
def test_pages_with_few_and_with_many_lines(world: World, lines: int) -> None:
    number = world.record_rows(
        crowded(lines), mode="30", importer_name=LONG[:35], importer_address=(LONG * 2)[:120],
        carrier_name="TRANSPORTES INTERNACIONALES MUY LARG", perishable=True, immediate_delivery=True,
    )  # fmt: skip
    made = world.letter(number)
    assert check(made.path) == made.pages and made.pages >= (2 if lines == 1 else 10)


def test_goods_let_go_without_the_papers_of_many_lines(world: World) -> None:
    """One warning an agency, not one a line: it ran over the foot of its page, and cut the rest off.
    Every page of the sheet names its entry, and the lines are added up."""
    rows = crowded(60)
    for row in rows["pga"]:
        row["agency"] = ("FDA", "APH")[row["line"] % 2]
        row["reference"] = None
    number = world.record_rows(rows, mode="30")
    for agency in ("FDA", "APH"):
        record_exception(world.book, number, agency, f"the officer keeps it {LONG * 50}", "ada")
    made = world.letter(number)
    assert check(made.path) == made.pages
    said = [page.extract_text() for page in PdfReader(made.path).pages]
    assert sum(page.count("Without the paper of") for page in said) == 2
    assert all(f"{number} · filer" in page for page in said[1:])
    assert "60 lines in all" in "".join(said) and "74,074,020 USD" in "".join(said)


@pytest.mark.parametrize("count", [12, pytest.param(200, marks=pytest.mark.long)])
def test_a_letter_for_a_port_with_many_entries(world: World, count: int) -> None:
    entries = [one.rows(mode="11") for _ in range(count)]
    numbers = world.record_many(entries, importer_name=LONG[:35], perishable=True)
    made = world.letter(*numbers, per="port")
    assert check(made.path) == made.pages > count


def scanned(path: Path, page: int, dots: int = 150) -> list[str]:
    """What a scanner reads on a page printed at so many dots an inch."""
    out = path.with_suffix("")
    subprocess.run(["pdftoppm", "-r", str(dots), "-png", "-f", str(page), "-l", str(page), "-singlefile",
                    path, out], check=True)  # fmt: skip
    return [code.text for code in zxingcpp.read_barcodes(Image.open(out.with_suffix(".png")))]


def test_a_scanner_reads_the_entry_number_on_letter_and_sheet(world: World) -> None:
    number = world.record("11")
    path = world.letter(number).path
    assert scanned(path, 1) == [number] and scanned(path, 2) == [number]


def test_the_attachment_on_discretion_and_the_matrix(world: World, tmp_path: Path) -> None:
    number = world.record_rows(crowded(3), mode="30", importer_name=LONG[:35])
    given = DiscretionGranted(reference="OT-2026-0099", first="2026-11-01", last="2026-11-30",
                                    reason=LONG * 6, acts=["late-summary"], proof="x")  # fmt: skip
    paper = tmp_path / "discretion.pdf"
    paper.write_bytes(discretion_grants.attachment(world.book, given, number, "late-summary"))
    assert check(paper) == 1 and scanned(paper, 1) == [number]
    listed = tmp_path / "matrix.pdf"
    listed.write_bytes(requirement_matrix.files(world.book)["pga-matrix.pdf"])
    assert check(listed) == 1


def test_a_letter_to_be_filled_in_by_hand(world: World, tmp_path: Path) -> None:
    lacking = tmp_path / "lacking.pdf"
    bare = world.book.settings(BrokerSettings).model_copy(update={"permit": "", "address": ""})
    lacking.write_bytes(blank_letter(bare, clock.now()))
    said = " ".join(text_of(lacking).split())
    assert "NOT SET when this was printed: [broker] permit, [broker] address" in said
    assert "Permit number" in said and "permit NOT SET" in said and len(PdfReader(lacking).pages) == 2
    paper = tmp_path / "blank.pdf"
    paper.write_bytes(blank_letter(world.book.settings(BrokerSettings), clock.now()))
    assert check(paper) == 2
