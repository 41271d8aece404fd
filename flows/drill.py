"""The whole exercise on the sample brokerage: what a broker goes through, in the order she does.

Everything it makes is marked DRILL, nothing is sent outside. Each room adds one chapter.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from prefect import flow

from flows.reconciliation import reconciliation
from tasks.entries import steps as entries
from tasks.reconciliation import steps as reconcile
from tasks.shared import story

ACTOR, INCIDENT = "mlopez", "drill"


@flow(name="drill", flow_run_name="drill", description=__doc__)
def drill(home: str, out: str) -> dict[str, Any]:
    """Runs every chapter; leaves accounting, batches, journal and the story in `out`.

    `home`: a folder that does not exist yet; `out`: likewise, for a person to leaf through.
    """
    tell = story.Story("DRILL: the brokerage loses its systems on a Monday morning")
    made = prepare(tell, home)
    hand_in(tell, home, made["handed_in"])
    batches(tell, home)
    return close(tell, home, out)


def prepare(tell: story.Story, home: str) -> dict[str, Any]:
    tell.chapter("The reserve")
    made = entries.make_sample(home)
    for desk, numbers in made["issued"].items():
        tell.line(f"{desk}: {len(numbers)} numbers printed, {numbers[0]} to {numbers[-1]}")
    return made


def hand_in(tell: story.Story, home: str, paths: list[str]) -> None:
    tell.chapter("What the desks hand in")
    taken = entries.record_files(home, paths, ACTOR, accept_clean=True)
    for one in taken:
        tell.line(one.words)
        for problem in one.problems:
            tell.line(f"  caught: {problem}")
    spoiled = [pair for one in taken for pair in one.to_void]
    for number in entries.void_spoiled(home, spoiled):
        tell.line(f"{number} was spoiled: voided by two persons, never to be used again")


def batches(tell: story.Story, home: str) -> None:
    tell.chapter("Back on line: the batches for ACE")
    state = reconciliation(home, ACTOR, INCIDENT, return_state=True)
    waiting = state.result()["waiting"]
    tell.line(f"{waiting['entries']} entries in {waiting['batches']} file(s); run is {state.name}")
    who = reconcile.approve_in_drill(home, waiting["plan"])
    tell.line(f"{who} approves plan {waiting['plan'][:12]} with a one-time code")
    done = reconciliation(home, ACTOR, INCIDENT, return_state=True).result()
    for one in done["written"]:
        tell.line(f"written: {one['file']} with {one['entries']} entries")
    again = reconciliation(home, ACTOR, INCIDENT, return_state=True).result()
    tell.line(f"run once more: {len(again['written'])} files written, none a second time")


def close(tell: story.Story, home: str, out: str) -> dict[str, Any]:
    tell.chapter("The accounting")
    found = reconcile.leave_results(home, out, ACTOR)
    for line in found["words"]:
        tell.line(line)
    tell.chapter("What lies in the folder")
    for name in found["files"]:
        tell.line(name)
    reconcile.seal_folder(home, out, tell.text())
    return found["summary"]


def main() -> int:
    """Run the drill; exit 0 if it went through, 1 if a batch failed its check."""
    parser = argparse.ArgumentParser(prog="continuity drill")
    parser.add_argument("--home", required=True)
    parser.add_argument("--out", required=True)
    given = parser.parse_args()
    if Path(given.out).exists() and any(Path(given.out).iterdir()):
        print(f"{given.out} is not empty; name a new folder with --out", file=sys.stderr)
        return 2
    summary = drill(given.home, given.out)
    print(f"\nThe drill ended. Leaf through {given.out}")
    return 0 if summary["batches_pass"] else 1


if __name__ == "__main__":
    sys.exit(main())
