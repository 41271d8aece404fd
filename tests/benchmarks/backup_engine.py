"""One action of our engine as a process of its own, for the benchmark.

    python -m tests.benchmarks.backup_engine make|run|restore|verify|content REPOSITORY DATA TARGET

Imports what the action needs and nothing of the benchmark's own, as the program itself does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def engine(what: str, repository: str, data: str, target: str) -> None:
    """One action of ours: make, run, restore, verify, content."""
    from tasks.backup.format.repository import open_repository
    from tasks.backup.keys.host_keys import HostKeys

    on_share = repository.startswith("smb:")
    store = _smb_store(repository) if on_share else _local_store(repository)
    keeping = Path(target) if on_share else Path(repository)
    if what == "make":
        _make(store, keeping)
        return
    keys = HostKeys.load(keeping / "host.json")
    opened = open_repository(store, keys.officer, keys.repository)
    if what == "run":
        from tasks.backup.run_options import SnapshotOptions
        from tasks.backup.snapshot.creation import take_snapshots
        from tasks.backup.snapshot.source_access import SnapshotSource

        take_snapshots(opened, keys, [SnapshotSource("data", data)], SnapshotOptions(state=keeping / "state"))
    elif what == "verify":
        from tasks.backup.verify.verification import verify_repository

        assert verify_repository(opened).intact
    else:
        _with_key(what, opened, keeping, Path(target))


def _make(store, keeping: Path) -> None:
    from tasks.backup.format.repository import create_repository
    from tasks.backup.format.sealing import backup_signer
    from tasks.backup.format.signed_objects import public_hex
    from tasks.backup.keys.host_keys import HostKeys
    from tasks.backup.keys.key_creation import make_recipient

    seed, officer, identity = os.urandom(32), backup_signer(os.urandom(32)), os.urandom(16).hex()
    keys = HostKeys.make(identity, public_hex(officer), "desk1")
    keeping.mkdir(parents=True, exist_ok=True)
    keys.save(keeping / "host.json")
    (keeping / "seed").write_bytes(seed)
    who = [make_recipient("safe", "recovery", seed)]
    create_repository(store, identity, officer, who, {"desk1": keys.public()}, {})


def _with_key(what: str, opened, keeping: Path, target: Path) -> None:
    from tasks.backup.format.manifest_chain import read_manifest
    from tasks.backup.restore.pack_library import open_library
    from tasks.backup.verify.snapshot_survey import choose_snapshot, survey_repository

    snapshot = choose_snapshot(survey_repository(opened), newest=True).snapshot
    digest, manifest = read_manifest(opened, snapshot.host, snapshot.name)
    library = open_library(opened, (keeping / "seed").read_bytes(), manifest.packs)
    if what == "content":
        from tasks.backup.verify.snapshot_proofs import check_content

        check_content(library, manifest)
    else:
        from tasks.backup.restore.snapshot_restore import restore_snapshot
        from tasks.backup.run_options import RestoreOptions

        assert restore_snapshot(library, manifest, target, digest, RestoreOptions()).intact


def _local_store(root: str):
    from tasks.backup.stores.local_store import LocalStore

    return LocalStore(Path(root) / "store")


def _smb_store(address: str):
    from tasks.transport.smb.connection import SmbPlace
    from tasks.transport.smb.store import SmbStore
    from tests.samba_server import PASSWORD, USER

    port, folder = address.removeprefix("smb:").split("/")
    return SmbStore(SmbPlace("127.0.0.1", "plain", USER, PASSWORD, folder, int(port), 30, "ntlm"))


if __name__ == "__main__":
    engine(*sys.argv[1:])
