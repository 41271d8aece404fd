"""`continuity backup prune` and `hold`: for the administrator, with the officer's key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.desk.backup_asking import Key, Store, account_of, repository_with, tell_junk
from tasks.desk.context import Json, desk, show, tell

if TYPE_CHECKING:
    from tasks.backup.statements import Holds
    from tasks.backup.stores.admin import AdminStore

prune = typer.Typer(
    no_args_is_help=True, help="Plan, approve, execute: removes what is past its time."
)
hold = typer.Typer(no_args_is_help=True, help="Keep snapshots whatever their age.")
User = Annotated[str, typer.Option(help="The administrator's account, not the host's.")]
Password = Annotated[Path | None, typer.Option(help="Its password.")]


def _admin(store: str, user: str, password_file: Path | None) -> AdminStore:
    """The store with the right to delete."""
    from tasks.backup.setup import StoreAccount, open_store
    from tasks.backup.stores.admin import LocalAdmin, SmbAdmin
    from tasks.backup.stores.local import LocalStore
    from tasks.shared.smb.store import SmbStore

    account = account_of(store, user, password_file)
    opened = open_store(account or StoreAccount(desk.workspace.settings.backup.store))
    if isinstance(opened, SmbStore):
        return SmbAdmin(opened.place)
    assert isinstance(opened, LocalStore)
    return LocalAdmin(opened.root)


@prune.command()
def plan(
    out: Annotated[Path, typer.Option(help="The plan, for the officer to look at.")],
    store: Store = "",
    user: User = "",
    password_file: Password = None,
    key: Key = None,
    cool_off_days: Annotated[
        int, typer.Option(min=7, help="Days between approval and execution, 7 or more.")
    ] = 30,
    as_json: Json = False,
) -> None:
    """Write down what is past its time and not held, the oldest first, up to 5 % of the packs.
    Removes nothing."""
    from tasks.backup.prune import make_plan
    from tasks.backup.stores.admin import server_now
    from tasks.backup.structures import plain

    repository, _ = repository_with(key, account_of(store, user, password_file), ("officer",))
    now = server_now(_admin(store, user, password_file))
    made = make_plan(repository, now, cool_off_days)
    out.write_text(json.dumps(plain(made), indent=1))
    tell_junk([found for _, found in sorted(repository.junk.items())], as_json)
    size = sum(size for _, size in made.packs)
    words = f"{len(made.manifests)} snapshots, {len(made.packs)} packs, {size / 1e6:.1f} MB may go"
    tell(as_json, f"{words}\n{out} written. Next: continuity backup prune approve {out}", plan=str(out),
         snapshots=len(made.manifests), packs=len(made.packs), bytes=size)  # fmt: skip


def _plan_bytes(plan: Path) -> bytes:
    from tasks.shared.errors import BadInput

    try:
        data = plan.read_bytes()
        json.loads(data)
        return data
    except (OSError, ValueError) as error:
        raise BadInput("prune-plan-unreadable", plan=plan, reason=error) from error


@prune.command()
def approve(
    plan: Annotated[Path, typer.Argument(help="A plan as `prune plan` wrote it.")],
    key: Key = None,
    store: Store = "",
    user: User = "",
    password_file: Password = None,
    as_json: Json = False,
) -> None:
    """Sign a plan with the officer's key. The cool-off begins."""
    from tasks.backup.prune import approve as sign
    from tasks.backup.sealing import signer
    from tasks.backup.structures import PrunePlan, typed

    repository, seed = repository_with(key, account_of(store, user, password_file), ("officer",))
    read = typed(_plan_bytes(plan), PrunePlan)
    digest = sign(repository, read, signer(seed))
    words = f"Plan {digest[:16]} is approved; it may be carried out after {read.cool_off_days} days"
    tell(as_json, words, plan=digest, cool_off_days=read.cool_off_days)


@prune.command()
def execute(
    plan: Annotated[str, typer.Argument(help="The approved plan, 8 or more digits.")],
    key: Key = None,
    store: Store = "",
    user: User = "",
    password_file: Password = None,
    as_json: Json = False,
) -> None:
    """Carry out an approved plan after its cool-off, as far as it still holds."""
    from tasks.backup.prune import execute as carry_out
    from tasks.backup.sealing import signer

    if len(plan) < 8:
        raise typer.BadParameter("give at least 8 digits of the plan")
    repository, seed = repository_with(key, account_of(store, user, password_file), ("officer",))
    done = carry_out(repository, _admin(store, user, password_file), signer(seed), plan)
    words = f"{len(done.manifests)} snapshots and {len(done.packs)} packs removed"
    tell(as_json, words, snapshots=len(done.manifests), packs=len(done.packs))


@prune.command()
def lost(
    snapshots: Annotated[
        list[str] | None, typer.Argument(help="As this lists them: host:number.")
    ] = None,
    key: Key = None,
    store: Store = "",
    user: User = "",
    password_file: Password = None,
    as_json: Json = False,
) -> None:
    """Sign for snapshots that are gone, and for holds whose content is damaged, once you know why:
    proofs and pruning go on. Without a name, list them; exit 1 while there are any."""
    from tasks.backup.choosing import survey
    from tasks.backup.losses import lost as missing, sign_for
    from tasks.backup.sealing import signer

    repository, seed = repository_with(key, account_of(store, user, password_file), ("officer",))
    found = survey(repository)
    if not snapshots:
        gone = [{"snapshot": label, "object": str(name)} for label, name in missing(found).items()]
        show(gone, as_json=as_json, title="Lost snapshots")
        raise typer.Exit(1 if gone else 0)
    sign_for(repository, found, signer(seed), snapshots)
    named = sorted(set(snapshots))
    tell(as_json, f"{len(named)} lost snapshots are signed for", signed_for=named)


@hold.command("add")
def add(
    snapshots: Annotated[list[str], typer.Argument(help="Labels or beginnings of digests.")],
    reason: Annotated[str, typer.Option(help="Why, e.g. the subpoena's number.")],
    as_json: Json = False,
) -> None:
    """Hold snapshots. Any host may: it takes nothing away."""
    from tasks.backup.choosing import choose, survey
    from tasks.backup.retention import hold as keep
    from tasks.backup.setup import host_keys, repository as repository_of

    keys = host_keys(desk.workspace)
    repository = repository_of(desk.workspace, keys)
    found = survey(repository)
    digests = [choose(found, snapshot=text).snapshot.digest for text in snapshots]
    made = keep(repository, keys.signer(), f"{desk.actor} at host {keys.host}", digests, reason)
    tell(
        as_json, f"{len(digests)} snapshots held by {made[:16]}", hold=made[:16], snapshots=digests
    )


@hold.command("list")
def list_(as_json: Json = False) -> None:
    """Holds that stand, and those that were released."""
    from tasks.backup.choosing import survey
    from tasks.backup.setup import repository
    from tasks.backup.statements import OWN_HOLD

    holds = survey(repository(desk.workspace)).holds
    found = [(n, h.time, h.by, len(h.manifests), h.reason) for n, h in holds.objects.items()]
    found += [(n, s.manifest.time, f"host {s.host}", 1, OWN_HOLD) for n, s in holds.own.items()]
    rows = [
        {"hold": name[:16], "time": time[:16], "by": by, "snapshots": count,
         "state": "released" if name in holds.released else "stands", "reason": reason}
        for name, time, by, count, reason in sorted(found, key=lambda row: row[1])
        if count
    ]  # fmt: skip
    show(rows, as_json=as_json, title="Holds")


@hold.command()
def release(
    holds: Annotated[list[str], typer.Argument(help="As `hold list` shows them.")],
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")],
    key: Key = None,
    store: Store = "",
    user: User = "",
    password_file: Password = None,
    as_json: Json = False,
) -> None:
    """End holds. Needs the officer's key."""
    from tasks.backup.choosing import survey
    from tasks.backup.retention import release as let_go
    from tasks.backup.sealing import signer

    repository, seed = repository_with(key, account_of(store, user, password_file), ("officer",))
    there = survey(repository).holds
    chosen = dict.fromkeys(_hold_of(there, text) for text in holds)
    before = [name for name in chosen if name in there.released]
    if fresh := [name for name in chosen if name not in there.released]:
        let_go(repository, signer(seed), fresh, reason)
    words = f"{len(fresh)} holds released"
    if before:
        words += f"; released before already: {', '.join(name[:16] for name in before)}"
    tell(as_json, words, released=[name[:16] for name in fresh],
         before=[name[:16] for name in before])  # fmt: skip


def _hold_of(there: Holds, text: str) -> str:
    """The one hold that is meant. Raises BadInput."""
    from tasks.shared.errors import BadInput

    stands = {name for name, one in there.objects.items() if one.manifests} | there.own.keys()
    found = [name for name in stands if len(text) >= 8 and name.startswith(text)]
    if len(found) != 1:
        raise BadInput("hold-id-ambiguous", found_count=len(found), text=text)  # fmt: skip
    return found[0]
