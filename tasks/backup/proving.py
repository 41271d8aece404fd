"""The house has its snapshots proved, each proof with its event in the journal."""

from __future__ import annotations

from pathlib import Path

from tasks.backup.choosing import survey
from tasks.backup.faults import Damaged, Suspicious, WrongKey
from tasks.backup.house import House
from tasks.backup.keymaking import read_key
from tasks.backup.objects import public_hex
from tasks.backup.prove import ProofOptions, Proved, prove, unproved
from tasks.backup.recording import OpenJournal, record_failure, record_proof
from tasks.backup.repository import Repository, open_repository
from tasks.backup.sealing import signer
from tasks.shared.errors import ContinuityError


def run_proofs(
    house: House,
    actor: str,
    open_journal: OpenJournal,
    key_path: Path,
    passphrase: str,
    options: ProofOptions,
    junk: list[str] | None = None,
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
        repository = open_repository(house.store(), officer, identity, house.patience())
        drill = drill_name(repository, seed)
        scratch = house.settings.backup.scratch or house.settings.home / "scratch"
        found = survey(repository)
        if junk is not None:
            junk += found.junk()
        for snapshot in unproved(found):
            try:
                done.append(prove(repository, seed, drill, scratch, snapshot, options))
            except (Damaged, Suspicious) as error:
                failed.append(error)
        if failed:
            raise type(failed[0])("; ".join(str(error) for error in failed))
    except (ContinuityError, OSError) as error:
        record_failure(open_journal, actor, "prove", error)
        raise
    finally:
        if done:
            _record_proofs(open_journal, actor, done)
    return done


def _record_proofs(open_journal: OpenJournal, actor: str, done: list[Proved]) -> None:
    book = open_journal()
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
