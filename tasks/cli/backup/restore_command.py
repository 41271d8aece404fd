"""`continuity backup restore`: a snapshot comes back, on any machine, and all that is wrong is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.backup.repository_options import Key, Store, account_of, progress_bar, report_junk, repository_with
from tasks.cli.context import Json, print_text
from tasks.core.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.backup.api import RepositorySurvey, RestoreReport, SnapshotChoice
    from tasks.core.findings import Finding


def restore(
    target: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    key: Key = None,
    store: Store = "",
    user: Annotated[str, typer.Option(help="For a share.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="For a share.")] = None,
    snapshot: Annotated[str, typer.Option(help="A label or the beginning of a digest.")] = "",
    newest: Annotated[bool, typer.Option("--newest", help="Even if no drill countersigned it.")] = False,
    host: Annotated[str, typer.Option(help="Where several hosts share the repository.")] = "",
    retention: Annotated[str, typer.Option("--class", help="records, screening, private.")] = "",
    only: Annotated[list[str] | None, typer.Option("--only", help="A path or shell pattern; may repeat.")] = None,
    expect_head: Annotated[
        list[str] | None, typer.Option("--expect-head", help="As the key sheet or a proof prints it.")
    ] = None,
    native: Annotated[bool, typer.Option("--native", help="Also names that only this system can tell apart.")] = False,
    special: Annotated[bool, typer.Option("--special", help="Also setuid bits.")] = False,
    devices: Annotated[bool, typer.Option("--devices", help="Also pipes and devices.")] = False,
    owners: Annotated[bool, typer.Option("--owners", help="Also user and group numbers.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Also read back and compare what was written.")] = False,
    as_json: Json = False,
) -> None:
    """Bring a snapshot back, on any machine: needs the repository, a key and its passphrase.

    Takes the newest snapshot that a drill countersigned. Exit 1 on a fork, a gap in a chain, an older
    head than expected, or when anything was lost or refused; 3 when all of the snapshot came back, and
    it is without files that could not be read, or has lines that do not read.
    """
    from tasks.backup.api import (
        PathPatterns,
        RestoreOptions,
        choose_snapshot,
        earlier_snapshots,
        files_in_earlier_snapshots,
        has_gaps,
        read_manifest,
        readable_packs,
        restore_snapshot,
        survey_repository,
    )
    from tasks.core.findings import Finding

    repository, seed = repository_with(key, account_of(store, user, password_file))
    survey = survey_repository(repository)
    behind = [late for head in expect_head or () if (late := survey.behind(head))]
    wrong = [*survey.faults(), *survey.damage(), *behind]
    if not as_json:  # it carries these itself; a person hears them also where no choice is possible
        _say_all("wrong", wrong)
        report_junk(survey.junk(), as_json)
    choice = choose_snapshot(survey, host, retention, snapshot, newest)
    digest, manifest = read_manifest(repository, choice.snapshot.host, choice.snapshot.name)
    proved = f"countersigned {choice.proof.time[:10]}" if choice.proof else "not countersigned"
    if not as_json:
        _say_all("warning", choice.warnings)
        print_text(f"Restoring {choice.snapshot.label} of {manifest.time[:16]}, {proved}")
    library = readable_packs(repository, seed, manifest, survey.snapshots(choice.snapshot.host))
    total = 0 if only else manifest.total_bytes()
    with progress_bar("restored", as_json, "seen", total) as progress:
        options = RestoreOptions(tuple(only or ()), None, native, special, devices, owners, compare, progress=progress)
        report = restore_snapshot(library, manifest, target, digest, options)
    if report.gaps or has_gaps(manifest):
        earlier = list(earlier_snapshots(survey.snapshots(choice.snapshot.host, manifest.retention), manifest.sequence))
        want = PathPatterns(options.patterns).want
        files, notes = files_in_earlier_snapshots(library, seed, manifest, earlier, want)
        report.lacking += files
        report.warnings += notes
    nothing = bool(only) and not (report.files or report.kept or report.folders or report.links)
    if as_json:
        report.warnings += choice.warnings
        facts = {
            "snapshot": choice.snapshot.label,
            "proved": choice.proof.time if choice.proof else "",
            "whole": report.intact,
            "wrong": wrong,
            "junk": survey.junk(),
            **vars(report),
        }
        print(json.dumps(facts, default=Finding.as_dict))
    else:
        _tell(report, target, nothing)
        _other_classes(survey, choice)
    if report.damage or nothing or wrong:
        raise typer.Exit(Exit.NO)
    raise typer.Exit(Exit.GAPS if report.has_gaps else Exit.DONE)


def _say_all(label: str, findings: Sequence[Finding]) -> None:
    for finding in findings:
        print_text(f"{label}: {finding}")


def _tell(report: RestoreReport, target: Path, nothing: bool) -> None:
    for kind in ("damaged_packs", "lost", "refused", "marked"):
        _say_all(kind.replace("_", " "), getattr(report, kind))
    _say_all("not in this snapshot", report.gaps)
    _say_all("faulty line", report.faulty)
    _say_all("missing here", report.lacking)
    if report.lacking:
        print_text("Earlier snapshots have these files: --snapshot LABEL --only PATH, into another folder.")
    print_text(f"{report.files} files, {report.folders} folders, {report.links} links in {target}")
    if nothing and not report.lost:
        print_text("Nothing there has such a path: it begins with the source, as in home/content.")


def _other_classes(survey: RepositorySurvey, choice: SnapshotChoice) -> None:
    """A restore of one class of retention is not all that the host has there."""
    there = {snapshot.manifest.retention for snapshot in survey.snapshots(choice.snapshot.host)}
    for kind in sorted(there - {choice.snapshot.manifest.retention}):
        print_text(f"Snapshots of class {kind} are there too: --class {kind}, into another folder.")
