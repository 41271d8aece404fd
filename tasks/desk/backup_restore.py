"""`continuity backup restore`: a snapshot comes back, on any machine, and all that is wrong is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk.backup_asking import Key, Store, account_of, bar, repository_with, tell_junk
from tasks.desk.context import Json, say
from tasks.shared.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.backup.choosing import Choice, Survey
    from tasks.backup.report import Report
    from tasks.shared.findings import Finding


def restore(
    target: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    key: Key = None,
    store: Store = "",
    user: Annotated[str, typer.Option(help="For a share.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="For a share.")] = None,
    snapshot: Annotated[str, typer.Option(help="A label or the beginning of a digest.")] = "",
    newest: Annotated[
        bool, typer.Option("--newest", help="Even if no drill countersigned it.")
    ] = False,
    host: Annotated[str, typer.Option(help="Where several hosts share the repository.")] = "",
    retention: Annotated[str, typer.Option("--class", help="records, screening, private.")] = "",
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A path or shell pattern; may repeat.")
    ] = None,
    expect_head: Annotated[
        list[str] | None,
        typer.Option("--expect-head", help="As the key sheet or a proof prints it."),
    ] = None,
    native: Annotated[
        bool, typer.Option("--native", help="Also names that only this system can tell apart.")
    ] = False,
    special: Annotated[bool, typer.Option("--special", help="Also setuid bits.")] = False,
    devices: Annotated[bool, typer.Option("--devices", help="Also pipes and devices.")] = False,
    owners: Annotated[bool, typer.Option("--owners", help="Also user and group numbers.")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also read back and compare what was written.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring a snapshot back, on any machine: needs the repository, a key and its passphrase.

    Takes the newest snapshot that a drill countersigned. Exit 1 on a fork, a gap in a chain, an older
    head than expected, or when anything was lost or refused; 3 when all of the snapshot came back, and
    it is without files that could not be read, or has lines that do not read.
    """
    from tasks.backup.choosing import choose, survey
    from tasks.backup.gaps import earlier_than, lacking
    from tasks.backup.library import opened_by
    from tasks.backup.manifests import read_manifest
    from tasks.backup.names import Patterns
    from tasks.backup.report import RestoreOptions
    from tasks.backup.restore import restore as bring_back
    from tasks.backup.watch import has_gaps
    from tasks.shared.findings import Finding

    repository, seed = repository_with(key, account_of(store, user, password_file))
    found = survey(repository)
    behind = [late for head in expect_head or () if (late := found.behind(head))]
    wrong = [*found.faults(), *found.damage(), *behind]
    if not as_json:  # it carries these itself; a person hears them also where no choice is possible
        _say_all("wrong", wrong)
        tell_junk(found.junk(), as_json)
    choice = choose(found, host, retention, snapshot, newest)
    digest, manifest = read_manifest(repository, choice.snapshot.host, choice.snapshot.name)
    proved = f"countersigned {choice.proof.time[:10]}" if choice.proof else "not countersigned"
    if not as_json:
        _say_all("warning", choice.warnings)
        say(f"Restoring {choice.snapshot.label} of {manifest.time[:16]}, {proved}")
    library = opened_by(repository, seed, manifest, found.snapshots(choice.snapshot.host))
    total = 0 if only else manifest.total_bytes()
    with bar("restored", as_json, "seen", total) as progress:
        options = RestoreOptions(
            tuple(only or ()), None, native, special, devices, owners, compare, progress=progress
        )
        report = bring_back(library, manifest, target, digest, options)
    if report.gaps or has_gaps(manifest):
        earlier = list(earlier_than(found.snapshots(choice.snapshot.host, manifest.retention),
                                    manifest.sequence))  # fmt: skip
        want = Patterns(options.patterns).want
        files, notes = lacking(library, seed, manifest, earlier, want)
        report.lacking += files
        report.warnings += notes
    nothing = bool(only) and not (report.files or report.kept or report.folders or report.links)
    if as_json:
        report.warnings += choice.warnings
        facts = {"snapshot": choice.snapshot.label, "proved": choice.proof.time if choice.proof else "",
                 "whole": report.whole, "wrong": wrong, "junk": found.junk(), **vars(report)}  # fmt: skip
        print(json.dumps(facts, default=Finding.as_dict))
    else:
        _tell(report, target, nothing)
        _other_classes(found, choice)
    if report.damage or nothing or wrong:
        raise typer.Exit(Exit.NO)
    raise typer.Exit(Exit.GAPS if report.has_gaps else Exit.DONE)


def _say_all(word: str, findings: Sequence[Finding]) -> None:
    for found in findings:
        say(f"{word}: {found}")


def _tell(report: Report, target: Path, nothing: bool) -> None:
    for kind in ("damaged_packs", "lost", "refused", "marked"):
        _say_all(kind.replace("_", " "), getattr(report, kind))
    _say_all("not in this snapshot", report.gaps)
    _say_all("faulty line", report.faulty)
    _say_all("missing here", report.lacking)
    if report.lacking:
        say(
            "Earlier snapshots have these files: --snapshot LABEL --only PATH, into another folder."
        )
    say(f"{report.files} files, {report.folders} folders, {report.links} links in {target}")
    if nothing and not report.lost:
        say("Nothing there has such a path: it begins with the source, as in home/content.")


def _other_classes(found: Survey, choice: Choice) -> None:
    """A restore of one class of retention is not all that the host has there."""
    there = {one.manifest.retention for one in found.snapshots(choice.snapshot.host)}
    for kind in sorted(there - {choice.snapshot.manifest.retention}):
        say(f"Snapshots of class {kind} are there too: --class {kind}, into another folder.")
