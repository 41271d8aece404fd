"""Tables of a drill that leave the house say so themselves: a file is passed on without its folder."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from tasks import opening
from tasks.incident.agencies import requirement_matrix
from tasks.incident.letters.entry_documents import attach_document
from tasks.incident.letters.letter_records import export_documents
from tasks.incident.notices import draft_formats, drafting, exposed_numbers
from tasks.incident.notices.drafting import drafting_context
from tasks.incident.notices.exposed_numbers import record_exposure
from tasks.incident.notices.notice_plan import load_notice_plan
from tasks.incident.timeline import open_work_page
from tasks.incident.timeline.incident_state import require_incident
from tasks.opening import open_journal
from tests.conftest import SETTINGS
from tests.entries.house import book_of
from tests.incident.paper_world import World, open_world, pdf
from tests.incident.test_printed_pages import CONTACT, crowded
from tests.incident.world import crm, declared, with_systems


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = opening.make_home(tmp_path / "drill", SETTINGS, "it", drill=True)
    journal = open_journal(settings)
    yield open_world(book_of(settings, journal), tmp_path / "scratch", leave=False)
    journal.close()


def test_tables_of_a_drill_are_marked(world: World, morning: datetime) -> None:
    book = world.book
    office = book
    office = with_systems(office, crm(office))
    incident = declared(office, morning)
    number = world.record("11")
    listed, _ = record_exposure(office, ["crm"], "ada")
    assert exposed_numbers.as_csv(listed, True, office).count(b"DRILL") == 1 + len(listed)
    (table, *_) = open_work_page.write(office, incident, world.out())
    assert "DRILL" in table.read_text(encoding="utf-8-sig").splitlines()[0]
    attach_document(book, number, world.file("invoice.pdf", pdf()), "Invoice", "jo")
    letter = world.letter(number, without="nobody answers").letter
    folder = world.out()
    export_documents(book, letter, folder, "jo")
    with (folder / "index.csv").open(encoding="utf-8") as given:
        assert [row["drill"] for row in csv.DictReader(given)] == ["DRILL"]
    path = world.file("matrix.xlsx", requirement_matrix.files(book)["pga-matrix.xlsx"])
    assert str(pd.read_excel(path, header=None, nrows=1, engine="calamine").iloc[0, 0]).startswith("DRILL; made ")
    found = load_notice_plan(book.settings.home)
    desk = drafting_context(office, require_incident(book.journal.rows), found)
    draft = drafting.compose(desk, found.notice("breach"), CONTACT)
    long = [crowded(one, 61) for one in draft.tables]
    names = [name for name, _ in draft_formats.lists(msgspec.structs.replace(draft, tables=long))]
    assert names == ["DRILL-compromised-importer-numbers.csv"]
