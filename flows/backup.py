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

from tasks.backup.steps import back_up, publish_backup, verify_packs
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
        snapshots = run_heavy_step(back_up, home, actor)
        publish_backup(snapshots)
        damaged = run_heavy_step(verify_packs, home, actor, share)
        flags = [flag for snapshot in snapshots for flag in snapshot["flags"]]
        gaps = [gap for snapshot in snapshots for gap in snapshot["gaps"]]
        result = {"taken": snapshots, "damaged": damaged, "flags": flags, "gaps": gaps}
        if damaged:
            return Failed(message=f"{len(damaged)} objects do not hold: {damaged[0]}", data=result)
        if flags:
            return Completed(name="Suspicious", message="; ".join([*flags, *gaps]), data=result)
        if gaps:
            return Completed(name="WithGaps", message="; ".join(gaps), data=result)
        return Completed(message=f"{len(snapshots)} snapshot(s) taken", data=result)
