"""Proving the snapshots, each proof with its event in the journal."""

from __future__ import annotations

from pathlib import Path

from tasks.backup.choosing import survey
from tasks.backup.faults import Damaged, Suspicious, WrongKey
from tasks.backup.keymaking import read_key
from tasks.backup.objects import public_hex
from tasks.backup.prove import ProofOptions, Proved, prove, unproved
from tasks.backup.recording import record_failure, record_proof
from tasks.backup.repository import Repository, open_repository
from tasks.backup.sealing import signer
from tasks.backup.setup import fresh_journal, patience, store_of
from tasks.shared.errors import ContinuityError
from tasks.shared.findings import Finding, all_of, problems
from tasks.workspace import Workspace


def run_proofs(
    workspace: Workspace,
    actor: str,
    key_path: Path,
    passphrase: str,
    options: ProofOptions,
    junk: list[Finding] | None = None,
) -> list[Proved]:
    """Restore and countersign the newest snapshot of each host and class that lacks a proof.

    `junk` is filled with the objects on the store that were passed over. Runs on the drill machine,
    which needs no keys of a host. Writes `backup.proved` for each. One
    that fails stops no other: `backup.failed` is written, and raised, when all were tried.
    """
    done: list[Proved] = []
    failed: list[ContinuityError] = []
    try:
        locked = read_key(key_path, ["drill"])
        seed = locked.open(passphrase)
        officer, identity = locked.officer.hex(), locked.repository.hex()
        repository = open_repository(store_of(workspace), officer, identity, patience(workspace))
        drill = drill_name(repository, seed)
        scratch = workspace.settings.backup.scratch or workspace.home / "scratch"
        records = survey(repository)
        if junk is not None:
            junk += records.junk()
        for snapshot in unproved(records):
            try:
                done.append(prove(repository, seed, drill, scratch, snapshot, options))
            except (Damaged, Suspicious) as error:
                failed.append(error)
        if len(failed) > 1:
            found = [one for error in failed for one in all_of(error)]
            raise type(failed[0])("snapshots-not-proved", problems(found), count=len(failed))
        if failed:
            raise failed[0]
    except (ContinuityError, OSError) as error:
        record_failure(workspace, actor, "prove", error)
        raise
    finally:
        if done:
            _record_proofs(workspace, actor, done)
    return done


def _record_proofs(workspace: Workspace, actor: str, done: list[Proved]) -> None:
    book = fresh_journal(workspace)
    for one in done:
        record_proof(book, actor, one.proof)
    book.close()


def drill_name(repository: Repository, seed: bytes) -> str:
    """The name under which the officer knows this drill key. Raises WrongKey."""
    own = public_hex(signer(seed))
    for name, known in repository.config.drills.items():
        if own in known:
            return name
    raise WrongKey("drill-worker-key-unknown")
