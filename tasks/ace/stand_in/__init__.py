"""A stand-in for ACE: files in, answers out, state in one SQLite file. For drills and tests.

Written from CBP's chapters, not from our writers; it shares with them only the layouts, the
country list and the dated fee tables, so that a misreading on either side shows.

Covered
    envelope (Batch & Block v23): X03-X08, X10-X17, X19, X21-X27, X31-X42, X0/X1 answers;
    cargo release (SE v40): A, R, U, D with SX, the field rules of p.33-74, burnt numbers, requests
      that officers decide, bill match, release, quota, exam, hold, documents; SO notifications;
    entry summary (AE 2026-07): A, R, D with AX; identity and control, matrix, parties, bonds,
      transport, payment dates, lines, fees and totals, PSC, consolidated, certified (its SX comes
      with the unsolicited batches); versions, implicit delete; UC notifications;
    queries: EQ by number and date with stored image, CQ by entry, bill, air waybill and in-bond
      number, KI.
Not covered
    tariff, duty rates, quota balances, licences, FIRMS, MID and carrier files (formats only);
    census warnings and PGA conditions (agency records are taken as they are); ISF records of a
    unified filing (taken and not answered); reconciliation, drawback and all other applications
    (X13); sender and port profiles (X09, X18, X20, X28-X30, X43); a statement's own records.
Guessed, because no chapter says it
    SX codes (see `stand_in.release_rules`), code 997 of a deletion, border ports of EQ status 2,
    CAMIR code 1C in CQ, that 320 does not bind a quota entry that is released already, that a
    wrong broker reference deletes what is on file too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tasks.ace.stand_in import release as stand_in_release
from tasks.ace.stand_in.book import Book
from tasks.ace.stand_in.faults import Kind, StandInDied, switch
from tasks.ace.stand_in.folder import Folder, FolderRun
from tasks.ace.stand_in.notices import issue
from tasks.ace.stand_in.officer import Officer
from tasks.ace.stand_in.rows import Entry, Event, Summary
from tasks.ace.stand_in.work import Rules, Worker, batches

__all__ = ["FolderRun", "Holding", "Rules", "StandIn", "StandInDied"]

_AS_READ = Rules()


@dataclass(frozen=True)
class Holding:
    """What ACE holds under a number, and how often it was brought there.

    entry, summary: None if none is on file. The counts are of the whole history.
    """

    number: str
    entry: Entry | None
    summary: Summary | None
    burnt: bool
    counts: dict[str, int]

    def count(self, event: str) -> int:
        """How often something happened: `entry added`, `summary implicitly deleted`, ..."""
        return self.counts.get(event, 0)

    @property
    def stands_once(self) -> bool:
        """Brought there no more than once for each time that it was taken away."""
        gone = self.count("summary deleted") + self.count("summary implicitly deleted")
        keyed = self.count("summary keyed by officer")
        entries = self.count("entry added") + self.count("officer keyed")
        added = self.count("summary added") + keyed - gone
        return entries <= 1 and added <= 1 and bool(self.entry or self.summary)


class StandIn(Officer):
    """The stand-in. `path`: its state file, made if it is not there; `today`: its date."""

    def __init__(self, path: Path | str, today: date, rules: Rules = _AS_READ) -> None:
        self._book = Book(path, today)
        self._worker = Worker(self._book, rules)

    @property
    def today(self) -> date:
        return self._book.today

    @today.setter
    def today(self, day: date) -> None:
        self._book.today = day

    def close(self) -> None:
        self._book.close()

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, data: bytes) -> list[bytes]:
        """The answers to the batches of a file, in order, n x 80 bytes each.

        Raises BadInput where no batch begins; nothing is changed then. Raises StandInDied where
        the stand-in was told to die; what was processed stays processed, and no answer comes.
        """
        answers = [self._worker.batch(batch, "", index) for index, batch in batches(data)]
        out: list[bytes] = []
        with self._book.writing():
            for answer in answers:
                out += [data for _, data in self._worker.delivered("", answer)]
        return out

    def unsolicited(self) -> list[bytes]:
        """What ACE tells of its own accord and has not told yet: SX, SO, UC batches."""
        with self._book.writing():
            return [data for _, data in issue(self._book)]

    def late_answers(self) -> list[bytes]:
        """Answers that were kept back."""
        with self._book.writing():
            return [data for _, data in self._worker.late()]

    def misbehave(
        self, kind: Kind, *, times: int = 1, skip: int = 0, detail: str = "", only: str = ""
    ) -> None:
        """Go wrong `times` times, after `skip` batches or transactions have gone well; with `only`
        just batches (reject) or answers (drop, late, twice) of this application count."""
        switch(self._book, kind, times, skip, detail, only)

    def behave(self) -> None:
        """Forget everything that was still to go wrong."""
        with self._book.writing():
            self._book.run("DELETE FROM switches")

    def book(self) -> dict[str, Holding]:
        """Every number that ACE has heard of."""
        rows = self._book.run("SELECT DISTINCT number FROM history ORDER BY number")
        return {row["number"]: self.holding(row["number"]) for row in rows}

    def holding(self, number: str) -> Holding:
        rows = self._book.run(
            "SELECT event, COUNT(*) FROM history WHERE number = ? GROUP BY event", number
        )
        return Holding(
            number,
            self._book.entry(number),
            self._book.summary(number),
            stand_in_release.burnt(self._book, number),
            {row[0]: row[1] for row in rows},
        )

    def history(self, number: str) -> list[Event]:
        """What happened to a number, in order."""
        return self._book.events(number)

    def process_folder(
        self, inbox: Path, outbox: Path, *, late: bool = False, line_ends: bool = False
    ) -> FolderRun:
        """Answer each new file of a folder into another, and add what ACE tells by itself.

        Safe to run again, and after a crash at any point: a file (name and content) is processed
        once, transaction by transaction; an answer is written once. `late` also sends what was
        kept back; `line_ends` writes an LF after each record.
        """
        folder = Folder(self._book, self._worker)
        return folder.process(inbox, outbox, late=late, line_ends=line_ends)
