"""Ransomware on the broker's host, as a process of its own: it has every file, key and credential
of the host and does its worst. Writes what it achieved as JSON to standard output.

    python -m tests.backup.attacker HOSTKEYS STATE SERVER PORT SHARE FOLDER USER PASSWORD
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tasks.backup.format.pack_codec import open_pack
from tasks.backup.format.repository import Repository, open_repository
from tasks.backup.format.signed_objects import FORMAT, ObjectName, digest, sign
from tasks.backup.format.structures import ListingEntry, SnapshotProof, encode_structure
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.snapshot.host_state import PackIndex, load_index, open_segment
from tasks.backup.stores.attack_verbs import attack_verbs
from tasks.core import clock
from tasks.core.errors import Refused, StoreFault
from tasks.security.sealing_keys import derive_key, seal_key_id, seal_key_opener, seal_public_bytes
from tasks.transport.smb.connection import SmbPlace
from tasks.transport.smb.store import SmbStore
from tests.backup.forging import forge

LABELS = ("", "pack", "segment", "mlkem768", "x25519", "ed25519", "cut points")


def secrets(keys: HostKeys, state: Path) -> list[bytes]:
    """Every 32 bytes that the host has and what can be derived from them."""
    base = [keys.id_bytes(), keys.index_bytes(), bytes.fromhex(keys.sign_key), bytes(32)]
    base += [path.read_bytes()[:32].ljust(32, b"\0") for path in sorted(state.rglob("*")) if path.is_file()]
    return [*base, *(derive_key(s, label, 32) for s, label in itertools.product(base[:3], LABELS))]


def read_packs(repository: Repository, candidates: list[bytes]) -> tuple[int, int]:
    """Try every secret as a pack key and as a private key. Packs tried, packs opened."""
    tried = opened = 0
    for same in repository.pack_items().values():
        for item in same:
            data, tried = repository.read(f"packs/{item.name}"), tried + 1
            for secret in candidates:
                with contextlib.suppress(StoreFault, Refused, InvalidTag):
                    read = lambda at, size, data=data: data[at : at + size]  # noqa: E731
                    for own in {seal_key_id(seal_public_bytes(secret)), *_recipients(data)}:
                        with contextlib.suppress(StoreFault, Refused):
                            open_pack(read, len(data), repository.id, seal_key_opener(secret), own)
                            opened += 1
                head = 12 + int.from_bytes(data[8:12], "little")
                for counter in range(3):
                    with contextlib.suppress(InvalidTag):
                        place = data[head : head + 4096]
                        AESGCM(secret).decrypt(counter.to_bytes(12, "big"), place, None)
                        opened += 1
    return tried, opened


def _recipients(pack: bytes) -> list[str]:
    length = int.from_bytes(pack[8:12], "little")
    return [entry["to"] for entry in json.loads(pack[12 : 12 + length])["sealed"]]


def destroy(store: SmbStore, names: list[str], folders: list[str]) -> list[str]:
    """Every destructive verb on every object. What the store let through."""
    done = []
    for verb, attack in attack_verbs(store).items():
        for target in folders if "folder" in verb else names:
            try:
                attack(target)
                done.append(f"{verb} {target}")
            except StoreFault:
                pass
    return done


def add_rubbish(repository: Repository, keys: HostKeys) -> None:
    """Snapshots, proofs, packs and torn files that look like ours."""
    evil = [(ListingEntry(path="papers", type="folder"), b""), (ListingEntry(path="papers/a"), b"evil")]
    outside = [*evil, (ListingEntry(path="../../outside"), b"evil"), (ListingEntry(path="/tmp/outside"), b"evil")]
    for number in range(3):
        forge(repository, keys, evil if number else outside)
    forge(repository, keys, evil, sequence=2, previous="00" * 32)
    first = next(n for item in repository.list(f"manifests/{keys.host}")
                 if (n := ObjectName.parse(item.name)) and n.sequence == 1)  # fmt: skip
    forge(repository, keys, evil, sequence=2, previous=first.digest)
    forge(repository, keys, evil, sequence=9999)
    proof = SnapshotProof(
        FORMAT, repository.id, "drill1", 1, "", 1, clock.text(), keys.host, "ab" * 32, 9999, "all", 1, 1, 1.0
    )
    data = sign("proof", encode_structure(proof), keys.signer())
    _try(lambda: repository.put("proofs/drill1", ObjectName(7, digest(data), 0), [data]))
    data = sign("config", encode_structure(repository.config), keys.signer())
    _try(lambda: repository.put("config", ObjectName(2, digest(data), 0), [data]))
    for _ in range(20):
        fake = os.urandom(50_000)
        _try(lambda fake=fake: repository.store.create(f"packs/{digest(fake)}", [fake]))
        _try(lambda fake=fake: repository.store.create(f"packs/{os.urandom(32).hex()}", [fake]))
    for version in (1, 2):  # what no program of today reads must stop none
        data = sign("manifest", {"format": version}, keys.signer())
        name = ObjectName(20000, digest(data), 0)
        _try(lambda data=data, name=name: repository.put(f"manifests/{keys.host}", name, [data]))
    torn = f"manifests/{keys.host}/{10000:08d}-{'cd' * 32}"
    _try(lambda: repository.store.create(torn, [b"torn"]))
    for name in ("REPO", "restore.py", "manifests/evil/x", "more/x", "../x"):
        _try(lambda name=name: repository.store.create(name, [b"evil"]))


def _try(act) -> None:
    with contextlib.suppress(StoreFault, OSError):
        act()


def main(arguments: list[str]) -> None:
    key_file, state, server, port, share, folder, user, password = arguments
    keys = HostKeys.load(Path(key_file))
    store = SmbStore(SmbPlace(server, share, user, password, folder, int(port), 20, "ntlm"))
    repository = open_repository(store, keys.officer, keys.repository)
    tried, opened = read_packs(repository, secrets(keys, Path(state)))
    index: PackIndex = load_index(repository, keys.host, keys.index_bytes(), None)
    segments = [open_segment(keys.index_bytes(), repository.read(f"index/{keys.host}/{item.name}"))
                for item in repository.list(f"index/{keys.host}")]  # fmt: skip
    folders = ["", "packs", "manifests", f"manifests/{keys.host}", f"index/{keys.host}", "index",
               "proofs", "proofs/drill1", "config", "holds", "audit"]  # fmt: skip
    names = ["REPO", "restore.py", "README.md"]
    names += [f"{f}/{item.name}" for f in folders if f for item in repository.list(f)]
    harm = destroy(store, names, folders)
    add_rubbish(repository, keys)
    report = {
        "packs_tried": tried,
        "packs_opened": opened,
        "harm": harm,
        "objects_attacked": len(names),
        "ids_known": sum(len(pack.ids) // 32 for pack in index.packs),
        "segments_read": len(segments),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1:])
