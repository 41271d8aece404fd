"""The steps of backup as Prefect tasks. Each handles a whole snapshot or repository and is safe
to run again: truth is on the store and in the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from tasks.backup.backup_runs import expected_bytes, run_backup, run_doctor, run_proofs, run_verify
from tasks.backup.configuration import drill_key
from tasks.backup.settings import BackupSettings
from tasks.backup.snapshot.creation import SnapshotResult
from tasks.backup.verify.snapshot_proofs import ProofOptions
from tasks.backup.verify.snapshot_survey import has_gaps, is_gap
from tasks.core.findings import Finding, make_finding
from tasks.core.steps import task
from tasks.workspace import Workspace

STEP_PERCENT = 5.0
_GAPS = ("file-or-folder-not-read", "file-gone-while-read")


@task(name="take the snapshots", retries=2, retry_delay_seconds=60)
def back_up(home: str, actor: str) -> list[dict[str, Any]]:
    """Back up the home and its sources; packs that an earlier try uploaded are used again."""
    workspace = Workspace.open(Path(home))
    with_bar = _ProgressBar("backup-progress", "Sources read", expected_bytes(workspace))
    snapshots = run_backup(workspace, actor, progress=with_bar)
    with_bar.finish()
    get_run_logger().info("%d snapshot(s) stand on the store", len(snapshots))
    return [_row(snapshot) for snapshot in snapshots]


def _row(snapshot: SnapshotResult) -> dict[str, Any]:
    counts = snapshot.manifest.sources
    return {
        "snapshot": snapshot.label,
        "class": snapshot.manifest.retention,
        "keep until": snapshot.manifest.retain_until,
        "files": sum(count.files for count in counts),
        "bytes": snapshot.manifest.total_bytes(),
        "new bytes": sum(count.new_bytes for count in counts),
        "unreadable": sum(count.unreadable + count.missing for count in counts),
        "flags": [str(flag) for flag in snapshot.manifest.flags if not is_gap(flag)],
        "gaps": [str(gap) for gap in _gaps(snapshot)],
    }


def _gaps(snapshot: SnapshotResult) -> list[Finding]:
    """What could not be read, new or as before, and the first five names."""
    manifest = snapshot.manifest
    if not has_gaps(manifest):
        return []
    count = sum(source.unreadable + source.missing for source in manifest.sources)
    flags = [flag for flag in manifest.flags if is_gap(flag)]
    flags = flags or [make_finding("gaps-as-before", count=count)]
    names = [problem for problem in snapshot.problems if problem.code in _GAPS]
    return [*flags, *names[:5]]


class _ProgressBar:
    """A progress artifact that counts every byte and updates the server every few percent."""

    def __init__(self, key: str, description: str, total: int = 0) -> None:
        self._total, self._done_bytes, self._shown_percent = total, 0, 0.0
        artifact = create_progress_artifact(progress=0.0, key=key, description=description)
        assert isinstance(artifact, UUID)  # a coroutine only where there is a running loop
        self._artifact = artifact

    def __call__(self, kind: str, size: int) -> None:
        if kind == "total":
            self._total += size
        if kind != "seen" or not self._total:
            return
        self._done_bytes += size
        percent = min(99.0, 100 * self._done_bytes / self._total)
        if percent - self._shown_percent >= STEP_PERCENT:
            self._shown_percent = percent
            update_progress_artifact(self._artifact, progress=percent)

    def finish(self) -> None:
        update_progress_artifact(self._artifact, progress=100.0)


@task(name="publish the snapshots")
def publish_backup(snapshots: list[dict[str, Any]]) -> None:
    table = [row | {name: "; ".join(row[name]) for name in ("flags", "gaps")} for row in snapshots]
    create_table_artifact(table=table, key="backup-snapshots", description="Newest snapshots")


@task(name="verify a share of the packs", retries=1, retry_delay_seconds=60)
def verify_packs(home: str, actor: str, share: int) -> list[str]:
    """Read the next part of the packs and all that is small; returns what does not hold."""
    workspace = Workspace.open(Path(home))
    parts = share or workspace.settings(BackupSettings).verify_share
    report = run_verify(workspace, actor, parts)
    get_run_logger().info("%d of %d packs read", report.packs_read, report.packs)
    return [str(finding) for finding in report.damaged]


@task(name="examine the store")
def check_store(home: str, actor: str) -> list[str]:
    """Every destructive verb on canaries; returns the checks that failed."""
    workspace = Workspace.open(Path(home))
    diagnosis = run_doctor(workspace, actor)
    table = [{"check": c.name, "ok": c.ok, "detail": c.detail} for c in diagnosis.checks]
    create_table_artifact(table=table, key="backup-doctor", description="Does the store guard?")
    return diagnosis.failed()


@task(name="restore and countersign")
def prove_snapshots(home: str, actor: str, scope: str, files: int, accept_flags: bool) -> list[dict[str, Any]]:
    """Restore what no drill has proved yet, with the drill key of this machine."""
    workspace = Workspace.open(Path(home))
    path, phrase = drill_key(workspace)
    bar = _ProgressBar("restore-progress", "Restored by the drill")
    options = ProofOptions(scope, files, accept_flags=accept_flags, progress=bar)
    proofs = run_proofs(workspace, actor, path, phrase, options)
    bar.finish()
    get_run_logger().info("%d snapshot(s) countersigned", len(proofs))
    return [
        {
            "head": result.head,
            "scope": result.proof.scope,
            "files": result.proof.files,
            "bytes": result.proof.bytes,
            "seconds": result.proof.seconds,
            "time": result.proof.time,
        }
        for result in proofs
    ]


@task(name="publish the proof")
def publish_proof(proofs: list[dict[str, Any]]) -> None:
    """The `restore-proof` artifact: what was restored, and the head to expect from now on."""
    lines = ["| snapshot | scope | files | bytes | seconds |", "|---|---|---|---|---|"]
    for proof in proofs:
        cells = (proof["head"], proof["scope"], proof["files"], proof["bytes"], proof["seconds"])
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    if not proofs:
        lines = ["Nothing new to prove: every newest snapshot is countersigned."]
    heads = [f"`--expect-head {proof['head']}`" for proof in proofs]
    create_markdown_artifact("\n".join([*lines, "", *heads]), key="restore-proof")
