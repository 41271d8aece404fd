"""The whole exercise on the sample brokerage: what a broker goes through, in the order she does.

Everything it makes is marked DRILL, nothing is sent outside: the ACE on the other side is the
stand-in. Each room adds its chapters.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.exceptions import FailedRun
from prefect.runtime import deployment
from prefect.states import Failed

from flows.reconciliation import reconciliation
from tasks.core import clock
from tasks.core.errors import BadInput
from tasks.core.status_lines import page_text
from tasks.drill import steps, steps as entries, steps as letters
from tasks.drill.api import DrillTranscript
from tasks.drill.steps import (
    accept_differences,
    approve_in_drill,
    drill_chapter,
    exchange,
    explain_steps,
    leave_evidence,
    leave_results,
    live_sample,
    port_acts,
    restore_production,
    run_to_rest,
    screen_sample,
    seal_folder,
    seed_ace,
    show_sample,
    sureties_act,
    try_to_sign,
)
from tasks.operations.api import report_failure
from tasks.status.steps import read_status
from tasks.workspace import opened

ACTOR, APPROVER, INCIDENT = "mlopez", "avance", "drill"


@flow(name="drill", flow_run_name="drill", description=__doc__, on_failure=[report_failure])
def drill(home: str = "", out: str = "", into: str = "") -> dict[str, Any] | State[Any]:
    """Runs every chapter; leaves report, accounting, batches, journal and the story in `out`. Ends
    failed if something did not hold, though every chapter was played.

    `home`: a folder that does not exist yet, for a made-up brokerage; empty: one that is gone
    afterwards. `out`: likewise, for a person to leaf through; empty: a dated one in `into`.
    """
    if deployment.id and not (out or into):
        # where a worker starts a run is gone when that ends
        raise BadInput("drill-output-folder-changed")
    out = out or str(Path(into or ".").absolute() / f"drill-{clock.stamp()}")
    if home and not deployment.id:
        summary = play(home, out)
    else:
        with tempfile.TemporaryDirectory(prefix="continuity-drill-") as scratch, apart():
            summary = play(home or f"{scratch}/home", out)
    if summary["good"]:
        return summary
    return Failed(message=f"Something did not hold: read 'What came of it' in {out}/what-happened.txt")


@contextmanager
def apart() -> Iterator[None]:
    """Without the broker's own settings, which a worker has in its environment: a drill that took
    them would write into the real book."""
    own = {name: said for name, said in os.environ.items() if name.startswith("CONTINUITY_")}
    for name in own:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(own)


def play(home: str, out: str) -> dict[str, Any]:
    """The chapters, in order."""
    tell = DrillTranscript("DRILL: the brokerage loses its systems on a Monday morning")
    made = prepare(tell, home)
    with opened(Path(home)):
        know_partners(tell, home)
        pack(tell, home, out)
        happen(tell, home, out)
        hand_in(tell, home, made["handed_in"])
        write_letters(tell, home, out)
        ask_discretion(tell, home, out)
        be_clean(tell, home, out)
        come_back(tell, home)
        settle(tell, home, out, made)
        restore(tell, home, out)
        return close(tell, home, out, made)


def prepare(tell: DrillTranscript, home: str) -> dict[str, Any]:
    tell.chapter("The reserve")
    made = entries.make_sample(home)
    for desk, numbers in made["issued"].items():
        tell.line(f"{desk}: {len(numbers)} numbers printed, {numbers[0]} to {numbers[-1]}")
    return made


def know_partners(tell: DrillTranscript, home: str) -> None:
    tell.chapter("The partners")
    for line in screen_sample(home, ACTOR, APPROVER):
        tell.line(line)


def pack(tell: DrillTranscript, home: str, out: str) -> None:
    tell.chapter("The off-line kit")
    for line in show_sample(home, ACTOR, f"{out}/kit"):
        tell.line(line)


def happen(tell: DrillTranscript, home: str, out: str) -> None:
    tell.chapter("Hour zero: declared, what was open, whom to tell")
    for line in drill_chapter(home, out, ACTOR, "begin"):
        tell.line(line)


def hand_in(tell: DrillTranscript, home: str, paths: list[str]) -> None:
    tell.chapter("What the desks hand in")
    taken = entries.record_files(home, paths, ACTOR, accept_clean=True)
    for one in taken:
        tell.line(one.words)
        for problem in one.problems:
            tell.line(f"  caught: {problem}")
    spoiled = [pair for one in taken for pair in one.to_void]
    for number in entries.void_spoiled(home, spoiled):
        tell.line(f"{number} will not be used: voided by two persons, never to be used again")


def be_clean(tell: DrillTranscript, home: str, out: str) -> None:
    tell.chapter("Clean again: the evidence for CBP")
    for line in drill_chapter(home, out, ACTOR, "clean"):
        tell.line(line)


def write_letters(tell: DrillTranscript, home: str, out: str) -> None:
    tell.chapter("Letters to the ports")
    for line in letters.drill_letters(home, out, ACTOR):
        tell.line(line)


def ask_discretion(tell: DrillTranscript, home: str, out: str) -> None:
    tell.chapter("CBP's discretion for what is late after release")
    for line in drill_chapter(home, out, ACTOR, "discretion"):
        tell.line(line)


def come_back(tell: DrillTranscript, home: str) -> None:
    tell.chapter("Back on line: first ask, then send")
    tell.line(f"meanwhile officers keyed {seed_ace(home)} of the paper entries")
    while True:
        state: Any = reconciliation(home, ACTOR, INCIDENT, return_state=True)
        found = state.result()
        tell.line(
            f"{len(found['asked'])} question(s) written, {found['read']} answer(s) read, "
            f"{len(found['settled'])} settled"
        )
        if found["waiting"]:
            break
        exchange(home)
    waiting = found["waiting"]
    tell.line(f"{waiting['entries']} entries in {waiting['batches']} file(s); run is {state.name}")
    who = approve_in_drill(home, waiting["plan"])
    tell.line(f"{who} approves plan {waiting['plan'][:12]} with a one-time code")
    again: Any = reconciliation(home, ACTOR, INCIDENT, return_state=True)
    for one in again.result()["written"]:
        tell.line(f"written: {one['file']} with {one['entries']} entries")


def settle(tell: DrillTranscript, home: str, out: str, made: dict[str, Any]) -> None:
    tell.chapter("The cycle: a batch rejected, an answer lost, an answer twice")
    rest(tell, home)
    for line in explain_steps(home, ["back to the desk", "differs from ACE", "wait for the surety"]):
        tell.line(f"  {line}")
    tell.chapter("Who is waited for: letters to sign and send")
    for line in steps.write_letters(home, out, ACTOR):
        tell.line(line)
    for line in [*sureties_act(home, ACTOR), *port_acts(home)]:
        tell.line(line)
    tell.chapter("Rejected entries come back corrected, chased data comes in")
    for when in ("rejected", "after"):
        for one in entries.record_files(home, made["later"][when], ACTOR, accept_clean=False):
            tell.line(one.words)
        rest(tell, home)
        for line in sureties_act(home, ACTOR):
            tell.line(line)
    rest(tell, home)


def restore(tell: DrillTranscript, home: str, out: str) -> None:
    tell.chapter("Production runs again from a backup")
    for line in restore_production(home, out, ACTOR):
        tell.line(line)


def rest(tell: DrillTranscript, home: str) -> None:
    counts = run_to_rest(home, ACTOR)
    tell.line("at rest: " + ", ".join(f"{n} {step}" for step, n in sorted(counts.items())))


def close(tell: DrillTranscript, home: str, out: str, made: dict[str, Any]) -> dict[str, Any]:
    tell.chapter("The end")
    for line in accept_differences(home, ACTOR):
        tell.line(line)
    tell.line(try_to_sign(home, ACTOR))
    unused = [(number, "returned unused after the incident") for number in made["issued"]["rail"]]
    voided = entries.void_spoiled(home, unused)
    tell.line(f"the desk rail returns its {len(voided)} numbers: voided by two persons")
    tell.line(try_to_sign(home, ACTOR))
    for line in drill_chapter(home, out, ACTOR, "end"):
        tell.line(line)
    tell.chapter("Are we ready: CBP's ten recommendations, and the evidence for an auditor")
    live_sample(home, ACTOR)
    page = read_status(home)
    for line in [*page_text(page), *leave_evidence(home, f"{out}/evidence", page)]:
        tell.line(line)
    tell.chapter("What came of it")
    found = leave_results(home, out)
    for line in found["words"]:
        tell.line(line)
    tell.chapter("What lies in the folder")
    for name in found["files"]:
        tell.line(name)
    seal_folder(home, out, tell.text())
    return found["summary"]


def main() -> int:
    """Run the drill; exit 0 if it went through, 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="continuity drill")
    parser.add_argument("--home", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--start", help="start its clock then: 2026-11-30T14:00:00.0Z")
    given = parser.parse_args()
    if Path(given.out).exists() and any(Path(given.out).iterdir()):
        print(f"{given.out} is not empty; name a new folder with --out", file=sys.stderr)
        return 2
    try:
        with clock.started(clock.parse(given.start)) if given.start else nullcontext():
            drill(given.home, given.out)
    except FailedRun as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(f"\nThe drill ended. Leaf through {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
