"""The steps that outgrow one machine, on a Dask cluster of this one: the same results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.core.settings import load_settings
from tasks.opening import open_journal
from tasks.screening.partners.partner_file import read_partners
from tasks.screening.partners.partner_register import take_partners
from tasks.workspace import Workspace
from tests.conftest import SETTINGS, missing_part
from tests.flows.test_backup import backed_up  # noqa: F401 - a fixture
from tests.screening.conftest import LISTS

pytestmark = [pytest.mark.usefixtures("prefect_server"), pytest.mark.long]


@pytest.fixture(autouse=True)
def dask() -> None:
    try:
        import prefect_dask  # noqa: F401
    except ImportError:
        missing_part("the extra dask")


def with_dask(home: Path, where: str) -> None:
    path = home / "continuity.toml"
    kept = path.read_text().partition("[operations]")[0]
    path.write_text(f'{kept}[operations]\ndask = "{where}"\n')


def screened(home: Path) -> dict[str, Any]:
    """A house with two partners, screened whole; what the flow said."""
    from flows.screening import screening

    book = open_journal(load_settings(home))
    path = home.parent / "partners.csv"
    path.write_text("Partner ID,Name,Role\nP1,Cimex Iberica,supplier\nP2,Nordsee Trading,carrier\n")
    read = read_partners(path)
    workspace = Workspace(load_settings(home), journal=book)
    take_partners(workspace, "ada", read.partners, source=read.sha256, file=read.file)
    found = screening(str(home), "ada", folder=str(LISTS), return_state=True).result()
    book.close()
    return {name: found[name] for name in ("scope", "screened", "hits", "new", "undecided", "blocking")}


def test_screening_finds_the_same(tmp_path: Path) -> None:
    from tasks.opening import make_home

    found = []
    for where in ("", "local"):
        home = make_home(tmp_path / f"home{where}" / "h", SETTINGS, "tests").home
        with_dask(home, where)
        found.append(screened(home))
    assert found[0] == found[1] and found[0]["hits"] == 1


def test_a_backup_carries_off_the_same(backed_up) -> None:  # noqa: F811
    from flows.backup import backup

    with_dask(backed_up.home, "local")
    there = backup(str(backed_up.home), "bo", share=1, return_state=True)
    assert there.name == "Completed" and there.result()["damaged"] == []
    with_dask(backed_up.home, "")
    here = backup(str(backed_up.home), "bo", share=1, return_state=True)
    files = [[row["files"] for row in one.result()["taken"]] for one in (there, here)]
    assert files[0] == files[1] and sum(files[0]) >= 60
    # what the cluster stored is used again: little of it is new to the second run
    new = [sum(row["new bytes"] for row in one.result()["taken"]) for one in (there, here)]
    assert new[1] < new[0] / 2


def test_without_the_extra_it_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from tasks.core.errors import MissingPart
    from tasks.operations.steps import _cluster

    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    with pytest.raises(MissingPart, match="install the extra"):
        _cluster("local")
