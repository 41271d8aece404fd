"""Folders of files: each new one answered once, each answer written once, whatever crashes."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tasks.ace.stand_in.book import Book
from tasks.ace.stand_in.notices import issue
from tasks.ace.stand_in.records import WIDTH
from tasks.ace.stand_in.work import Worker, batches
from tasks.shared.errors import BadInput, Problem
from tasks.shared.files import write_atomic


@dataclass
class FolderRun:
    """One look at a folder: files answered, files written, and files that hold no batch."""

    read: list[str] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)


class Folder:
    """The way between two folders and a book."""

    def __init__(self, book: Book, worker: Worker) -> None:
        self._book, self._worker = book, worker

    def process(self, inbox: Path, outbox: Path, *, late: bool, line_ends: bool) -> FolderRun:
        run = FolderRun()
        for path in sorted(inbox.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                self._file(path, run)
        with self._book.writing():
            kept = self._worker.late() if late else []
            stamp = f"{self._book.tick():%Y%m%dT%H%M%S}"
            told = issue(self._book)
            names = [f"{stamp}-{name.lower()}-{k:02d}.abi" for k, (name, _) in enumerate(told, 1)]
            self._keep([*kept, *zip(names, (data for _, data in told), strict=True)])
        self._write(outbox, run, line_ends=line_ends)
        return run

    def _file(self, path: Path, run: FolderRun) -> None:
        data = path.read_bytes()
        work = f"{path.name} {sha256(data).hexdigest()}"
        if self._book.run("SELECT 1 FROM files WHERE work = ?", work):
            return
        try:
            found = list(batches(data, path.name))
        except BadInput as wrong:
            run.refused += wrong.problems
            return
        answers = [self._worker.batch(batch, work, index) for index, batch in found]
        with self._book.writing():
            for index, answer in enumerate(answers, 1):
                self._keep(self._worker.delivered(f"{path.stem}.answer-{index:02d}", answer))
            self._book.run("INSERT INTO files VALUES (?, ?)", work, self._book.tick())
            self._book.run("DELETE FROM done WHERE work = ?", work)
        run.read.append(path.name)

    def _keep(self, named: list[tuple[str, bytes]]) -> None:
        """Set aside for writing, under a name that was never used."""
        for name, data in named:
            free, count = name, 1
            while self._book.run("SELECT 1 FROM outgoing WHERE name = ?", free):
                count += 1
                free = f"{name.removesuffix('.abi')}-{count}.abi"
            self._book.run("INSERT INTO outgoing VALUES (?, ?, 0)", free, data)

    def _write(self, outbox: Path, run: FolderRun, *, line_ends: bool) -> None:
        rows = self._book.run("SELECT name, data FROM outgoing WHERE NOT written ORDER BY rowid")
        for row in rows:
            data = _lined(row["data"]) if line_ends else row["data"]
            run.written.append(write_atomic(outbox / row["name"], data))
            with self._book.writing():
                self._book.run("UPDATE outgoing SET written = 1 WHERE name = ?", row["name"])


def _lined(data: bytes) -> bytes:
    return b"".join(data[at : at + WIDTH] + b"\n" for at in range(0, len(data), WIDTH))
