"""A house with partners, for tests: files in, screenings, decisions, with as little ado as possible."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.screening import decisions, partner_file, register, running
from tasks.screening.lists import loading, versions
from tasks.workspace import Workspace

HEAD = "Partner ID,Name,Role,Country,City,Owners\n"


@dataclass
class World:
    house: Workspace
    folder: Path
    lists: Path

    def take(self, rows: str, **options: Any) -> register.Taken:
        path = self.folder / "partners.csv"
        path.write_text(HEAD + rows, encoding="utf-8")
        found = partner_file.read(path)
        assert found.problems == ()
        return register.take(self.house, "ada", found.partners,
                             source=found.sha256, file=found.file, **options)  # fmt: skip

    def load(self, *folders: str, **options: Any) -> None:
        intake = loading.Intake("ada", **options)
        for folder in folders:
            loaded = loading.load_folder(self.house, intake, self.lists / folder)
            assert {one.state for one in loaded} <= {"new", "unchanged"}, loaded

    def change_record(self, record: str, **values: Any) -> None:
        """A new version of a list in which one record reads otherwise."""
        from tasks.screening.lists import tables
        from tasks.shared.kinds.screening import ListLoaded

        list_ = record.partition("/")[0]
        journal, content = self.house.journal, self.house.content
        rows = versions.records_of(self.house, list_).to_pylist()
        rows = [row | values if row["record"] == record else row for row in rows]
        rows = [row | {"digest": tables.digest_of_row(row)} for row in rows]
        import pyarrow as pa

        table = pa.Table.from_pylist(rows, schema=tables.RECORDS)
        body = ListLoaded(list_id=list_, content=content.put(tables.to_bytes(table)),
                                sources=[], as_of="2024-02-01", records=len(rows),
                                names=1)  # fmt: skip
        journal.append(body, f"list/{list_}", "ada")

    def screen(self, **options: Any) -> running.Outcome:
        return running.screen(self.house, "ada", **options)

    def states(self) -> dict[tuple[str, str], str]:
        return {(hit.partner, hit.record): hit.state for hit in decisions.hits(self.house)}

    def hit(self, partner: str, record: str) -> decisions.Hit:
        return decisions.find(self.house, running.hit_id(partner, record))
