"""The drill's steps as Prefect tasks: each opens the sample brokerage and plays a part of a chapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import get_run_logger

from tasks.core.status_lines import StatusLine
from tasks.core.steps import task
from tasks.drill import duties_chapter, reconciliation_chapter
from tasks.drill.incident_chapters import play_incident
from tasks.drill.kit_chapter import play_kit
from tasks.drill.letter_chapter import play_letters
from tasks.drill.sample_brokerage import make_sample_home, void_sample_numbers
from tasks.drill.screening_chapter import clear_namesake, screen_partners
from tasks.drill.simulator_setup import seed_simulator
from tasks.entries.api import profile_of, read_entry_files, record_intake
from tasks.workspace import Workspace


@task(name="downtime letters of the drill")
def drill_letters(home: str, out: str, actor: str) -> list[str]:
    """Letters for the three desks of the sample brokerage, and what is left to chase."""
    lines = play_letters(Workspace.open(Path(home)), Path(out), actor)
    get_run_logger().info("downtime letters issued")
    return lines


@task(name="make the sample brokerage")
def make_sample(home: str) -> dict[str, Any]:
    """A home with people, a reserve, issued numbers, and the desks' filled-in workbooks."""
    sample = make_sample_home(Path(home), "drill")
    get_run_logger().info("sample brokerage made, %d workbooks", len(sample.handed_in))
    later = {when: [str(path) for path in paths] for when, paths in sample.later.items()}
    handed_in = [str(path) for path in sample.handed_in]
    return {"handed_in": handed_in, "later": later, "issued": sample.issued}


@task(name="record what the desks handed in", retries=1)
def record_files(home: str, paths: list[str], actor: str, accept_clean: bool) -> list[Any]:
    """Take each file into the journal; returns what became of each."""
    workspace = Workspace.open(Path(home))
    intakes = read_entry_files([Path(path) for path in paths], profile_of(workspace.settings))
    results = record_intake(workspace, intakes, actor, accept_clean=accept_clean)
    get_run_logger().info("%d file(s) read", len(results))
    return results


@task(name="void spoiled numbers")
def void_spoiled(home: str, numbers: list[tuple[str, str]]) -> list[str]:
    """Void what the desks gave up, confirmed by two persons of the sample brokerage."""
    workspace = Workspace.open(Path(home))
    voided = void_sample_numbers(workspace.journal, workspace.home, numbers)
    get_run_logger().info("%d number(s) voided", len(voided))
    return voided


@task(name="approve in the drill")
def approve_in_drill(home: str, plan_digest: str) -> str:
    """The sample license holder gives her code. Refused outside a drill."""
    return reconciliation_chapter.approve_plan_in_drill(Workspace.open(Path(home)), plan_digest)


@task(name="seed the stand-in ACE")
def seed_ace(home: str) -> int:
    """What the drill's ACE knows; returns how many entries officers keyed meanwhile."""
    workspace = Workspace.open(Path(home))
    keyed = seed_simulator(workspace)
    reconciliation_chapter.set_faults(workspace)
    get_run_logger().info("%d entries keyed by officers", keyed)
    return keyed


@task(name="the stand-in answers")
def exchange(home: str) -> int:
    """The drill's ACE takes what was sent and answers."""
    return reconciliation_chapter.exchange_with_simulator(Workspace.open(Path(home)))


@task(name="run cycles until nothing moves")
def run_to_rest(home: str, actor: str) -> dict[str, int]:
    """Cycles until nothing moves; how many entries stand at each step."""
    counts = reconciliation_chapter.cycle_until_idle(Workspace.open(Path(home)), actor)
    get_run_logger().info("%s", counts)
    return counts


@task(name="why entries wait")
def explain_steps(home: str, steps: list[str]) -> list[str]:
    """Entries at these steps, each with its reason."""
    return reconciliation_chapter.entry_reasons(Workspace.open(Path(home)), tuple(steps))


@task(name="sureties act")
def sureties_act(home: str, actor: str) -> list[str]:
    """Those who are waited for confirm their eBonds."""
    return reconciliation_chapter.sureties_act(Workspace.open(Path(home)), actor)


@task(name="the port acts")
def port_acts(home: str) -> list[str]:
    """What CBP does of its own accord before the cycle can go on."""
    return reconciliation_chapter.port_acts(Workspace.open(Path(home)))


@task(name="write the letters that are due")
def write_letters(home: str, out: str, actor: str) -> list[str]:
    """Letters to importers, sureties and ports, for a person to sign; each in words."""
    return reconciliation_chapter.leave_letters(Workspace.open(Path(home)), Path(out), actor)


@task(name="production runs again from a backup")
def restore_production(home: str, out: str, actor: str) -> list[str]:
    """What ACE took since the backup, the next number, the settled entries; in words."""
    return reconciliation_chapter.restore_production(Workspace.open(Path(home)), Path(out), actor)


@task(name="accept differences")
def accept_differences(home: str, actor: str) -> list[str]:
    """The license holder accepts what officers keyed otherwise."""
    return reconciliation_chapter.accept_differences(Workspace.open(Path(home)), actor)


@task(name="sign the accounting")
def try_to_sign(home: str, actor: str) -> str:
    """Sign, or say why that is refused."""
    return reconciliation_chapter.try_to_sign(Workspace.open(Path(home)), actor)


@task(name="leave the results")
def leave_results(home: str, out: str) -> dict[str, Any]:
    """Report, accounting, batches and journal copy in `out`; what to say of them."""
    results = reconciliation_chapter.leave_results(Workspace.open(Path(home)), Path(out))
    get_run_logger().info("results in %s", out)
    return results


@task(name="seal the folder")
def seal_folder(home: str, out: str, text: str) -> None:
    """The story beside the results, then the signed manifest over everything."""
    reconciliation_chapter.seal_folder(Workspace.open(Path(home)), Path(out), text)


@task(name="screen the sample's partners")
def screen_sample(home: str, first: str, second: str) -> list[str]:
    """The drill's chapter: partners screened, a namesake cleared by two persons."""
    workspace = Workspace.open(Path(home))
    lines = [*screen_partners(workspace, first), *clear_namesake(workspace, first, second)]
    get_run_logger().info("%s", lines[-1])
    return lines


@task(name="the kit in the drill")
def show_sample(home: str, actor: str, out: str) -> list[str]:
    """A kit of the sample brokerage in `out`, gone on from on a laptop of its own; in words."""
    return play_kit(Workspace.open(Path(home)), actor, Path(out))


@task(name="duties of the sample brokerage")
def live_sample(home: str, actor: str) -> None:
    """Proofs and reminders of the sample brokerage."""
    duties_chapter.show_proofs(Workspace.open(Path(home)), actor)


@task(name="evidence of the sample brokerage")
def leave_evidence(home: str, out: str, page: list[StatusLine]) -> list[str]:
    """The auditor's evidence in `out`, with the status `page`; returns the names of its files."""
    return duties_chapter.leave_evidence(Workspace.open(Path(home)), Path(out), page)


@task(name="the drill's incident")
def drill_chapter(home: str, out: str, actor: str, chapter: str) -> list[str]:
    """A chapter of the drill: `begin`, `discretion`, `clean` or `end`; what happened, in words."""
    lines = play_incident(Workspace.open(Path(home)), Path(out), actor, chapter)
    get_run_logger().info("%s: %d lines", chapter, len(lines))
    return lines
