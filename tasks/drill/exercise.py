"""The chapters of the drill in the order in which a broker goes through them, each told line by line on the
screen while it happens, and kept as text.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from tasks.core.status_lines import StatusLine, page_text
from tasks.drill import steps
from tasks.workspace import opened

ACTOR, APPROVER, INCIDENT = "mlopez", "avance", "drill"
Reconcile = Callable[..., Any]
"""The reconciliation flow; called with `return_state=True` it returns the state of its run."""
ReadStatus = Callable[[str], list[StatusLine]]
"""The step that reads the status page of a home."""


class _SteadyConsole(Console):
    """A run is heard by its worker. If that dies, rich would end the run at the next line."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class DrillTranscript:
    """Lines for a person, on the screen at once and as text afterwards."""

    def __init__(self, title: str) -> None:
        self._lines = [title, "=" * len(title)]
        self._console = _SteadyConsole(highlight=False, soft_wrap=True)
        self._console.print(title, style="bold", markup=False)

    def chapter(self, title: str) -> None:
        self._lines += ["", title, "-" * len(title)]
        self._console.print()
        self._console.print(title, style="bold cyan", markup=False)

    def line(self, text: str) -> None:
        self._lines.append(text)
        self._console.print(text, markup=False)

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


@contextmanager
def without_broker_settings() -> Iterator[None]:
    """Hides the broker's own settings, which a worker has in its environment: a drill that took
    them would write into the real journal."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith("CONTINUITY_")}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def play_drill(home: str, out: str, reconcile: Reconcile, read_status: ReadStatus) -> dict[str, Any]:
    """Play every chapter in a new home; returns the summary (`good`, `numbers`)."""
    transcript = DrillTranscript("DRILL: the brokerage loses its systems on a Monday morning")
    transcript.chapter("The reserve")
    sample = steps.make_sample(home)
    for desk, numbers in sample["issued"].items():
        transcript.line(f"{desk}: {len(numbers)} numbers printed, {numbers[0]} to {numbers[-1]}")
    with opened(Path(home)):
        return _Exercise(transcript, home, out, sample).play(reconcile, read_status)


class _Exercise:
    """The chapters after the reserve. `sample`: what `make_sample` returned."""

    def __init__(self, transcript: DrillTranscript, home: str, out: str, sample: dict[str, Any]) -> None:
        self._transcript, self._home, self._out, self._sample = transcript, home, out, sample

    def play(self, reconcile: Reconcile, read_status: ReadStatus) -> dict[str, Any]:
        out = self._out
        self._chapter("The partners", steps.screen_sample, ACTOR, APPROVER)
        self._chapter("The off-line kit", steps.show_sample, ACTOR, f"{out}/kit")
        self._incident("Hour zero: declared, what was open, whom to tell", "begin")
        self._hand_in()
        self._chapter("Letters to the ports", steps.drill_letters, out, ACTOR)
        self._incident("CBP's discretion for what is late after release", "discretion")
        self._incident("Clean again: the evidence for CBP", "clean")
        self._come_back(reconcile)
        self._settle()
        self._chapter("Production runs again from a backup", steps.restore_production, out, ACTOR)
        return self._close(read_status)

    def _lines(self, lines: list[str]) -> None:
        for line in lines:
            self._transcript.line(line)

    def _chapter(self, title: str, step: Callable[..., list[str]], *arguments: str) -> None:
        self._transcript.chapter(title)
        self._lines(step(self._home, *arguments))

    def _incident(self, title: str, chapter: str) -> None:
        self._chapter(title, steps.drill_chapter, self._out, ACTOR, chapter)

    def _hand_in(self) -> None:
        self._transcript.chapter("What the desks hand in")
        intakes = steps.record_files(self._home, self._sample["handed_in"], ACTOR, accept_clean=True)
        for intake in intakes:
            self._transcript.line(intake.words)
            self._lines([f"  caught: {problem}" for problem in intake.problems])
        spoiled = [pair for intake in intakes for pair in intake.to_void]
        for number in steps.void_spoiled(self._home, spoiled):
            self._transcript.line(f"{number} will not be used: voided by two persons, never to be used again")

    def _come_back(self, reconcile: Reconcile) -> None:
        home, tell = self._home, self._transcript.line
        self._transcript.chapter("Back on line: first ask, then send")
        tell(f"meanwhile officers keyed {steps.seed_ace(home)} of the paper entries")
        while True:
            state = reconcile(home, ACTOR, INCIDENT, return_state=True)
            cycle = state.result()
            tell(
                f"{len(cycle['asked'])} question(s) written, {cycle['read']} answer(s) read, "
                f"{len(cycle['settled'])} settled"
            )
            if cycle["waiting"]:
                break
            steps.exchange(home)
        waiting = cycle["waiting"]
        tell(f"{waiting['entries']} entries in {waiting['batches']} file(s); run is {state.name}")
        approver = steps.approve_in_drill(home, waiting["plan"])
        tell(f"{approver} approves plan {waiting['plan'][:12]} with a one-time code")
        for batch in reconcile(home, ACTOR, INCIDENT, return_state=True).result()["written"]:
            tell(f"written: {batch['file']} with {batch['entries']} entries")

    def _settle(self) -> None:
        home, out = self._home, self._out
        self._transcript.chapter("The cycle: a batch rejected, an answer lost, an answer twice")
        self._rest()
        waiting = ["back to the desk", "differs from ACE", "wait for the surety"]
        self._lines([f"  {line}" for line in steps.explain_steps(home, waiting)])
        self._chapter("Who is waited for: letters to sign and send", steps.write_letters, out, ACTOR)
        self._lines([*steps.sureties_act(home, ACTOR), *steps.port_acts(home)])
        self._transcript.chapter("Rejected entries come back corrected, chased data comes in")
        for stage in ("rejected", "after"):
            paths = self._sample["later"][stage]
            self._lines([intake.words for intake in steps.record_files(home, paths, ACTOR, accept_clean=False)])
            self._rest()
            self._lines(steps.sureties_act(home, ACTOR))
        self._rest()

    def _rest(self) -> None:
        counts = steps.run_to_rest(self._home, ACTOR)
        self._transcript.line("at rest: " + ", ".join(f"{n} {step}" for step, n in sorted(counts.items())))

    def _close(self, read_status: ReadStatus) -> dict[str, Any]:
        home, out = self._home, self._out
        self._chapter("The end", steps.accept_differences, ACTOR)
        self._transcript.line(steps.try_to_sign(home, ACTOR))
        unused = [(number, "returned unused after the incident") for number in self._sample["issued"]["rail"]]
        voided = steps.void_spoiled(home, unused)
        self._transcript.line(f"the desk rail returns its {len(voided)} numbers: voided by two persons")
        self._transcript.line(steps.try_to_sign(home, ACTOR))
        self._lines(steps.drill_chapter(home, out, ACTOR, "end"))
        self._transcript.chapter("Are we ready: CBP's ten recommendations, and the evidence for an auditor")
        steps.live_sample(home, ACTOR)
        page = read_status(home)
        self._lines([*page_text(page), *steps.leave_evidence(home, f"{out}/evidence", page)])
        self._transcript.chapter("What came of it")
        results = steps.leave_results(home, out)
        self._lines(results["words"])
        self._transcript.chapter("What lies in the folder")
        self._lines(results["files"])
        steps.seal_folder(home, out, self._transcript.text())
        return results["summary"]
