"""`continuity backup prune` and `hold`: for the administrator, with the officer's key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.backup.repository_options import Key, Store, account_of, report_junk, repository_with
from tasks.cli.context import Json, invocation, print_result, print_table

if TYPE_CHECKING:
    from tasks.backup.api import AdminStore, HoldRecords

prune = typer.Typer(no_args_is_help=True, help="Plan, approve, execute: removes what is past its time.")
hold = typer.Typer(no_args_is_help=True, help="Keep snapshots whatever their age.")
User = Annotated[str, typer.Option(help="The administrator's account, not the host's.")]
Password = Annotated[Path | None, typer.Option(help="Its password.")]


def _admin(store: str, user: str, password_file: Path | None) -> AdminStore:
    """The store with the right to delete."""
    from tasks.backup.api import BackupSettings, LocalAdmin, LocalStore, SmbAdmin, StoreAccount, open_configured_store
    from tasks.transport.api import SmbStore

    account = account_of(store, user, password_file)
    opened = open_configured_store(account or StoreAccount(invocation.workspace.settings(BackupSettings).store))
    if isinstance(opened, SmbStore):
        return SmbAdmin(opened.target)
    assert isinstance(opened, LocalStore)
    return LocalAdmin(opened.root)


@prune.command()
def plan(
    out: Annotated[Path, typer.Option(help="The plan, for the officer to look at.")],
    store: Store = "",
    user: User = "",
    password_file: Password = None,
    key: Key = None,
    cool_off_days: Annotated[int, typer.Option(min=7, help="Days between approval and execution, 7 or more.")] = 30,
    as_json: Json = False,
) -> None:
    """Write down what is past its time and not held, the oldest first, up to 5 % of the packs.
    Removes nothing."""
    from tasks.backup.api import encode_structure, make_plan, server_now

    repository, _ = repository_with(key, account_of(store, user, password_file), ("officer",))
    now = server_now(_admin(store, user, password_file))
    prune_plan = make_plan(repository, now, cool_off_days)
    out.write_text(json.dumps(encode_structure(prune_plan), indent=1))
    report_junk([finding for _, finding in sorted(repository.junk.items())], as_json)
    size = sum(size for _, size in prune_plan.packs)
    text = f"{len(prune_plan.manifests)} snapshots, {len(prune_plan.packs)} packs, {size / 1e6:.1f} MB may go"
    print_result(
        as_json,
        f"{text}\n{out} written. Next: continuity backup prune approve {out}",
        plan=str(out),
        snapshots=len(prune_plan.manifests),
        packs=len(prune_plan.packs),
        bytes=size,
    )


def _plan_bytes(plan: Path) -> bytes:
    from tasks.core.errors import BadInput

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
    from tasks.backup.api import PrunePlan, approve_plan, backup_signer, decode_structure

    repository, seed = repository_with(key, account_of(store, user, password_file), ("officer",))
    read = decode_structure(_plan_bytes(plan), PrunePlan)
    digest = approve_plan(repository, read, backup_signer(seed))
    text = f"Plan {digest[:16]} is approved; it may be carried out after {read.cool_off_days} days"
    print_result(as_json, text, plan=digest, cool_off_days=read.cool_off_days)


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
    from tasks.backup.api import backup_signer, execute_plan

    if len(plan) < 8:
        raise typer.BadParameter("give at least 8 digits of the plan")
    repository, seed = repository_with(key, account_of(store, user, password_file), ("officer",))
    executed = execute_plan(repository, _admin(store, user, password_file), backup_signer(seed), plan)
    text = f"{len(executed.manifests)} snapshots and {len(executed.packs)} packs removed"
    print_result(as_json, text, snapshots=len(executed.manifests), packs=len(executed.packs))


@prune.command()
def lost(
    snapshots: Annotated[list[str] | None, typer.Argument(help="As this lists them: host:number.")] = None,
    key: Key = None,
    store: Store = "",
    user: User = "",
    password_file: Password = None,
    as_json: Json = False,
) -> None:
    """Sign for snapshots that are gone, and for holds whose content is damaged, once you know why:
    proofs and pruning go on. Without a name, list them; exit 1 while there are any."""
    from tasks.backup.api import backup_signer, lost_snapshots, sign_losses, survey_repository

    repository, seed = repository_with(key, account_of(store, user, password_file), ("officer",))
    survey = survey_repository(repository)
    if not snapshots:
        lost_rows = [{"snapshot": label, "object": str(name)} for label, name in lost_snapshots(survey).items()]
        print_table(lost_rows, as_json=as_json, title="Lost snapshots")
        raise typer.Exit(1 if lost_rows else 0)
    sign_losses(repository, survey, backup_signer(seed), snapshots)
    named = sorted(set(snapshots))
    print_result(as_json, f"{len(named)} lost snapshots are signed for", signed_for=named)


@hold.command("add")
def add(
    snapshots: Annotated[list[str], typer.Argument(help="Labels or beginnings of digests.")],
    reason: Annotated[str, typer.Option(help="Why, e.g. the subpoena's number.")],
    as_json: Json = False,
) -> None:
    """Hold snapshots. Any host may: it takes nothing away."""
    from tasks.backup.api import choose_snapshot, configured_repository, place_hold, read_host_keys, survey_repository

    keys = read_host_keys(invocation.workspace)
    repository = configured_repository(invocation.workspace, keys)
    survey = survey_repository(repository)
    digests = [choose_snapshot(survey, snapshot=text).snapshot.digest for text in snapshots]
    hold_id = place_hold(repository, keys.signer(), f"{invocation.actor} at host {keys.host}", digests, reason)
    print_result(as_json, f"{len(digests)} snapshots held by {hold_id[:16]}", hold=hold_id[:16], snapshots=digests)


@hold.command("list")
def list_(as_json: Json = False) -> None:
    """Holds that stand, and those that were released."""
    from tasks.backup.api import OWN_HOLD, configured_repository, survey_repository

    holds = survey_repository(configured_repository(invocation.workspace)).holds
    hold_rows = [(n, h.time, h.by, len(h.manifests), h.reason) for n, h in holds.objects.items()]
    hold_rows += [(n, s.manifest.time, f"host {s.host}", 1, OWN_HOLD) for n, s in holds.made_with_hold.items()]
    rows = [
        {
            "hold": name[:16],
            "time": time[:16],
            "by": by,
            "snapshots": count,
            "state": "released" if name in holds.released else "stands",
            "reason": reason,
        }
        for name, time, by, count, reason in sorted(hold_rows, key=lambda row: row[1])
        if count
    ]
    print_table(rows, as_json=as_json, title="Holds")


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
    from tasks.backup.api import backup_signer, release_hold, survey_repository

    repository, seed = repository_with(key, account_of(store, user, password_file), ("officer",))
    there = survey_repository(repository).holds
    chosen = dict.fromkeys(_hold_of(there, text) for text in holds)
    before = [name for name in chosen if name in there.released]
    if fresh := [name for name in chosen if name not in there.released]:
        release_hold(repository, backup_signer(seed), fresh, reason)
    words = f"{len(fresh)} holds released"
    if before:
        words += f"; released before already: {', '.join(name[:16] for name in before)}"
    print_result(as_json, words, released=[name[:16] for name in fresh], before=[name[:16] for name in before])


def _hold_of(there: HoldRecords, text: str) -> str:
    """The one hold that is meant. Raises BadInput."""
    from tasks.core.errors import BadInput

    stands = {name for name, hold in there.objects.items() if hold.manifests} | there.made_with_hold.keys()
    matches = [name for name in stands if len(text) >= 8 and name.startswith(text)]
    if len(matches) != 1:
        raise BadInput("hold-id-ambiguous", found_count=len(matches), text=text)
    return matches[0]
