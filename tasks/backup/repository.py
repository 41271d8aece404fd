"""A repository on a store: who takes part, and the objects in their folders. See README.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.backup.faults import Damaged, Exists, ForeignRepository, Missing, NewerFormat
from tasks.backup.objects import (
    FORMAT,
    MOST_STORED,
    ObjectName,
    canonical,
    digest,
    public_hex,
    read_signed,
    sign,
    signature_holds,
)
from tasks.backup.stores.base import Buffer, Item, Patience, Store, patiently
from tasks.backup.structures import Config, HostKey, Recipient, plain, typed
from tasks.shared import clock

FOLDERS = ("config", "packs", "index", "manifests", "proofs", "holds", "audit", "canary")
SHIPPED = {"README.md": "README.md", "restore.py": "reader.py"}
NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")
_ATTEMPTS = 12
_MOST_HEAD = 1 << 16


@dataclass
class Repository:
    """An opened repository. `config` is the newest that the officer signed, `drills` the keys that any
    of them named, by drill worker."""

    store: Store
    id: str
    officer: str
    config: Config
    config_digest: str = ""
    patience: Patience = field(default_factory=Patience)
    drills: dict[str, set[str]] = field(default_factory=dict)

    def put(self, folder: str, name: ObjectName, parts: Sequence[Buffer]) -> str:
        """Create an object; a broken first attempt keeps its name and the next takes a suffix."""
        return put(self.store, self.patience, folder, name, parts)

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        return patiently(lambda: self.store.read(name, offset, length), self.patience)

    def list(self, folder: str) -> list[Item]:
        return patiently(lambda: self.store.list(folder), self.patience)

    def folders(self, folder: str) -> list[str]:
        return patiently(lambda: self.store.folders(folder), self.patience)

    def hosts(self) -> list[str]:
        """Hosts named in the config or that left snapshots, whoever made those."""
        return sorted(set(self.config.hosts) | set(self.folders("manifests")))

    def pack_items(self) -> dict[str, list[Item]]:
        """Every pack-like object by the digest in its name."""
        found: dict[str, list[Item]] = {}
        for item in self.list("packs"):
            name = ObjectName.parse(item.name)
            if name:
                found.setdefault(name.digest, []).append(item)
        return found

    def objects(self, folder: str) -> Iterator[tuple[Item, ObjectName, bytes | None]]:
        """Every object of a folder of small ones; None where the content does not fit the name, or
        is too large to be one of ours."""
        for item in self.list(folder):
            name = ObjectName.parse(item.name)
            if name is None:
                continue
            data = self.read(f"{folder}/{item.name}") if item.size <= MOST_STORED else b""
            yield item, name, data if digest(data) == name.digest else None

    def add_config(self, officer: Ed25519PrivateKey, **changes: Any) -> Repository:
        """Append a config with some fields changed; makes the folders of new hosts and drills."""
        if public_hex(officer) != self.officer:
            raise ForeignRepository("this officer key belongs to another repository")
        config = msgspec.structs.replace(
            self.config,
            sequence=self.config.sequence + 1,
            previous=self.config_digest,
            time=clock.text(),
            **changes,
        )
        stored = _store_config(self.store, self.patience, config, officer)
        named = {d: {*self.drills.get(d, ()), *keys} for d, keys in self.config.drills.items()}
        return replace(self, config=config, config_digest=stored, drills={**self.drills, **named})


def put(
    store: Store, patience: Patience, folder: str, name: ObjectName, parts: Sequence[Buffer]
) -> str:
    """See Repository.put. Raises Damaged when no attempt went through whole."""
    for attempt in range(_ATTEMPTS):
        final = str(replace(name, attempt=attempt))
        path = f"{folder}/{final}"
        try:
            patiently(lambda path=path: store.create(path, parts), patience)
            return final
        except Exists:
            # ours from a broken connection, or the same content from an earlier run
            if patiently(lambda path=path: _is_whole(store, path, name.digest, parts), patience):
                return final
    raise Damaged(f"{folder}/{name}: {_ATTEMPTS} attempts were left broken")


def _is_whole(store: Store, path: str, name: str, parts: Sequence[Buffer]) -> bool:
    size = sum(len(part) for part in parts)
    return store.stat(path).size == size and digest(store.read(path)) == name


def check_name(name: str, what: str) -> str:
    if not NAME.match(name):
        raise ValueError(f"{what} {name!r}: lower-case letters, digits and dashes, at most 32")
    return name


def shipped() -> dict[str, bytes]:
    """README.md and restore.py as they lie in every repository."""
    from importlib.resources import files

    room = files("tasks.backup")
    return {name: (room / source).read_bytes() for name, source in SHIPPED.items()}


def create_repository(
    store: Store,
    repository: str,
    officer: Ed25519PrivateKey,
    recipients: Sequence[Recipient],
    hosts: Mapping[str, str],
    drills: Mapping[str, str],
    patience: Patience | None = None,
) -> Repository:
    """Lay out a new repository. `hosts` and `drills` map a name to an Ed25519 public key (hex).

    Raises Exists where one lies already.
    """
    patience = patience or Patience()
    for folder in FOLDERS:
        patiently(lambda folder=folder: store.make_folder(folder), patience)
    head = {
        "created": clock.text(),
        "format": FORMAT,
        "id": repository,
        "officer": public_hex(officer),
    }
    signature = officer.sign(b"continuity-backup/1/repository\n" + canonical(head)).hex()
    documents = shipped()
    patiently(lambda: store.create("REPO", [canonical({**head, "signature": signature})]), patience)
    for name, data in documents.items():
        patiently(lambda name=name, data=data: store.create(name, [data]), patience)
    config = Config(
        FORMAT,
        repository,
        1,
        "",
        clock.text(),
        list(recipients),
        {name: [HostKey(key)] for name, key in hosts.items()},
        {name: [key] for name, key in drills.items()},
        {name: digest(data) for name, data in documents.items()},
    )
    stored = _store_config(store, patience, config, officer)
    return Repository(store, repository, public_hex(officer), config, stored, patience)


def _store_config(
    store: Store, patience: Patience, config: Config, officer: Ed25519PrivateKey
) -> str:
    for host in config.hosts:
        check_name(host, "host")
        for folder in ("manifests", "index"):
            patiently(lambda f=f"{folder}/{host}": store.make_folder(f), patience)
    for drill in config.drills:
        check_name(drill, "drill worker")
        patiently(lambda f=f"proofs/{drill}": store.make_folder(f), patience)
    data = sign("config", plain(config), officer)
    name = ObjectName(config.sequence, digest(data), 0)
    put(store, patience, "config", name, [data])
    return name.digest


def read_head(store: Store, patience: Patience) -> dict[str, Any]:
    """REPO, checked against its own signature. Raises Missing, Damaged, NewerFormat."""
    try:
        data = patiently(lambda: store.read("REPO", 0, _MOST_HEAD), patience)
    except Missing:
        raise Missing(
            f"no backup repository at {store.label}: is its disk or share connected, and [backup] "
            "store right? A new one is laid out by `backup keys make`"
        ) from None
    try:
        head = json.loads(data)
        version, signature = head["format"], head.pop("signature")
        officer, name = head["officer"], head["id"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"REPO at {store.label} does not read: {error}") from error
    if isinstance(version, int) and version > FORMAT:
        raise NewerFormat(
            f"repository format {version} is newer than {FORMAT}: use a newer program"
        )
    whole = data == canonical({**head, "signature": signature}) and isinstance(name, str)
    if not whole or not signature_holds("repository", head, signature, officer):
        raise Damaged(f"REPO at {store.label} is damaged: its signature does not hold")
    return head


def open_repository(
    store: Store, officer: str, repository: str, patience: Patience | None = None
) -> Repository:
    """Open and check against the officer's key and id that the caller's own key names.

    Raises ForeignRepository, Missing, Damaged, NewerFormat.
    """
    patience = patience or Patience()
    head = read_head(store, patience)
    if head["id"] != repository or head["officer"] != officer:
        raise ForeignRepository(
            f"the repository at {store.label} is {head['id'][:8]}, this key belongs to "
            f"{repository[:8]}"
        )
    stored, config, _, drills = read_configs(store, patience, repository, officer)
    return Repository(store, repository, officer, config, stored, patience, drills)


def read_configs(
    store: Store, patience: Patience, repository: str, officer: str
) -> tuple[str, Config, list[str], dict[str, set[str]]]:
    """The newest config of the unbroken chain with its digest, what is wrong with the rest, and the
    keys of drill workers in all of the chain."""
    drills: dict[str, set[str]] = {}
    chain: dict[int, tuple[str, Config]] = {}
    wrong: list[str] = []
    for item in patiently(lambda: store.list("config"), patience):
        name = ObjectName.parse(item.name)
        if name is None:
            continue
        try:
            if item.size > MOST_STORED:
                raise Damaged("too large for a config")
            data = patiently(lambda item=item: store.read(f"config/{item.name}"), patience)
            if digest(data) != name.digest:
                raise Damaged("content does not fit the name")
            config = typed(read_signed(data, ["config"], [officer]).body, Config)
            if config.repository != repository or config.sequence != name.sequence:
                raise Damaged("belongs elsewhere")
            chain[name.sequence] = (name.digest, config)
        except Damaged as error:
            wrong.append(f"config/{item.name}: {error}")
    newest, before = None, ""
    for sequence in range(1, len(chain) + 1):
        if sequence not in chain or chain[sequence][1].previous != before:
            wrong.append(f"config {sequence}: the chain breaks here")
            break
        before, newest = chain[sequence]
        for drill, keys in newest.drills.items():
            drills.setdefault(drill, set()).update(keys)
    if newest is None:
        raise Damaged(f"no whole config at {store.label}: {'; '.join(wrong) or 'none there'}")
    # an attempt that broke off is made good by a whole one of the same number
    return (
        before,
        newest,
        [w for w in wrong if int(w[7:15]) not in chain or w.startswith("config ")],
        drills,
    )
