"""A simulator of ACE: files in, answers out, state in one SQLite file. For drills and tests.

Written from CBP's chapters, not from our writers; it shares with them only the layouts, the
country list and the dated fee tables, so that a misreading on either side shows.

Covered
    envelope (Batch & Block v23): X03-X08, X10-X17, X19, X21-X27, X31-X42, X0/X1 answers;
    cargo release (SE v40): A, R, U, D with SX, the field rules of p.33-74, canceled numbers, requests
      that officers decide, bill match, release, quota, exam, hold, documents; SO notifications;
    entry summary (AE 2026-07): A, R, D with AX; identity and control, matrix, parties, bonds,
      transport, payment dates, lines, fees and totals, PSC, consolidated, certified (its SX comes
      with the unsolicited batches); versions, implicit delete; UC notifications;
    queries: EQ by number and date with stored image, CQ by entry, bill, air waybill and in-bond
      number, KI.
Not covered
    tariff, duty rates, quota balances, licenses, FIRMS, MID and carrier files (formats only);
    census warnings and PGA conditions (agency records are taken as they are); ISF records of a
    unified filing (taken and not answered); reconciliation, drawback and all other applications
    (X13); sender and port profiles (X09, X18, X20, X28-X30, X43); a statement's own records.
Guessed, because no chapter says it
    SX codes (see `releases.content_rules`), code 997 of a deletion, border ports of EQ status 2,
    CAMIR code 1C in CQ, that 320 does not bind a quota entry that is released already, that a
    wrong broker reference deletes what is on file too.

Folders of files: each new one answered once, each answer written once, whatever crashes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from tasks.core.errors import BadInput, Problem
from tasks.core.files import write_atomic
from tasks.drill.ace_simulator.batch_worker import BatchWorker, SimulatorRules, split_batches
from tasks.drill.ace_simulator.batches.input_records import WIDTH
from tasks.drill.ace_simulator.fault_switches import Kind, set_switch
from tasks.drill.ace_simulator.officer_actions import Officer
from tasks.drill.ace_simulator.releases.release_processing import is_canceled
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import EntryRow, EventRow, SummaryRow
from tasks.drill.ace_simulator.status_notices import issue_notices


@dataclass
class FolderRun:
    """One look at a folder: files answered, files written, and files that hold no batch."""

    read: list[str] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)


class SimulatorFolders:
    """Reads batches from one folder and writes the answers to another."""

    def __init__(self, database: SimulatorState, worker: BatchWorker) -> None:
        self._database, self._worker = database, worker

    def process(self, inbox: Path, outbox: Path, *, late: bool, line_ends: bool) -> FolderRun:
        run = FolderRun()
        for path in sorted(inbox.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                self._file(path, run)
        with self._database.writing():
            late_answers = self._worker.late() if late else []
            stamp = f"{self._database.tick():%Y%m%dT%H%M%S}"
            notices = issue_notices(self._database)
            names = [f"{stamp}-{name.lower()}-{k:02d}.abi" for k, (name, _) in enumerate(notices, 1)]
            self._keep([*late_answers, *zip(names, (data for _, data in notices), strict=True)])
        self._write(outbox, run, line_ends=line_ends)
        return run

    def _file(self, path: Path, run: FolderRun) -> None:
        data = path.read_bytes()
        work = f"{path.name} {sha256(data).hexdigest()}"
        if self._database.run("SELECT 1 FROM files WHERE work = ?", work):
            return
        try:
            batches = list(split_batches(data, path.name))
        except BadInput as error:
            run.refused += error.problems
            return
        answers = [self._worker.batch(batch, work, index) for index, batch in batches]
        with self._database.writing():
            for index, answer in enumerate(answers, 1):
                self._keep(self._worker.delivered(f"{path.stem}.answer-{index:02d}", answer))
            self._database.run("INSERT INTO files VALUES (?, ?)", work, self._database.tick())
            self._database.run("DELETE FROM done WHERE work = ?", work)
        run.read.append(path.name)

    def _keep(self, named: list[tuple[str, bytes]]) -> None:
        """Set aside for writing, under a name that was never used."""
        for name, data in named:
            free, count = name, 1
            while self._database.run("SELECT 1 FROM outgoing WHERE name = ?", free):
                count += 1
                free = f"{name.removesuffix('.abi')}-{count}.abi"
            self._database.run("INSERT INTO outgoing VALUES (?, ?, 0)", free, data)

    def _write(self, outbox: Path, run: FolderRun, *, line_ends: bool) -> None:
        rows = self._database.run("SELECT name, data FROM outgoing WHERE NOT written ORDER BY rowid")
        for row in rows:
            data = _lined(row["data"]) if line_ends else row["data"]
            run.written.append(write_atomic(outbox / row["name"], data))
            with self._database.writing():
                self._database.run("UPDATE outgoing SET written = 1 WHERE name = ?", row["name"])


def _lined(data: bytes) -> bytes:
    return b"".join(data[at : at + WIDTH] + b"\n" for at in range(0, len(data), WIDTH))


_AS_READ = SimulatorRules()


@dataclass(frozen=True)
class NumberHolding:
    """What ACE holds under a number, and how often it was brought there.

    entry, summary: None if none is on file. The counts are of the whole history.
    """

    number: str
    entry: EntryRow | None
    summary: SummaryRow | None
    canceled: bool
    counts: dict[str, int]

    def count(self, event: str) -> int:
        """How often something happened: `entry added`, `summary implicitly deleted`, ..."""
        return self.counts.get(event, 0)

    @property
    def stands_once(self) -> bool:
        """Brought there no more than once for each time that it was taken away."""
        removed = self.count("summary deleted") + self.count("summary implicitly deleted")
        keyed = self.count("summary keyed by officer")
        entries = self.count("entry added") + self.count("officer keyed")
        added = self.count("summary added") + keyed - removed
        return entries <= 1 and added <= 1 and bool(self.entry or self.summary)


class AceSimulator(Officer):
    """The simulator. `path`: its state file, made if it is not there; `today`: its date."""

    def __init__(self, path: Path | str, today: date, rules: SimulatorRules = _AS_READ) -> None:
        self._database = SimulatorState(path, today)
        self._worker = BatchWorker(self._database, rules)

    @property
    def today(self) -> date:
        return self._database.today

    @today.setter
    def today(self, day: date) -> None:
        self._database.today = day

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> AceSimulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, data: bytes) -> list[bytes]:
        """The answers to the batches of a file, in order, n x 80 bytes each.

        Raises BadInput where no batch begins; nothing is changed then. Raises SimulatorStopped where
        the simulator is switched to stop; what was processed stays processed, and no answer comes.
        """
        answers = [self._worker.batch(batch, "", index) for index, batch in split_batches(data)]
        out: list[bytes] = []
        with self._database.writing():
            for answer in answers:
                out += [data for _, data in self._worker.delivered("", answer)]
        return out

    def unsolicited(self) -> list[bytes]:
        """What ACE reports of its own accord and has not reported yet: SX, SO, UC batches."""
        with self._database.writing():
            return [data for _, data in issue_notices(self._database)]

    def late_answers(self) -> list[bytes]:
        """Answers that were kept back."""
        with self._database.writing():
            return [data for _, data in self._worker.late()]

    def misbehave(self, kind: Kind, *, times: int = 1, skip: int = 0, detail: str = "", only: str = "") -> None:
        """Go wrong `times` times, after `skip` batches or transactions have gone well; with `only`
        just batches (reject) or answers (drop, late, twice) of this application count."""
        set_switch(self._database, kind, times, skip, detail, only)

    def behave(self) -> None:
        """Forget everything that was still to go wrong."""
        with self._database.writing():
            self._database.run("DELETE FROM switches")

    def book(self) -> dict[str, NumberHolding]:
        """Every number that ACE has heard of."""
        rows = self._database.run("SELECT DISTINCT number FROM history ORDER BY number")
        return {row["number"]: self.holding(row["number"]) for row in rows}

    def holding(self, number: str) -> NumberHolding:
        rows = self._database.run("SELECT event, COUNT(*) FROM history WHERE number = ? GROUP BY event", number)
        return NumberHolding(
            number,
            self._database.entry(number),
            self._database.summary(number),
            is_canceled(self._database, number),
            {row[0]: row[1] for row in rows},
        )

    def history(self, number: str) -> list[EventRow]:
        """What happened to a number, in order."""
        return self._database.events(number)

    def process_folder(self, inbox: Path, outbox: Path, *, late: bool = False, line_ends: bool = False) -> FolderRun:
        """Answer each new file of a folder into another, and add what ACE reports of its own accord.

        Safe to run again, and after a crash at any point: a file (name and content) is processed
        once, transaction by transaction; an answer is written once. `late` also sends what was
        kept back; `line_ends` writes an LF after each record.
        """
        folder = SimulatorFolders(self._database, self._worker)
        return folder.process(inbox, outbox, late=late, line_ends=line_ends)
