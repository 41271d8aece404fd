"""What backup commands ask for: a key file with its passphrase, and where the repository is; and the
line that shows how far they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import invocation, print_text

MOST_NAMED = 20
"""Objects named one by one."""

if TYPE_CHECKING:
    from tasks.backup.api import BackupProgress, Repository, StoreAccount
    from tasks.core.findings import Finding

Key = Annotated[Path | None, typer.Option("--key", help="Key file, or a typed key sheet.")]
Store = Annotated[str, typer.Option("--store", help="Folder or smb://server/share/folder; else the settings'.")]


def passphrase_of(path: Path, variable: str = "CONTINUITY_PASSPHRASE", new: bool = False) -> str:
    """From the environment, else asked for without showing it."""
    phrase = os.environ.get(variable)
    if phrase is not None:
        return phrase
    return typer.prompt(f"Passphrase for {path}", hide_input=True, confirmation_prompt=new, err=True)


def account_of(store: str, user: str, password_file: Path | None) -> StoreAccount | None:
    """A store named on the command line, for a machine without a home folder."""
    if not store:
        return None
    from tasks.backup.api import StoreAccount, secret_text

    return StoreAccount(store, user, secret_text(password_file, "password_file"))


def repository_with(
    key: Path | None, account: StoreAccount | None, kinds: tuple[str, ...] = ("recovery", "drill")
) -> tuple[Repository, bytes]:
    """A repository opened with a private key, and the key's seed."""
    from tasks.backup.api import configured_store, open_configured_store, open_repository, read_backup_key

    if key is None:
        raise typer.BadParameter("give the key file", param_hint="--key")
    locked = read_backup_key(key, kinds)
    seed = locked.open(passphrase_of(key))
    store = open_configured_store(account) if account else configured_store(invocation.workspace)
    return open_repository(store, locked.officer.hex(), locked.repository.hex()), seed


@contextmanager
def progress_bar(what: str, quiet: bool, kind: str = "read", total: int = 0) -> Generator[BackupProgress | None]:
    """A line that shows how many bytes of one kind have gone by, of how many where that is known."""
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress as Line, TextColumn, TransferSpeedColumn

    parts = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Line(*parts, console=Console(stderr=True), transient=True) as line:
        task = line.add_task(what, total=total or None)

        def told(what: str, size: int) -> None:
            if what == "total":
                line.update(task, total=(line.tasks[0].total or 0) + size)
            elif what == kind:
                line.advance(task, size)

        yield told


def report_junk(junk: Sequence[Finding], as_json: bool) -> None:
    """Name what somebody left on the store and nothing here believes. A script gets its JSON alone, and
    whoever reads its log the names."""
    texts = [f"junk, passed over: {finding}" for finding in junk[:MOST_NAMED]]
    if len(junk) > MOST_NAMED:
        texts.append(f"junk, passed over: {len(junk) - MOST_NAMED} more objects")
    for text in texts:
        print(text, file=sys.stderr) if as_json else print_text(text)
