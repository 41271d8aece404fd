"""Every night: sealed snapshots of the home and every source, carried off-site, then a share of what
lies there read back and held against its digests.

Run it again whenever it failed: packs that were carried off are used again, and a snapshot stands
only when its manifest does. If it ends `Suspicious`, a source changed as ransomware changes files:
look before the next run; the snapshots from before are on hold. If it ends `WithGaps`, the backup is done,
without files that could not be read: give the backup's account the right to read them, and run it again.
Until then the restore drill does not countersign a snapshot with new gaps. If it ends failed with damage, run
`continuity backup verify`; the next backup stores again what the sources still have.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed, Failed

from tasks.backup.steps import back_up, check_store, publish_backup, verify_packs
from tasks.core.steps import Actor, HomeFolder
from tasks.operations.api import report_failure
from tasks.operations.steps import run_heavy_step
from tasks.workspace import opened


@flow(
    name="backup",
    flow_run_name="backup-{actor}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def backup(home: HomeFolder, actor: Actor, share: int = 0) -> State[Any]:
    """`share` 0 takes the settings' part of the packs for verifying; 1 reads them all."""
    with opened(Path(home)):
        taken = run_heavy_step(back_up, home, actor)
        publish_backup(taken)
        damaged = run_heavy_step(verify_packs, home, actor, share)
        flags = [flag for one in taken for flag in one["flags"]]
        gaps = [gap for one in taken for gap in one["gaps"]]
        result = {"taken": taken, "damaged": damaged, "flags": flags, "gaps": gaps}
        if damaged:
            return Failed(message=f"{len(damaged)} objects do not hold: {damaged[0]}", data=result)
        if flags:
            return Completed(name="Suspicious", message="; ".join([*flags, *gaps]), data=result)
        if gaps:
            return Completed(name="WithGaps", message="; ".join(gaps), data=result)
        return Completed(message=f"{len(taken)} snapshot(s) taken", data=result)


@flow(
    name="backup doctor",
    flow_run_name="doctor-{actor}",
    description="Weekly: does the store still refuse what an attacker on this host would do? Each "
    "destructive verb is tried on canaries with the host's own credentials. Failed means that the "
    "backups are not safe from this host: have the share mended today.",
    validate_parameters=True,
    on_failure=[report_failure],
)
def examine_store(home: HomeFolder, actor: Actor) -> State[Any]:
    with opened(Path(home)):
        failed = check_store(home, actor)
        if failed:
            return Failed(message=f"the store fails: {', '.join(failed)}", data=failed)
        return Completed(message="the store refuses every destructive verb", data=failed)
