"""Every destructive verb, tried with the host's own credentials on objects made for it.

Each verb raises a StoreFault when the store refuses it. None of this is reachable from the engine.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smbprotocol.file_info import (
    FileAttributes,
    FileBasicInformation,
    FileDispositionInformation,
    FileEndOfFileInformation,
    FileFsFullSizeInformation,
    FileLinkInformation,
)
from smbprotocol.open import CreateDisposition, CreateOptions, Open, SMB2QueryInfoRequest, SMB2QueryInfoResponse

from tasks.backup.stores.local_store import LocalStore, store_fault
from tasks.backup.stores.store_protocol import Store
from tasks.core.errors import NoRight
from tasks.core.findings import Finding, make_finding
from tasks.transport.api import (
    ALL_SHARES,
    APPEND,
    DELETE,
    READ_ATTRIBUTES,
    WRITE_ATTRIBUTES,
    WRITE_DATA,
    SmbConnection,
    SmbStore,
    renaming_request,
    set_file_info,
)

OLD = 131_000_000_000_000_000  # a time in 2016, in units of 100 ns since 1601
Attack = Callable[[str], None]


def attack_verbs(store: Store) -> dict[str, Attack]:
    """The verbs for a store's kind, each on the name of an object or, for folders, a folder."""
    if isinstance(store, SmbStore):
        return _SmbAttacks(store).verbs()
    assert isinstance(store, LocalStore)
    return _LocalAttacks(store).verbs()


def free_bytes(store: Store) -> int:
    """Free bytes of the store, as the server reports them."""
    if isinstance(store, SmbStore):
        return store.with_link("ask for free space", lambda link: _free(store, link))
    assert isinstance(store, LocalStore)
    return shutil.disk_usage(store.root).free


@dataclass(frozen=True)
class StoreProperty:
    """One property of a connection, and whether it is as it should be."""

    ok: bool
    finding: Finding


def protocol_properties(store: Store) -> dict[str, StoreProperty]:
    """Dialect, cipher and signing of an SMB store's connection; empty for a folder."""
    if not isinstance(store, SmbStore):
        return {}
    return store.with_link("look at the connection", _facts)


def _facts(link: SmbConnection) -> dict[str, StoreProperty]:
    connection, session = link.connection, link.session
    ciphers = {1: "AES-128-CCM", 2: "AES-128-GCM", 3: "AES-256-CCM", 4: "AES-256-GCM"}
    dialect = connection.dialect or 0
    newest = dialect == 0x311
    cipher = ciphers.get(connection.cipher_id or 0, "") if session.encrypt_data else ""
    signing, required = bool(connection.require_signing), bool(link.tree.encrypt_data)
    return {
        "dialect": StoreProperty(newest, make_finding("smb-dialect", dialect="3.1.1" if newest else hex(dialect))),
        "encryption": StoreProperty(bool(cipher), make_finding("smb-cipher", cipher=cipher or "none")),
        "signing": StoreProperty(signing, Finding("smb-signing-required" if signing else "smb-signing-not-required")),
        "server encryption": StoreProperty(
            required, Finding("smb-encryption-required" if required else "smb-encryption-not-required")
        ),
    }


def _free(store: SmbStore, link: SmbConnection) -> int:
    handle = link.open(store.path(""), READ_ATTRIBUTES, options=CreateOptions.FILE_DIRECTORY_FILE)
    try:
        query, size_information = SMB2QueryInfoRequest(), FileFsFullSizeInformation()
        query["info_type"], query["file_info_class"] = size_information.INFO_TYPE, size_information.INFO_CLASS
        query["file_id"], query["output_buffer_length"] = handle.file_id, 64
        answer = SMB2QueryInfoResponse()
        answer.unpack(link.ask(query)["data"].get_value())
        size_information.unpack(answer["buffer"].get_value())
    finally:
        link.finish(handle)
    units = size_information["caller_available_units"].get_value()
    sector = size_information["bytes_per_sector"].get_value()
    return units * size_information["sectors_per_unit"].get_value() * sector


class _SmbAttacks:
    """Written against the protocol itself, so that no kindness of a library stands between."""

    def __init__(self, store: SmbStore) -> None:
        self._store = store

    def verbs(self) -> dict[str, Attack]:
        return {
            "overwrite": lambda name: self._open(name, WRITE_DATA, CreateDisposition.FILE_OVERWRITE),
            "supersede": lambda name: self._open(name, WRITE_DATA, CreateDisposition.FILE_SUPERSEDE),
            "write": lambda name: self._write(name, WRITE_DATA, 0),
            "append": lambda name: self._write(name, APPEND, -1),
            "truncate": lambda name: self._set(name, WRITE_DATA, _end_of_file()),
            "rename": lambda name: self._set(name, DELETE, renaming_request(self._store.path(name) + "-moved")),
            "replace": self._replace,
            "delete": self._delete,
            "set time": lambda name: self._set(name, WRITE_ATTRIBUTES, _basic(0)),
            "set attribute": lambda name: self._set(
                name, WRITE_ATTRIBUTES, _basic(FileAttributes.FILE_ATTRIBUTE_HIDDEN)
            ),
            "hard link": self._link,
            "stream": lambda name: self._open(name + ":attack", WRITE_DATA, CreateDisposition.FILE_CREATE),
            "rename folder": self._rename_folder,
            "remove folder": self._remove_folder,
        }

    def _with(self, name: str, access: int, then: Callable[[SmbConnection, Open], None], **options: Any) -> None:
        def call(link: SmbConnection) -> None:
            handle = link.open(self._store.path(name), access, **options)
            try:
                then(link, handle)
            finally:
                link.finish(handle)

        self._store.with_link(f"attack {name}", call)

    def _open(self, name: str, access: int, disposition: int) -> None:
        self._with(name, access, lambda link, handle: None, disposition=disposition)

    def _write(self, name: str, access: int, offset: int) -> None:
        def then(link: SmbConnection, handle: Open) -> None:
            position = (handle.end_of_file or 0) if offset < 0 else offset
            link.ask(handle.write(b"attack", position, send=False)[0])

        self._with(name, access, then, share=ALL_SHARES)

    def _set(self, name: str, access: int, file_information: Any) -> None:
        self._with(name, access, lambda link, handle: set_file_info(link, handle, file_information))

    def _replace(self, name: str) -> None:
        self._store.create(name + "-other", [b"other"])
        renaming = renaming_request(self._store.path(name), replace=True)
        self._set(name + "-other", DELETE, renaming)

    def _delete(self, name: str) -> None:
        options = CreateOptions.FILE_NON_DIRECTORY_FILE | CreateOptions.FILE_DELETE_ON_CLOSE
        self._with(name, DELETE, lambda link, handle: None, options=options)

    def _link(self, name: str) -> None:
        linking = FileLinkInformation()
        linking["replace_if_exists"], linking["file_name"] = False, self._store.path(name + "-link")
        self._set(name, WRITE_ATTRIBUTES, linking)

    def _rename_folder(self, folder: str) -> None:
        """Also a way to hide all that is in it. Undone at once where it works."""
        moved = folder + "-moved"
        as_folder = CreateOptions.FILE_DIRECTORY_FILE
        for source, target in ((folder, moved), (moved, folder)):
            renaming = renaming_request(self._store.path(target))
            self._with(
                source,
                DELETE | READ_ATTRIBUTES,
                lambda link, handle, renaming=renaming: set_file_info(link, handle, renaming),
                options=as_folder,
            )

    def _remove_folder(self, folder: str) -> None:
        disposition = FileDispositionInformation()
        disposition["delete_pending"] = True
        self._with(
            folder,
            DELETE,
            lambda link, handle: set_file_info(link, handle, disposition),
            options=CreateOptions.FILE_DIRECTORY_FILE,
        )


def _end_of_file() -> Any:
    end_of_file = FileEndOfFileInformation()
    end_of_file["end_of_file"] = 3
    return end_of_file


def _basic(attributes: int) -> Any:
    basic = FileBasicInformation()
    if attributes:
        basic["file_attributes"] = attributes
    else:
        basic["last_write_time"] = OLD
    return basic


class _LocalAttacks:
    def __init__(self, store: LocalStore) -> None:
        self._root = store.root

    def verbs(self) -> dict[str, Attack]:
        acts: dict[str, Callable[[Path], object]] = {
            "overwrite": lambda path: path.write_bytes(b"attack"),
            "append": lambda path: _append(path),
            "truncate": lambda path: os.truncate(path, 3),
            "rename": lambda path: path.rename(path.with_name(path.name + "-moved")),
            "replace": _replace,
            "delete": lambda path: path.unlink(),
            "set time": lambda path: os.utime(path, (0, 0)),
            "rename folder": _rename_folder,
            "remove folder": lambda path: path.rmdir(),
        }
        return {name: self._guarded(name, act) for name, act in acts.items()}

    def _guarded(self, name: str, act: Callable[[Path], object]) -> Attack:
        def attack(target: str) -> None:
            try:
                act(self._root / target)
            except OSError as error:
                fault = store_fault(error, f"{name} {target}")
                raise (fault if isinstance(fault, NoRight) else NoRight("store-act-refused", reason=fault)) from error

        return attack


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"attack")


def _replace(path: Path) -> None:
    replacement = path.with_name(path.name + "-other")
    replacement.write_bytes(b"other")
    replacement.replace(path)


def _rename_folder(path: Path) -> None:
    moved = path.with_name(path.name + "-moved")
    path.rename(moved)
    moved.rename(path)
