"""Making a repository with all its keys, adding and ending keys later, and the sheets for the safe."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.backup.faults import WrongKey
from tasks.backup.format.repository import Repository, check_name, create_repository
from tasks.backup.format.sealing import LockedKey, backup_signer, from_text, lock, to_text
from tasks.backup.format.signed_objects import public_hex
from tasks.backup.format.structures import HostKey, Recipient
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.stores.store_protocol import Store, StorePatience
from tasks.core.errors import BadInput, Problem
from tasks.core.files import typed_path
from tasks.security.api import StretchCost, seal_public_bytes

LEAST_PASSPHRASE = 12


@dataclass(frozen=True)
class NewKeys:
    """What `make` left: the repository, the host's own keys, the files for the safe."""

    repository: Repository
    host: HostKeys
    files: tuple[Path, ...]


def make_recipient(name: str, role: str, seed: bytes) -> Recipient:
    return Recipient(name, role, base64.b64encode(seal_public_bytes(seed)).decode())


def check_passphrase(passphrase: str) -> str:
    """Raises BadInput: the passphrase is all that stands between a found file and every backup."""
    if len(passphrase) < LEAST_PASSPHRASE:
        problem = Problem(code="key-passphrase-too-short")
        raise BadInput("key-not-created", [problem])
    return passphrase


def create_repository_keys(
    store: Store,
    host: str,
    out: Path,
    passphrase: str,
    drill: str = "",
    drill_passphrase: str = "",
    cost: StretchCost | None = None,
    patience: StorePatience | None = None,
) -> NewKeys:
    """Lay out a repository and make its keys: recovery and officer, a drill worker's if named, and
    the host's. Private halves go, locked, into `out`; the host keeps none of them.

    Raises Exists (a repository lies there, or a key file), BadInput.
    """
    check_name(host, "host")
    check_passphrase(passphrase)
    kinds = ["recovery", "officer", *(["drill"] if drill else [])]
    paths = {kind: out / f"{kind}.key" for kind in kinds}
    existing = [str(path) for path in paths.values() if path.exists()]
    if existing:
        raise BadInput("key-files-already-exist", taken=", ".join(existing))
    seeds = {kind: os.urandom(32) for kind in kinds}
    identity, officer = os.urandom(16).hex(), backup_signer(seeds["officer"])
    keys = HostKeys.make(identity, public_hex(officer), host)
    recipients = [make_recipient("safe", "recovery", seeds["recovery"])]
    drills = {}
    if drill:
        check_passphrase(drill_passphrase)
        recipients.append(make_recipient(check_name(drill, "drill worker"), "drill", seeds["drill"]))
        drills[drill] = public_hex(backup_signer(seeds["drill"]))
    # the files first: a repository whose key was never kept would be a trap
    out.mkdir(parents=True, exist_ok=True)
    for kind, path in paths.items():
        phrase = drill_passphrase if kind == "drill" else passphrase
        write_backup_key(path, kind, seeds[kind], phrase, identity, public_hex(officer), cost)
    repository = create_repository(store, identity, officer, recipients, {host: keys.public()}, drills, patience)
    return NewKeys(repository, keys, tuple(paths.values()))


def write_backup_key(
    path: Path, kind: str, seed: bytes, passphrase: str, repository: str, officer: str, cost: StretchCost | None = None
) -> LockedKey:
    """One key file, readable by its owner only; never over an existing one."""
    parts = (bytes.fromhex(repository), bytes.fromhex(officer))
    locked = lock(kind, seed, passphrase, *parts, cost or StretchCost())
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(to_text(locked))
        file.flush()
        os.fsync(file.fileno())
    return locked


def read_backup_key(path: Path, kinds: Sequence[str]) -> LockedKey:
    """A key file of one of `kinds`. Raises WrongKey, BadKeyText."""
    try:
        text = typed_path(path)
    except (OSError, UnicodeError) as error:
        raise WrongKey("key-file-unreadable", path=path, reason=error) from error
    locked = from_text(text, str(path))
    if locked.kind not in kinds:
        raise WrongKey("key-kind-wrong", path=path, kind=locked.kind, kinds=" or ".join(kinds))
    return locked


def rotate_host(
    repository: Repository, officer_seed: bytes, old: HostKeys, last: int | None = None
) -> tuple[Repository, HostKeys]:
    """New keys for a host: the old signing key ends with snapshot `last` (default the newest;
    after a theft, the last one that is trusted), and the next snapshot stores everything anew
    under the new id key."""
    from tasks.backup.format.manifest_chain import read_chain

    officer = backup_signer(officer_seed)
    fresh = HostKeys.make(repository.id, repository.officer, old.host)
    if last is None:
        head = read_chain(repository, old.host).head
        last = head.sequence if head else 0
    ended = [
        HostKey(key.key, key.first, key.last or max(last, key.first - 1))
        for key in repository.config.hosts.get(old.host, [])
        if key.last or last >= key.first
    ]
    hosts = {**repository.config.hosts, old.host: [*ended, HostKey(fresh.public(), last + 1)]}
    return repository.add_config(officer, hosts=hosts), fresh


def add_host(repository: Repository, officer_seed: bytes, host: str) -> tuple[Repository, HostKeys]:
    """Keys for one more host that writes into the same repository. Raises BadInput."""
    if check_name(host, "host") in repository.config.hosts:
        raise BadInput("host-already-registered", host=host)
    keys = HostKeys.make(repository.id, repository.officer, host)
    hosts = {**repository.config.hosts, host: [HostKey(keys.public())]}
    return repository.add_config(backup_signer(officer_seed), hosts=hosts), keys


def require_named(repository: Repository, drop: Sequence[str]) -> None:
    """Raises BadInput: a key that may be known to others must not stay in for a mistyped letter."""
    names = {r.name for r in repository.config.recipients} | repository.config.drills.keys()
    if strange := sorted(set(drop) - names):
        raise BadInput("key-name-unknown", strange=", ".join(strange), allowed=", ".join(sorted(names)))


def replace_recipients(
    repository: Repository,
    officer_seed: bytes,
    add: Sequence[Recipient] = (),
    drop: Sequence[str] = (),
    drills: dict[str, str] | None = None,
) -> Repository:
    """Recipients of packs from the next snapshot on; older packs keep theirs. Raises BadInput when
    no recovery key would be left, or a name to drop is nobody's."""
    require_named(repository, drop)
    remaining = [r for r in repository.config.recipients if r.name not in drop]
    new = [*remaining, *add]
    if not any(r.role == "recovery" for r in new):
        raise BadInput("last-recovery-key")
    signers = {n: k for n, k in repository.config.drills.items() if n not in drop}
    for name, key in (drills or {}).items():
        signers[check_name(name, "drill worker")] = [*signers.get(name, []), key]
    return repository.add_config(backup_signer(officer_seed), recipients=new, drills=signers)
