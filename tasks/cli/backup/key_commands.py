"""`continuity backup keys`: made once, kept in a safe, turned over when they may be known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.backup.repository_options import Key, passphrase_of, repository_with
from tasks.cli.context import Json, invocation, print_result, print_table, print_text

if TYPE_CHECKING:
    from tasks.backup.api import Repository

app = typer.Typer(no_args_is_help=True, help="Keys: made once, kept in a safe, turned over.")
Out = Annotated[Path, typer.Option("--out", help="Folder for the safe, on a stick.")]


def _of(repository: Repository, heads: list[str] | None = None) -> tuple[str, list[str], str]:
    """What a sheet tells of its repository."""
    return repository.store.label, heads or [], repository.config.files["restore.py"]


@app.command()
def make(
    out: Out,
    host: Annotated[str, typer.Option(help="Name of this host in the repository.")],
    drill: Annotated[str, typer.Option(help="Also a key for a drill worker of this name.")] = "",
    as_json: Json = False,
) -> None:
    """Lay out the repository; write locked key files and sheets for the safe; keep the host's own.

    The passphrase is asked for, or taken from CONTINUITY_PASSPHRASE (the drill worker's from
    CONTINUITY_DRILL_PASSPHRASE).
    """
    from tasks.backup.api import (
        configured_store,
        create_repository_keys,
        host_key_file,
        read_backup_key,
        write_key_sheet,
    )
    from tasks.core.errors import BadInput

    own_keys = host_key_file(invocation.workspace)
    if own_keys.exists():
        raise BadInput("host-keys-already-exist", key_file=own_keys)
    phrase = passphrase_of(out, new=True)
    drill_phrase = passphrase_of(out / "drill.key", "CONTINUITY_DRILL_PASSPHRASE", True) if drill else ""
    created = create_repository_keys(configured_store(invocation.workspace), host, out, phrase, drill, drill_phrase)
    created.host.save(own_keys)
    for path in created.files:
        locked = read_backup_key(path, ("recovery", "officer", "drill"))
        write_key_sheet(path.with_suffix(".pdf"), locked, *_of(created.repository))
    lines = [f"{path} and its sheet {path.with_suffix('.pdf').name} written" for path in created.files]
    lines += [
        f"Repository {created.repository.id} at {created.repository.store.label}",
        "Take the folder off this machine now: what opens the backups must not stay here.",
    ]
    print_result(
        as_json,
        "\n".join(lines),
        repository=created.repository.id,
        store=created.repository.store.label,
        keys=[str(path) for path in created.files],
        sheets=[str(path.with_suffix(".pdf")) for path in created.files],
    )


@app.command()
def sheet(
    key: Annotated[Path, typer.Argument(help="A key file.")],
    out: Annotated[Path, typer.Option("--out", help="The PDF to write.")],
) -> None:
    """Print a key's sheet again, with the newest snapshots for --expect-head."""
    from tasks.backup.api import configured_repository, read_backup_key, survey_repository, write_key_sheet

    repository = configured_repository(invocation.workspace)
    locked = read_backup_key(key, ("recovery", "officer", "drill"))
    write_key_sheet(out, locked, *_of(repository, survey_repository(repository).heads()))
    print_text(f"{out} written")


@app.command()
def check(key: Annotated[Path, typer.Argument(help="A key file or typed sheet.")]) -> None:
    """Whether a key file or typed sheet reads, and its passphrase opens it."""
    from tasks.backup.api import read_backup_key

    locked = read_backup_key(key, ("recovery", "officer", "drill"))
    locked.open(passphrase_of(key))
    print_text(f"The {locked.kind} key of repository {locked.repository.hex()} opens.")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Hosts, recipients and drill workers that the officer named."""
    from tasks.backup.api import configured_repository

    config = configured_repository(invocation.workspace).config
    rows = [
        *({"what": r.role, "name": r.name, "key": r.id(), "from": ""} for r in config.recipients),
        *(
            {"what": "host", "name": name, "key": k.key[:16], "from": f"{k.first}-{k.last or ''}"}
            for name, keys in config.hosts.items()
            for k in keys
        ),
        *(
            {"what": "countersigns", "name": name, "key": key[:16], "from": ""}
            for name, keys in config.drills.items()
            for key in keys
        ),
    ]
    print_table(rows, as_json=as_json, title="Keys")


@app.command("rotate-host")
def rotate_host(
    key: Key = None,
    last: Annotated[int | None, typer.Option(help="After a theft: number of the last snapshot you trust.")] = None,
) -> None:
    """New keys for this host; the old ones sign nothing more. Needs the officer's key."""
    from tasks.backup import api
    from tasks.backup.api import host_key_file, read_host_keys

    own_keys = host_key_file(invocation.workspace)
    repository, seed = repository_with(key, None, ("officer",))
    old = read_host_keys(invocation.workspace)
    _, fresh = api.rotate_host(repository, seed, old, last)
    own_keys.replace(own_keys.with_suffix(".old"))
    fresh.save(own_keys)
    print_text(f"Host {fresh.host} has new keys; the next backup stores everything anew.")


@app.command("add-host")
def add_host(
    host: Annotated[str, typer.Argument(help="Name of the new host.")],
    out: Annotated[Path, typer.Option(help="File for that host's <home>/keys/backup-host.json.")],
    key: Key = None,
) -> None:
    """Let one more host write into the repository. Needs the officer's key."""
    from tasks.backup import api

    repository, seed = repository_with(key, None, ("officer",))
    api.add_host(repository, seed, host)[1].save(out)
    print_text(f"{out} written: bring it to {host} and delete it here")


@app.command()
def recipient(
    out: Out,
    key: Key = None,
    drill: Annotated[str, typer.Option(help="For a drill worker of this name.")] = "",
    drop: Annotated[list[str] | None, typer.Option(help="Names that get no more packs.")] = None,
) -> None:
    """Make a new recovery or drill key, and name it to the hosts. Needs the officer's key.

    The next backup stores everything anew for it. Packs that exist keep their old recipients.
    """
    import os

    from tasks.backup.api import (
        backup_signer,
        check_passphrase,
        make_recipient,
        public_hex,
        replace_recipients,
        require_named,
        write_backup_key,
        write_key_sheet,
    )

    repository, officer = repository_with(key, None, ("officer",))
    require_named(repository, drop or ())
    kind, seed = "drill" if drill else "recovery", os.urandom(32)
    path = out / f"{kind}-{repository.config.sequence + 1}.key"
    out.mkdir(parents=True, exist_ok=True)
    phrase = check_passphrase(passphrase_of(path, "CONTINUITY_NEW_PASSPHRASE", True))
    locked = write_backup_key(path, kind, seed, phrase, repository.id, repository.officer)
    name = drill or f"safe-{repository.config.sequence + 1}"
    drills = {drill: public_hex(backup_signer(seed))} if drill else {}
    added = [make_recipient(name, kind, seed)]
    replace_recipients(repository, officer, added, drop or (), drills)
    write_key_sheet(path.with_suffix(".pdf"), locked, *_of(repository))
    print_text(f"{path} and its sheet written; {name} opens every snapshot from the next one on")
    if set(drop or ()) & repository.config.drills.keys():
        print_text("What the dropped drill key countersigned counts no more: run a backup and prove it now.")
