"""`continuity backup`: sealed copies off-site, and bringing them back on any machine."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.cli.backup import key_commands, prune_commands, restore_command
from tasks.cli.backup.repository_options import MOST_NAMED, Key, passphrase_of, progress_bar, report_junk
from tasks.cli.context import Json, invocation, print_table, print_text
from tasks.core.errors import Exit

if TYPE_CHECKING:
    from tasks.backup.api import SnapshotResult
    from tasks.core.findings import Finding

app = typer.Typer(no_args_is_help=True, help="Sealed copies off-site, and bringing them back.")
app.add_typer(key_commands.app, name="keys")
app.add_typer(prune_commands.prune, name="prune")
app.add_typer(prune_commands.hold, name="hold")


@app.command()
def run(
    hold: Annotated[bool, typer.Option("--hold", help="Legal hold on these snapshots.")] = False,
    clock_right: Annotated[
        bool, typer.Option("--clock-right", help="The clock is right now, and was ahead before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Back up the home and every source of the settings. Exit 1 if something looks wrong, 3 if the
    backup stands and something could not be read."""
    from tasks.backup.api import BackupSettings, expected_bytes, has_gaps, is_gap, run_backup

    actor, workspace = invocation.actor, invocation.workspace
    results: list[SnapshotResult] = []
    junk: list[Finding] = []
    try:
        with progress_bar("sources", as_json, "seen", expected_bytes(workspace)) as progress:
            run_backup(workspace, actor, hold, progress, clock_right, results, junk)
    finally:  # what stands is told, whatever could not be read
        _tell_taken(results, as_json, workspace.settings(BackupSettings).store)
        report_junk(junk, as_json)
    flags = [flag for result in results for flag in result.manifest.flags]
    if not all(map(is_gap, flags)):
        raise typer.Exit(Exit.NO)
    gaps = bool(flags) or any(has_gaps(result.manifest) for result in results)
    raise typer.Exit(Exit.GAPS if gaps else Exit.DONE)


def _tell_taken(results: list[SnapshotResult], as_json: bool, store: str) -> None:
    if as_json:
        print(json.dumps([_taken_facts(result) for result in results]))
    elif results:
        print_table([_taken_row(result) for result in results], as_json=False, title="Snapshots")
        for result in results:
            for finding in (*result.manifest.flags, *result.problems[:MOST_NAMED]):
                print_text(f"  {finding}")
            if len(result.problems) > MOST_NAMED:
                print_text(f"  and {len(result.problems) - MOST_NAMED} more: --json names up to 1,000")
        print_text(f"Stored at {store}. The next restore drill countersigns them.")


def _taken_facts(result: SnapshotResult) -> dict[str, object]:
    """For a script: the same with each flag and problem as data."""
    return _taken_row(result) | {
        "flags": [flag.as_dict() for flag in result.manifest.flags],
        "problems": [finding.as_dict() for finding in result.problems],
    }


def _taken_row(result: SnapshotResult) -> dict[str, object]:
    counts = result.manifest.sources
    return {
        "snapshot": result.label,
        "class": result.manifest.retention,
        "keep_until": result.manifest.retain_until,
        "files": sum(c.files for c in counts),
        "bytes": result.manifest.total_bytes(),
        "new_bytes": sum(c.new_bytes for c in counts),
        "unreadable": sum(c.unreadable + c.missing for c in counts),
        "flags": len(result.manifest.flags),
    }


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every snapshot, who countersigned it, what is held, and what is wrong with the chains. Exit 1
    if a source is late, a chain has a fault or an object is damaged. Junk that somebody left on the
    store is named and changes nothing."""
    from tasks.backup.api import (
        configured_repository,
        configured_sources,
        read_host_keys,
        source_freshness,
        survey_repository,
    )

    keys = read_host_keys(invocation.workspace)
    survey = survey_repository(configured_repository(invocation.workspace, keys))
    rows: list[dict[str, Any]] = []
    for snapshot in survey.snapshots():
        proof = survey.proof_of(snapshot.digest)
        rows.append(
            {
                "snapshot": snapshot.label,
                "time": snapshot.manifest.time[:16],
                "class": snapshot.manifest.retention,
                "bytes": snapshot.manifest.total_bytes(),
                "keep_until": snapshot.manifest.retain_until,
                "proved": proof.time[:10] if proof else "",
                "held": len(survey.holds.reasons.get(snapshot.digest, ())),
                "unreadable": sum(c.unreadable + c.missing for c in snapshot.manifest.sources),
                "flags": [flag.as_dict() for flag in snapshot.manifest.flags]
                if as_json
                else "; ".join(map(str, snapshot.manifest.flags)),
            }
        )
    print_table(rows, as_json=as_json, title="Snapshots")
    late = [line for line in source_freshness(survey, keys.host, configured_sources(invocation.workspace)) if line.late]
    facts = [f"late: {line.finding}" for line in late]
    facts += [f"wrong: {fault}" for fault in survey.faults()]
    facts += [f"damaged: {text}" for text in survey.damage()]
    facts += [f"set aside: {text}" for text in survey.set_aside()]
    for text in facts:  # a script gets its JSON alone, and whoever reads its log the reason
        print(text, file=sys.stderr) if as_json else print_text(text)
    report_junk(survey.junk(), as_json)
    raise typer.Exit(1 if survey.faults() or survey.damage() or late else 0)


@app.command()
def verify(
    share: Annotated[int, typer.Option(help="Read one of so many parts of the packs.", min=1)] = 1,
    as_json: Json = False,
) -> None:
    """Read every object and hold it against its digest. Needs no private key. Exit 1 on damage."""
    from tasks.backup.api import run_verify
    from tasks.core.findings import Finding

    with progress_bar("read", as_json) as progress:
        report = run_verify(invocation.workspace, invocation.actor, share, progress=progress)
    if as_json:
        print(json.dumps(vars(report), default=Finding.as_dict))
    else:
        for finding in report.damaged:
            print_text(f"damaged: {finding}")
        report_junk(report.junk, as_json)
        if report.leftovers:
            print_text(f"{len(report.leftovers)} objects that no snapshot names are passed over")
        outcome = "hold" if report.intact else "DO NOT HOLD"
        print_text(f"{report.snapshots} snapshots {outcome}: {report.packs_read} of {report.packs} packs read")
    raise typer.Exit(0 if report.intact else 1)


@app.command()
def prove(
    key: Key = None,
    scope: Annotated[str, typer.Option(help="sample, all, or content (writes no files).")] = "sample",
    files: Annotated[int, typer.Option(help="Files of a sample.", min=1)] = 200,
    accept_flags: Annotated[bool, typer.Option("--accept-flags", help="You have looked at what was flagged.")] = False,
    as_json: Json = False,
) -> None:
    """Restore what no drill has proved yet, compare, and countersign. Runs where the drill key is.

    Nothing is countersigned whose flags nobody accepted, nor where files could not be read that were
    in the last countersigned snapshot.
    """
    from tasks.backup.api import PROOF_SCOPES, ProofOptions, drill_key, run_proofs

    if scope not in PROOF_SCOPES:
        raise typer.BadParameter(f"one of {', '.join(PROOF_SCOPES)}", param_hint="--scope")
    path, phrase = (key, passphrase_of(key)) if key else drill_key(invocation.workspace)
    actor = invocation.actor
    junk: list[Finding] = []
    with progress_bar("restored", as_json, "seen") as progress:
        options = ProofOptions(scope, files, accept_flags=accept_flags, progress=progress)
        try:
            proofs = run_proofs(invocation.workspace, actor, path, phrase, options, junk)
        finally:
            report_junk(junk, as_json)
    rows = [
        {
            "snapshot": snapshot_proof.head,
            "scope": snapshot_proof.proof.scope,
            "files": snapshot_proof.proof.files,
            "bytes": snapshot_proof.proof.bytes,
            "seconds": snapshot_proof.proof.seconds,
        }
        for snapshot_proof in proofs
    ]
    print_table(rows, as_json=as_json, title="Countersigned")
    if not as_json:
        for snapshot_proof in proofs:
            print_text(f"  --expect-head {snapshot_proof.head}")


app.command()(restore_command.restore)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Try every destructive verb on canaries, with this host's own credentials. Exit 1 if one works."""
    from tasks.backup.api import BackupSettings, read_host_keys, run_doctor

    read_host_keys(invocation.workspace)  # without them there is nothing to wait for
    if not as_json:
        print_text(
            f"Waiting {invocation.workspace.settings(BackupSettings).grace_seconds:g} s until the grace time ends ..."
        )
    examination = run_doctor(invocation.workspace, invocation.actor)
    rows = [{"check": c.name, "result": "ok" if c.ok else "FAILED", "detail": c.detail} for c in examination.checks]
    print_table(rows, as_json=as_json, title="The store")
    if not examination.guarded and not as_json:
        print_text("What its administrator must do stands in README.md, which lies in the repository.")
    raise typer.Exit(0 if examination.ok else 1)
