"""A repository on a store: who takes part, and the objects in their folders. See README.md."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.backup.faults import DamagedData, ForeignObject, ForeignRepository, NewerFormat
from tasks.backup.format.signed_objects import (
    FORMAT,
    MOST_STORED,
    ObjectName,
    canonical_json,
    digest,
    largest_stored,
    public_hex,
    read_signed,
    sign,
    signature_holds,
)
from tasks.backup.format.structures import HostKey, Recipient, RepositoryConfig, decode_structure, encode_structure
from tasks.backup.stores.store_protocol import Store, StorePatience, patiently
from tasks.core import clock
from tasks.core.errors import Exists, Missing, NoRight
from tasks.core.findings import Finding, finding_of_error, finding_problems, make_finding
from tasks.transport.api import Buffer, StoreItem

FOLDERS = ("config", "packs", "index", "manifests", "proofs", "holds", "audit", "canary")
SHIPPED = {"README.md": "README.md", "restore.py": "restore/standalone_reader.py"}
NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")
_ATTEMPTS = 12
_MOST_HEAD = 1 << 16


@dataclass
class Repository:
    """An opened repository. `config` is the newest that the officer signed; `drills` and `hosts_ever` are
    the keys that any of them named, by drill worker and by host. `junk`: objects that were met and passed
    over, with the reason."""

    store: Store
    id: str
    officer: str
    config: RepositoryConfig
    config_digest: str = ""
    patience: StorePatience = field(default_factory=StorePatience)
    drills: dict[str, set[str]] = field(default_factory=dict)
    hosts_ever: dict[str, set[str]] = field(default_factory=dict)
    junk: dict[str, Finding] = field(default_factory=dict)

    def put(self, folder: str, name: ObjectName, parts: Sequence[Buffer]) -> str:
        """Create an object; a broken first attempt keeps its name and the next takes a suffix."""
        return put(self.store, self.patience, folder, name, parts)

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        return patiently(lambda: self.store.read(name, offset, length), self.patience)

    def list(self, folder: str) -> list[StoreItem]:
        return patiently(lambda: self.store.list(folder), self.patience)

    def folders(self, folder: str) -> list[str]:
        return patiently(lambda: self.store.folders(folder), self.patience)

    def hosts(self) -> list[str]:
        """Hosts named in the config or that left snapshots, whoever made those."""
        return sorted(set(self.config.hosts) | set(self.folders("manifests")))

    def pack_items(self) -> dict[str, list[StoreItem]]:
        """Every pack-like object by the digest in its name."""
        packs: dict[str, list[StoreItem]] = {}
        for stored in self.list("packs"):
            name = ObjectName.parse(stored.name)
            if name:
                packs.setdefault(name.digest, []).append(stored)
        return packs

    def objects(self, folder: str, most: int = MOST_STORED) -> Iterator[tuple[StoreItem, ObjectName, bytes | None]]:
        """Every object of a folder of small ones; None where the content does not fit the name, cannot
        be read, or is larger than the `most` bytes that one of ours has."""
        return objects(self.store, self.patience, folder, most)

    def pass_over(self, finding: Finding) -> None:
        """Note an object that is none of ours, by its path, to be named."""
        self.junk[finding.subject] = finding

    def host_keys_ever(self) -> set[str]:
        """Keys that any config named for any host: a hold counts for good, whatever became of its host."""
        return {key for keys in self.hosts_ever.values() for key in keys}

    def add_config(self, officer: Ed25519PrivateKey, **changes: Any) -> Repository:
        """Append a config with some fields changed; makes the folders of new hosts and drills."""
        if public_hex(officer) != self.officer:
            raise ForeignRepository("officer-key-of-another-repository")
        config = msgspec.structs.replace(
            self.config, sequence=self.config.sequence + 1, previous=self.config_digest, time=clock.text(), **changes
        )
        stored = _store_config(self.store, self.patience, config, officer)
        added = replace(
            self, config=config, config_digest=stored, drills=dict(self.drills), hosts_ever=dict(self.hosts_ever)
        )
        for document in (self.config, config):
            _note_keys(document, added.hosts_ever, added.drills)
        return added


def _note_keys(config: RepositoryConfig, hosts: dict[str, set[str]], drills: dict[str, set[str]]) -> None:
    for host, keys in config.hosts.items():
        hosts[host] = hosts.get(host, set()) | {key.key for key in keys}
    for drill, names in config.drills.items():
        drills[drill] = drills.get(drill, set()) | set(names)


def objects(
    store: Store, patience: StorePatience, folder: str, most: int
) -> Iterator[tuple[StoreItem, ObjectName, bytes | None]]:
    """See Repository.objects."""
    for stored in patiently(lambda: store.list(folder), patience):
        name = ObjectName.parse(stored.name)
        if name is None:
            continue
        data, path = None, f"{folder}/{stored.name}"
        if stored.size <= most:
            # what this account may not read is not to stop it from reading the rest
            with contextlib.suppress(NoRight, Missing, DamagedData):
                data = patiently(lambda path=path: store.read(path), patience)
        yield stored, name, data if data is not None and digest(data) == name.digest else None


def put(store: Store, patience: StorePatience, folder: str, name: ObjectName, parts: Sequence[Buffer]) -> str:
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
    raise DamagedData("store-write-attempts-failed", folder=folder, name=name, attempts=_ATTEMPTS)


def _is_whole(store: Store, path: str, name: str, parts: Sequence[Buffer]) -> bool:
    size = sum(len(part) for part in parts)
    return store.stat(path).size == size and digest(store.read(path)) == name


def check_name(name: str, what: str) -> str:
    if not NAME.match(name):
        raise ValueError(f"{what} {name!r}: lower-case letters, digits and dashes, at most 32")
    return name


def shipped_files() -> dict[str, bytes]:
    """README.md and restore.py as they lie in every repository."""
    from importlib.resources import files

    package = files("tasks.backup")
    return {name: (package / source).read_bytes() for name, source in SHIPPED.items()}


def create_repository(
    store: Store,
    repository: str,
    officer: Ed25519PrivateKey,
    recipients: Sequence[Recipient],
    hosts: Mapping[str, str],
    drills: Mapping[str, str],
    patience: StorePatience | None = None,
) -> Repository:
    """Lay out a new repository. `hosts` and `drills` map a name to an Ed25519 public key (hex).

    Raises Exists where one lies already.
    """
    patience = patience or StorePatience()
    for folder in FOLDERS:
        patiently(lambda folder=folder: store.make_folder(folder), patience)
    head = {"created": clock.text(), "format": FORMAT, "id": repository, "officer": public_hex(officer)}
    signature = officer.sign(b"continuity-backup/1/repository\n" + canonical_json(head)).hex()
    documents = shipped_files()
    patiently(lambda: store.create("REPO", [canonical_json({**head, "signature": signature})]), patience)
    for name, data in documents.items():
        patiently(lambda name=name, data=data: store.create(name, [data]), patience)
    config = RepositoryConfig(
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
    repository_ = Repository(store, repository, public_hex(officer), config, stored, patience)
    _note_keys(config, repository_.hosts_ever, repository_.drills)
    return repository_


def _store_config(store: Store, patience: StorePatience, config: RepositoryConfig, officer: Ed25519PrivateKey) -> str:
    for host in config.hosts:
        check_name(host, "host")
        for folder in ("manifests", "index"):
            patiently(lambda f=f"{folder}/{host}": store.make_folder(f), patience)
    for drill in config.drills:
        check_name(drill, "drill worker")
        patiently(lambda f=f"proofs/{drill}": store.make_folder(f), patience)
    data = sign("config", encode_structure(config), officer)
    name = ObjectName(config.sequence, digest(data), 0)
    put(store, patience, "config", name, [data])
    return name.digest


def read_head(store: Store, patience: StorePatience) -> dict[str, Any]:
    """REPO, checked against its own signature. Raises Missing, Damaged, NewerFormat."""
    try:
        data = patiently(lambda: store.read("REPO", 0, _MOST_HEAD), patience)
    except Missing:
        raise Missing("repository-not-found", label=store.label) from None
    try:
        head = json.loads(data)
        version, signature = head["format"], head.pop("signature")
        officer, name = head["officer"], head["id"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedData("repo-file-unreadable", label=store.label, reason=error) from error
    if isinstance(version, int) and version > FORMAT:
        raise NewerFormat("repository-format-too-new", version=version, format=FORMAT)
    well_formed = data == canonical_json({**head, "signature": signature}) and isinstance(name, str)
    if not well_formed or not signature_holds("repository", canonical_json(head), signature, officer):
        raise DamagedData("repo-signature-invalid", label=store.label)
    return head


def open_repository(store: Store, officer: str, repository: str, patience: StorePatience | None = None) -> Repository:
    """Open and check against the officer's key and id that the caller's own key names.

    Raises ForeignRepository, Missing, Damaged, NewerFormat.
    """
    patience = patience or StorePatience()
    head = read_head(store, patience)
    if head["id"] != repository or head["officer"] != officer:
        raise ForeignRepository(
            "key-of-another-repository", label=store.label, head=head["id"][:8], repository=repository[:8]
        )
    chain = read_configs(store, patience, repository, officer)
    opened = Repository(store, repository, officer, chain.newest, chain.digest, patience)
    opened.drills, opened.hosts_ever, opened.junk = chain.drills, chain.hosts, chain.junk
    return opened


@dataclass
class ConfigChain:
    """The newest config of the unbroken chain and its digest; the keys that any config of it named.
    `torn`: objects whose content does not fit their name; `wrong`: faults of the chain."""

    newest: RepositoryConfig
    digest: str = ""
    hosts: dict[str, set[str]] = field(default_factory=dict)
    drills: dict[str, set[str]] = field(default_factory=dict)
    torn: list[Finding] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    junk: dict[str, Finding] = field(default_factory=dict)


def read_configs(store: Store, patience: StorePatience, repository: str, officer: str) -> ConfigChain:
    """All configs that the officer signed. Raises Damaged where none is whole, NewerFormat."""
    chain: dict[int, tuple[str, RepositoryConfig]] = {}
    torn: list[tuple[int, Finding]] = []
    wrong: list[Finding] = []
    junk: dict[str, Finding] = {}
    for stored_object, name, data in objects(store, patience, "config", largest_stored(["config"])):
        path = f"config/{stored_object.name}"
        if data is None:
            torn.append((name.sequence, make_finding("object-does-not-fit", path)))
            continue
        try:
            config = decode_structure(read_signed(data, ["config"], [officer]).body, RepositoryConfig)
            if config.repository != repository or config.sequence != name.sequence:
                raise ForeignObject("config-of-another-repository")
            chain[name.sequence] = (name.digest, config)
        except ForeignObject as error:
            junk[path] = finding_of_error(error, path)
        except DamagedData as error:
            wrong.append(finding_of_error(error, path))
    # an attempt that broke off is made good by a whole one of the same number
    left = [fault for sequence, fault in torn if sequence not in chain]
    newest_chain: ConfigChain | None = None
    for sequence in range(1, len(chain) + 1):
        before = newest_chain.digest if newest_chain else ""
        if sequence not in chain or chain[sequence][1].previous != before:
            wrong.append(make_finding("config-chain-broken", "config", sequence=sequence))
            break
        stored, config = chain[sequence]
        newest_chain = (
            replace(newest_chain, newest=config, digest=stored) if newest_chain else ConfigChain(config, stored)
        )
        _note_keys(config, newest_chain.hosts, newest_chain.drills)
    if newest_chain is None:
        raise DamagedData("config-not-whole", finding_problems([*wrong, *left, *junk.values()]), label=store.label)
    return replace(newest_chain, torn=left, wrong=wrong, junk=junk)
