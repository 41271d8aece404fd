"""How long `continuity status` takes on a home with many events. By hand:
`python -m tests.benchmarks.status [EVENTS]`; prints its figures, asserts nothing."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.backup.events import BackupDone
from tasks.core import clock
from tasks.core.journal.journal import Journal, Pen
from tasks.duties.events import DutyFulfilled, DutyReminded
from tasks.opening import make_home, open_journal
from tasks.security.events import PersonCodeUsed
from tasks.transport.events import MailAnswered, MailQueued
from tests.conftest import SETTINGS

PROGRAM = "import sys; from tasks.cli.main import run; run(sys.argv[1:])"
START = datetime(2023, 11, 1, tzinfo=UTC)


def fill(book: Journal, events: int) -> None:
    """Three years of a house: codes used, backups, reminders, proofs, letters."""
    chance = random.Random(6)
    for first in range(0, events, 5000):
        with book.write("benchmark") as pen:
            for number in range(first, min(first + 5000, events)):
                with clock.held(START + timedelta(days=1100 * number / events)):
                    _one(pen, number, chance)


def _one(pen: Pen, number: int, chance: random.Random) -> None:
    kind = chance.choices(("code", "backup", "told", "proof", "letter"), (50, 5, 25, 5, 15))[0]
    day = clock.text()[:10]
    if kind == "code":
        body = PersonCodeUsed(person="ada", step=number, purpose="approve")
        pen.append(body, "person/ada", f"code:{number}")
    elif kind == "backup":
        done = BackupDone(
            repository="r", host="desk1", sequence=number, manifest="m", head="h", retention="records",
            retain_until="", place="Reno", customs_territory=True, sources=[], stored_bytes=1, flags=[],
        )  # fmt: skip
        pen.append(done, f"backup/desk1:{number}")
    elif kind == "told":
        told = DutyReminded(duty="contacts", item="", term=day, rungs=[f"T-{number}"], again=[],
                                  mail="m")  # fmt: skip
        pen.append(told, "duty/contacts")
    elif kind == "proof":
        proof = DutyFulfilled(
            duty="policy-review", item=f"policy {number % 20}", term=day, on=day, until="", proof="",
            file="p.pdf", statement="", facts={"version": "1", "owner": "it", "functions": "GV"},
        )  # fmt: skip
        pen.append(proof, f"duty/policy-review/policy {number % 20}")
    else:
        mail = f"{number:024d}"
        pen.append(MailQueued(mail=mail, title="t", to=["it"], content=""), f"mail/{mail}")
        answer = MailAnswered(mail=mail, attempt=1, accepted=["a@b.c"], refused={}, waiting=[])
        pen.append(answer, f"mail/{mail}")


def measure(events: int, runs: int) -> dict[str, Any]:
    """Seconds of each command, wall and processor, of as many runs; `events` in the journal and the
    seconds of writing them."""
    with tempfile.TemporaryDirectory() as folder:
        settings = make_home(Path(folder) / "home", SETTINGS, "benchmark")
        book = open_journal(settings)
        began = time.perf_counter()
        fill(book, events)
        written = time.perf_counter() - began
        count = book.head().seq
        book.close()
        commands = {"--help": ["--help"], "status": ["status", "--home", str(settings.home)]}
        spent = {name: [_timed(arguments) for _ in range(runs)] for name, arguments in commands.items()}
    return {"events": count, "written": written, "seconds": spent}


def main() -> None:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, 7)
    print(f"{found['events']:,} events written in {found['written']:.1f} s")
    for name, spent in found["seconds"].items():
        wall, cpu = zip(*spent, strict=True)
        print(f"{name}: median {statistics.median(wall):.2f} s, worst {max(wall):.2f} s, "
              f"processor {statistics.median(cpu):.2f} s")  # fmt: skip


def _timed(arguments: list[str]) -> tuple[float, float]:
    import resource

    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True)
    # status ends with 1 where something waits; 2 and more are errors
    assert done.returncode in (0, 1) and done.stdout, done.stderr.decode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


if __name__ == "__main__":
    main()
