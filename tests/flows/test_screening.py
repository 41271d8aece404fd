"""The screening flow: lists, hits, artifact, mail; and running it again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.settings import Settings, load_settings
from tasks.screening.partners.partner_file import read_partners
from tasks.screening.partners.partner_register import take_partners
from tasks.security.people import add_person
from tasks.transport.mail import waiting_letters
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.screening.conftest import LISTS

pytestmark = pytest.mark.usefixtures("prefect_server")
MAIL = """
[screening]
mail_to = ["compliance"]
[mail]
sender = "screening@harbor.example"
recipients = { compliance = ["ada@harbor.example"] }
"""


@pytest.fixture
def office(journal, content, house: Settings, excerpts_are_whole, tmp_path: Path) -> Settings:
    (house.home / "continuity.toml").write_text(SETTINGS + MAIL)
    add_person(journal, "ada", "Ada Vance", "1", ["approver", "compliance"], "it")
    path = tmp_path / "partners.csv"
    path.write_text("Partner ID,Name,Role\nP1,Tiva Polymer,supplier\nP2,Nordsee Trading,carrier\n")
    read = read_partners(path)
    take_partners(Workspace(house, journal=journal), "ada", read.partners, source=read.sha256, file=read.file)
    return load_settings(house.home)


def run(office: Settings, **options: object):
    from flows.screening import screening

    given = {"folder": str(LISTS), **options}
    return screening(str(office.home), "ada", return_state=True, **given)


def artifacts() -> dict[str, str]:
    from prefect.client.orchestration import get_client

    async def read() -> dict[str, str]:
        async with get_client() as client:
            found = await client.read_latest_artifacts()
        return {str(one.key): f"{one.description} {one.data}" for one in found}

    return asyncio.run(read())


def test_a_hit_is_published_and_told_once(office: Settings, journal) -> None:
    first = run(office)
    assert first.name == "HitsWait" and first.result()["scope"] == "full"
    assert len(first.result()["lists"]["new"]) == 8
    told = artifacts()["screening-hits"]
    assert "ofac-sdn/16527" in told and "block" in told
    # ids alone: no name of a partner or of somebody listed
    assert "Tiva" not in told and "TIVA" not in told
    letters = waiting_letters(journal)
    assert len(letters) == 1 and "1 new hit(s), 1 block a partner" in letters[0].title
    again = run(office)
    assert again.name == "HitsWait" and again.result()["new"] == []
    assert [one.id for one in waiting_letters(journal)][:1] == [letters[0].id]


def test_a_refused_list_keeps_its_old_version_and_the_rest_goes_on(office: Settings, journal, january: Path) -> None:
    run(office)
    (january / "sdn.csv").write_bytes(b"\x1a")
    state = run(office, folder=str(january))
    assert state.result()["lists"]["kept"] == ["ofac-sdn"]
    assert state.result()["hits"] == 1
    assert "old version kept, see the log: ofac-sdn" in (state.message or "")
    assert len(waiting_letters(journal)) == 2


def test_without_partners_it_says_that_lists_are_red(house: Settings, journal) -> None:
    from flows.screening import screening

    assert clock.text() > "2024"
    state = screening(str(house.home), "ada", update=False, return_state=True)
    assert state.name == "Red" and "subset" in state.message
