"""Restore what was backed up, compare it with the digests of the originals, and countersign it.

Runs on its own work pool, on a machine that holds the drill key and nothing else of the house:
whoever owns the backup host must not be able to countersign. A snapshot that is not countersigned is
not what a restore takes. If it fails, the backups are a hope only: read the message, mend, run again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from tasks.backup import steps
from tasks.backup.steps import prove_snapshots
from tasks.core.steps import Actor, HomeFolder
from tasks.operations.api import report_failure
from tasks.workspace import opened


@flow(
    name="restore drill",
    flow_run_name="restore-drill-{scope}",
    description=__doc__,
    validate_parameters=True,
    on_failure=[report_failure],
)
def restore_drill(
    home: HomeFolder, actor: Actor, scope: str = "sample", files: int = 200, accept_flags: bool = False
) -> State[Any]:
    """`scope`: `sample` restores about `files` files, `all` everything, `content` opens and checks
    every blob without writing files. `accept_flags`: somebody looked at what a run flagged as it
    flags encryption by ransomware; without it such a snapshot is not countersigned."""
    with opened(Path(home)):
        proofs = prove_snapshots(home, actor, scope, files, accept_flags)
        steps.publish_proof(proofs)
        return Completed(message=f"{len(proofs)} snapshot(s) countersigned", data=proofs)
