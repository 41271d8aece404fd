"""An office with desks, numbers, recorded entries, a trade history and something to seal to."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tasks import opening
from tasks.core.settings import Settings
from tasks.entries.record.trade_history import load_history
from tasks.kit.builder import BuildOptions, KitBuild, build_kit
from tasks.security.sealing import SealRecipient
from tasks.security.sealing_keys import StretchCost
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.entries import house as desks, legal
from tests.entries.desk_cells import read_report

PHRASE, CHEAP = "five random words are better", StretchCost(6, 1, 1)
LONG = "Verwaltungs- und Beteiligungsgesellschaft für Ölmühlen mbH & Co. KG, Zweigstelle Łódź"


def known(folder: Path, count: int = 3) -> Path:
    path = folder / "report.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["Importer", "IOR", "HTS", "Origin", "AD case", "Quota", "Last entry"])
        for n in range(count):
            writer.writerow([f"{LONG} {n}", f"12-{3_000_000 + n}", f"{8481_805_000 + n}", "CN",
                             f"A570{123_000 + n}", "Y" if n % 2 else "", "2026-10-02"])  # fmt: skip
    return path


def furnish(settings: Settings, folder: Path) -> Workspace:
    office = Workspace(settings)
    desks.issue(office.journal, settings, "truck", 6)
    desks.issue(office.journal, settings, "ocean", 3)
    rows = read_report(known(folder))
    load_history(office.journal, office.content, "it", ("report.csv", rows, legal.TODAY))
    return office


@pytest.fixture
def office(house: Settings, tmp_path: Path) -> Iterator[Workspace]:
    """An office that a test may change."""
    furnished = furnish(house, tmp_path)
    yield furnished
    furnished.journal.close()


@dataclass(frozen=True)
class World:
    office: Workspace
    kit: KitBuild


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An office and its kit, which tests look at and leave as they are."""
    folder = tmp_path_factory.mktemp("world")
    furnished = furnish(opening.make_home(folder / "home", SETTINGS, "tests"), folder)
    yield World(furnished, made(furnished, folder / "kits"))
    furnished.journal.close()


@pytest.fixture
def kit(world: World, tmp_path: Path) -> KitBuild:
    """A copy of that kit, folder and archive, to be damaged."""
    assert world.kit.sealed is not None
    folder = tmp_path / "stick" / world.kit.folder.name
    shutil.copytree(world.kit.folder, folder)
    sealed = shutil.copy(world.kit.sealed, folder.with_name(world.kit.sealed.name))
    return replace(world.kit, folder=folder, sealed=Path(sealed))


def made(office: Workspace, out: Path | None, **more: object) -> KitBuild:
    order = BuildOptions(**{"out": out, "wheels": False, "to": SealRecipient(passphrase=PHRASE, cost=CHEAP), **more})  # type: ignore[arg-type]
    return build_kit(office, order, "it")
