"""A house with partners, for tests: files in, screenings, decisions, with as little ado as possible."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.screening.hits import screening_run
from tasks.screening.hits.hit_decisions import ScreeningHit, current_hits, find_hit
from tasks.screening.hits.screening_run import ScreeningOutcome, screen_register
from tasks.screening.lists import list_loading, list_versions
from tasks.screening.lists.list_loading import ListIntake
from tasks.screening.partners.partner_file import read_partners
from tasks.screening.partners.partner_register import RegisterChange, take_partners
from tasks.workspace import Workspace

HEAD = "Partner ID,Name,Role,Country,City,Owners\n"


@dataclass
class World:
    house: Workspace
    folder: Path
    lists: Path

    def take(self, rows: str, **options: Any) -> RegisterChange:
        path = self.folder / "partners.csv"
        path.write_text(HEAD + rows, encoding="utf-8")
        found = read_partners(path)
        assert found.problems == ()
        return take_partners(self.house, "ada", found.partners,
                             source=found.sha256, file=found.file, **options)  # fmt: skip

    def load(self, *folders: str, **options: Any) -> None:
        intake = ListIntake("ada", **options)
        for folder in folders:
            loaded = list_loading.load_folder(self.house, intake, self.lists / folder)
            assert {one.state for one in loaded} <= {"new", "unchanged"}, loaded

    def change_record(self, record: str, **values: Any) -> None:
        """A new version of a list in which one record reads otherwise."""
        from tasks.screening.events import ListLoaded
        from tasks.screening.lists import list_schema

        list_ = record.partition("/")[0]
        journal, content = self.house.journal, self.house.content
        rows = list_versions.records_of(self.house, list_).to_pylist()
        rows = [row | values if row["record"] == record else row for row in rows]
        rows = [row | {"digest": list_schema.digest_of_row(row)} for row in rows]
        import pyarrow as pa

        table = pa.Table.from_pylist(rows, schema=list_schema.RECORDS)
        body = ListLoaded(list_id=list_, content=content.put(list_schema.to_bytes(table)),
                                sources=[], as_of="2024-02-01", records=len(rows),
                                names=1)  # fmt: skip
        journal.append(body, f"list/{list_}", "ada")

    def screen(self, **options: Any) -> ScreeningOutcome:
        return screen_register(self.house, "ada", **options)

    def states(self) -> dict[tuple[str, str], str]:
        return {(hit.partner, hit.record): hit.state for hit in current_hits(self.house)}

    def hit(self, partner: str, record: str) -> ScreeningHit:
        return find_hit(self.house, screening_run.hit_id(partner, record))
