"""`continuity backup`: sealed copies off-site, and bringing them back on any machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk import backup_admin, backup_keys
from tasks.desk.backup_asking import Key, Store, account_of, passphrase_of, repository_with
from tasks.desk.context import desk, say, show

if TYPE_CHECKING:
    from tasks.backup.house import House
    from tasks.backup.options import Progress
    from tasks.shared.journal import Journal

app = typer.Typer(no_args_is_help=True, help="Sealed copies off-site, and bringing them back.")
app.add_typer(backup_keys.app, name="keys")
app.add_typer(backup_admin.prune, name="prune")
app.add_typer(backup_admin.hold, name="hold")

Json = Annotated[bool, typer.Option("--json")]


def _house() -> House:
    from tasks.backup.house import House

    return House(desk.settings)


def _journal() -> Journal:
    from tasks.shared.opening import journal

    return journal(desk.settings)


@contextmanager
def _bar(what: str, quiet: bool, kind: str = "read", total: int = 0) -> Iterator[Progress | None]:
    """A line that shows how many bytes of one kind have gone by, of how many where that is known."""
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress as Line,
        TextColumn,
        TransferSpeedColumn,
    )

    parts = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Line(*parts, console=Console(stderr=True), transient=True) as line:
        task = line.add_task(what, total=total or None)

        def told(what: str, size: int) -> None:
            if what == "total":
                line.update(task, total=(line.tasks[0].total or 0) + size)
            elif what == kind:
                line.advance(task, size)

        yield told


@app.command()
def run(
    hold: Annotated[bool, typer.Option("--hold", help="Legal hold on these snapshots.")] = False,
    as_json: Json = False,
) -> None:
    """Back up the home and every source of the settings. Exit 1 if something looks wrong."""
    from tasks.backup.running import expected_bytes, run_backup

    actor, house = desk.actor, _house()
    with _bar("sources", as_json, "seen", expected_bytes(_journal)) as progress:
        taken = run_backup(house, actor, _journal, hold, progress)
    if as_json:
        print(json.dumps([_taken_row(one) | {"problems": list(one.problems)} for one in taken]))
    else:
        show([_taken_row(one) for one in taken], as_json=False, title="Snapshots")
        for one in taken:
            for text in (*one.manifest.flags, *one.problems[:20]):
                say(f"  {text}")
        say(f"Stored at {house.settings.backup.store}. The next restore drill countersigns them.")
    raise typer.Exit(1 if any(one.manifest.flags for one in taken) else 0)


def _taken_row(one) -> dict[str, object]:  # type: ignore[no-untyped-def]
    counts = one.manifest.sources
    return {
        "snapshot": one.label,
        "class": one.manifest.retention,
        "keep_until": one.manifest.retain_until,
        "files": sum(c.files for c in counts),
        "bytes": one.manifest.total_bytes(),
        "new_bytes": sum(c.new_bytes for c in counts),
        "unreadable": sum(c.unreadable for c in counts),
        "flags": len(one.manifest.flags),
    }


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every snapshot, who countersigned it, what is held, and what is wrong with the chains."""
    from tasks.backup.choosing import survey
    from tasks.backup.watch import freshness

    house = _house()
    keys = house.keys()
    found = survey(house.repository(keys))
    rows = []
    for one in found.snapshots():
        proof = found.proof_of(one.digest)
        rows.append(
            {
                "snapshot": one.label,
                "time": one.manifest.time[:16],
                "class": one.manifest.retention,
                "bytes": one.manifest.total_bytes(),
                "keep_until": one.manifest.retain_until,
                "proved": proof.time[:10] if proof else "",
                "held": len(found.holds.held.get(one.digest, ())) + one.manifest.hold,
                "flags": "; ".join(one.manifest.flags),
            }
        )
    show(rows, as_json=as_json, title="Snapshots")
    late = [line for line in freshness(found, keys.host, house.sources()) if line.late]
    if not as_json:
        for line in late:
            newest = line.newest or "never"
            say(f"late: {line.source}: newest {newest}, objective {line.objective_hours:g} hours")
        for fault in found.faults():
            say(f"wrong: {fault}")
        for text in found.set_aside():
            say(f"set aside: {text}")
    raise typer.Exit(1 if found.faults() or late else 0)


@app.command()
def verify(
    share: Annotated[int, typer.Option(help="Read one of so many parts of the packs.", min=1)] = 1,
    as_json: Json = False,
) -> None:
    """Read every object and hold it against its digest. Needs no private key. Exit 1 on damage."""
    from tasks.backup.running import run_verify

    with _bar("read", as_json) as progress:
        report = run_verify(_house(), desk.actor, _journal, share, progress=progress)
    if as_json:
        print(json.dumps(vars(report), default=list))
    else:
        for text in report.damaged:
            say(f"damaged: {text}")
        if report.leftovers:
            say(f"{len(report.leftovers)} objects that no snapshot names are passed over")
        word = "hold" if report.whole else "DO NOT HOLD"
        say(
            f"{report.snapshots} snapshots {word}: {report.packs_read} of {report.packs} packs read"
        )
    raise typer.Exit(0 if report.whole else 1)


@app.command()
def prove(
    key: Key = None,
    scope: Annotated[
        str, typer.Option(help="sample, all, or content (writes no files).")
    ] = "sample",
    files: Annotated[int, typer.Option(help="Files of a sample.", min=1)] = 200,
    accept_flags: Annotated[
        bool, typer.Option("--accept-flags", help="You have looked at what was flagged.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Restore what no drill has proved yet, compare, and countersign. Runs where the drill key is."""
    from tasks.backup.prove import SCOPES, ProofOptions
    from tasks.backup.running import run_proofs

    if scope not in SCOPES:
        raise typer.BadParameter(f"one of {', '.join(SCOPES)}", param_hint="--scope")
    house = _house()
    path, phrase = (key, passphrase_of(key)) if key else house.drill_key()
    actor = desk.actor
    with _bar("restored", as_json, "seen") as progress:
        options = ProofOptions(scope, files, accept_flags=accept_flags, progress=progress)
        done = run_proofs(house, actor, _journal, path, phrase, options)
    rows = [
        {"snapshot": one.head, "scope": one.proof.scope, "files": one.proof.files,
         "bytes": one.proof.bytes, "seconds": one.proof.seconds}
        for one in done
    ]  # fmt: skip
    show(rows, as_json=as_json, title="Countersigned")
    if not as_json:
        for one in done:
            say(f"  --expect-head {one.head}")


@app.command()
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

    Takes the newest snapshot that a drill countersigned. Exit 1 on a fork, a gap, an older head
    than expected, or when anything was lost or refused.
    """
    from tasks.backup.choosing import choose, survey
    from tasks.backup.library import opened_by
    from tasks.backup.manifests import read_manifest
    from tasks.backup.report import RestoreOptions
    from tasks.backup.restore import restore as bring_back

    repository, seed = repository_with(key, account_of(store, user, password_file))
    found = survey(repository)
    behind = [text for head in expect_head or () if (text := found.behind(head))]
    if not as_json:  # it carries these itself
        for text in (*found.faults(), *behind):
            say(f"wrong: {text}")
    choice = choose(found, host, retention, snapshot, newest)
    for text in () if as_json else choice.warnings:
        say(f"warning: {text}")
    digest, manifest = read_manifest(repository, choice.snapshot.host, choice.snapshot.name)
    proved = f"countersigned {choice.proof.time[:10]}" if choice.proof else "not countersigned"
    if not as_json:
        say(f"Restoring {choice.snapshot.label} of {manifest.time[:16]}, {proved}")
    library = opened_by(repository, seed, manifest, found.snapshots(choice.snapshot.host))
    total = 0 if only else manifest.total_bytes()
    with _bar("restored", as_json, "seen", total) as progress:
        options = RestoreOptions(
            tuple(only or ()), None, native, special, devices, owners, compare, progress=progress
        )
        report = bring_back(library, manifest, target, digest, options)
    if as_json:
        report.warnings += choice.warnings
        told = {"snapshot": choice.snapshot.label, "proved": proved, "whole": report.whole}
        print(json.dumps({**told, "wrong": [*found.faults(), *behind], **vars(report)}))
    else:
        for kind in ("damaged_packs", "lost", "refused", "marked"):
            for text in getattr(report, kind):
                say(f"{kind.replace('_', ' ')}: {text}")
        say(f"{report.files} files, {report.folders} folders, {report.links} links in {target}")
        kinds = {s.manifest.retention for s in found.snapshots(choice.snapshot.host)}
        for kind in sorted(kinds - {manifest.retention}):
            say(f"Snapshots of class {kind} are there too: --class {kind}, into another folder.")
    nothing = bool(only) and not (report.files or report.kept or report.folders or report.links)
    if nothing and not report.lost and not as_json:
        say("Nothing there has such a path: it begins with the source, as in home/content.")
    well = report.whole and not nothing and not found.faults() and not behind
    raise typer.Exit(0 if well else 1)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Try every destructive verb on canaries, with this host's own credentials. Exit 1 if one works."""
    from tasks.backup.running import run_doctor

    if not as_json:
        say(f"Waiting {desk.settings.backup.grace_seconds:g} s until the grace time is over ...")
    found = run_doctor(_house(), desk.actor, _journal)
    rows = [
        {"check": c.name, "result": "ok" if c.ok else "FAILED", "detail": c.detail}
        for c in found.checks
    ]
    show(rows, as_json=as_json, title="The store")
    if not found.guarded and not as_json:
        say("What its administrator must do stands in README.md, which lies in the repository.")
    raise typer.Exit(0 if found.ok else 1)
