"""A repository of each kind of store, and a vault that a test can back up to and restore from."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.backup.format.manifest_chain import Snapshot, read_manifest
from tasks.backup.format.repository import Repository, create_repository, open_repository
from tasks.backup.format.sealing import backup_signer
from tasks.backup.format.signed_objects import public_hex
from tasks.backup.format.structures import Recipient, StoreLocation
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.restore.pack_library import open_library
from tasks.backup.restore.snapshot_restore import restore_snapshot
from tasks.backup.run_options import RestoreOptions, RestoreReport, SnapshotOptions
from tasks.backup.snapshot.creation import SnapshotResult, take_snapshots
from tasks.backup.snapshot.source_access import SnapshotSource
from tasks.backup.stores.local_store import LocalStore
from tasks.backup.stores.store_protocol import Store, StorePatience
from tasks.backup.verify.snapshot_proofs import ProofOptions, ProofResult, prove_snapshot
from tasks.backup.verify.snapshot_survey import RepositorySurvey, SnapshotChoice, choose_snapshot, survey_repository
from tasks.core.findings import Finding
from tasks.security.sealing_keys import seal_public_bytes
from tests.samba_server import Samba

KINDS = ("local", "smb", "worm")
QUICK = StorePatience(total=30, first=0.05, longest=1)


@dataclass
class Vault:
    """Everybody's keys and one repository. The tests play host, officer, drill worker and thief."""

    store: Store
    folder: Path  # where the store's files lie on this machine
    top: Path
    kind: str
    samba: Samba | None = None
    recovery: bytes = field(default_factory=lambda: os.urandom(32))
    officer_seed: bytes = field(default_factory=lambda: os.urandom(32))
    drill_seed: bytes = field(default_factory=lambda: os.urandom(32))
    id: str = field(default_factory=lambda: os.urandom(16).hex())
    options: SnapshotOptions = field(default_factory=SnapshotOptions)

    def __post_init__(self) -> None:
        self.officer = backup_signer(self.officer_seed)
        self.keys = HostKeys.make(self.id, public_hex(self.officer), "desk1")
        self.state = self.top / "state"
        self.source = self.top / "source"
        self.source.mkdir(exist_ok=True)
        self.options = SnapshotOptions(state=self.state, store_location=StoreLocation("Reno, Nevada", True))
        self._restored = 0

    def recipients(self) -> list[Recipient]:
        pairs = (("safe", "recovery", self.recovery), ("drill", "drill", self.drill_seed))
        return [Recipient(name, role, base64.b64encode(seal_public_bytes(seed)).decode()) for name, role, seed in pairs]

    def create(self) -> Repository:
        drill = public_hex(backup_signer(self.drill_seed))
        made = create_repository(
            self.store,
            self.id,
            self.officer,
            self.recipients(),
            {"desk1": self.keys.public()},
            {"drill1": drill},
            QUICK,
        )
        if self.kind == "worm":
            harden(self.folder)
        return made

    def open(self, store: Store | None = None) -> Repository:
        return open_repository(store or self.store, self.keys.officer, self.id, QUICK)

    def sources(self) -> list[SnapshotSource]:
        return [SnapshotSource("papers", str(self.source))]

    def backup(self, sources: Sequence[SnapshotSource] | None = None, **changes: object) -> SnapshotResult:
        options = SnapshotOptions(**{**vars(self.options), **changes})
        return take_snapshots(self.open(), self.keys, sources or self.sources(), options)[0]

    def survey(self) -> RepositorySurvey:
        return survey_repository(self.open())

    def prove(self, scope: str = "all", which: Snapshot | None = None, accept_flags: bool = False) -> ProofResult:
        repository = self.open()
        which = which or survey_repository(repository).chains["desk1"].snapshots[-1]
        options = ProofOptions(scope=scope, accept_flags=accept_flags)
        return prove_snapshot(repository, self.drill_seed, "drill1", self.top / "scratch", which, options)

    def restore(
        self, choice: SnapshotChoice | None = None, seed: bytes | None = None, **options: object
    ) -> tuple[RestoreReport, Path]:
        """Restore the newest snapshot, or the chosen one, with the recovery key."""
        repository = self.open()
        choice = choice or choose_snapshot(survey_repository(repository), newest=True)
        snapshot = choice.snapshot
        digest, manifest = read_manifest(repository, snapshot.host, snapshot.name)
        library = open_library(repository, seed or self.recovery, manifest.packs)
        self._restored += 1
        folder = self.top / f"restored{self._restored}"
        wanted = RestoreOptions(**{"native": True, **options})  # type: ignore[arg-type]
        return restore_snapshot(library, manifest, folder, digest, wanted), folder

    def objects(self, *folders: str) -> list[Path]:
        """Files of the repository as they lie on the server's disk."""
        starts = [self.folder / name for name in folders] or [self.folder]
        return sorted(p for start in starts for p in start.rglob("*") if p.is_file())


def codes(findings: Iterable[Finding]) -> list[str]:
    """Their codes, in order."""
    return [finding.code for finding in findings]


def subjects(findings: Iterable[Finding]) -> list[str]:
    """What they are about, in order."""
    return [finding.subject for finding in findings]


def harden(folder: Path) -> None:
    """What the README tells an administrator to do on a write-once share: the upper folders belong
    to root, so that none of the lower ones can be renamed."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and (path == folder or any(p.is_dir() for p in path.iterdir())):
            os.chown(path, 0, 0)
    for name in ("index", "manifests", "proofs"):
        os.chown(folder / name, 0, 0)
    os.chown(folder.parent, 0, 0)


def make_vault(kind: str, top: Path, server: Samba | None) -> Vault:
    if kind == "local":
        folder = top / "repository"
        folder.mkdir()
        return Vault(LocalStore(folder, flush=False), folder, top, kind)
    assert server is not None
    share = "plain" if kind == "smb" else "worm"
    name = f"r{os.urandom(6).hex()}"
    (server.top / share).chmod(0o755)
    shutil.chown(server.top / share, "nobody")
    (server.top / share / name).mkdir()
    shutil.chown(server.top / share / name, "nobody")
    folder = server.top / share / name
    return Vault(server.store(share, name), folder, top, kind, server)


@pytest.fixture(params=KINDS)
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vault]:
    """A fresh repository on a local folder, on a plain share, on a write-once share."""
    server = None if request.param == "local" else request.getfixturevalue("samba")
    made = make_vault(request.param, tmp_path, server)
    made.create()
    yield made
    made.store.close()


@pytest.fixture(params=["local", *(pytest.param(kind, marks=pytest.mark.long) for kind in KINDS[1:])])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vault]:
    """Like `vault`, for what should not depend on the store: the shares are left to the long tier."""
    server = None if request.param == "local" else request.getfixturevalue("samba")
    made = make_vault(request.param, tmp_path, server)
    made.create()
    yield made
    made.store.close()


@pytest.fixture
def local(tmp_path: Path) -> Vault:
    """A fresh repository on a local folder, for what needs one there."""
    made = make_vault("local", tmp_path, None)
    made.create()
    return made


@pytest.fixture
def worm(tmp_path: Path, samba: Samba) -> Iterator[Vault]:
    made = make_vault("worm", tmp_path, samba)
    made.create()
    yield made
    made.store.close()
