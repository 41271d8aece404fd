"""A folder on a share in which things are also renamed and removed: what is exchanged with the sender
of ACE files, and what an administrator prunes. The backup itself never does either."""

from __future__ import annotations

import contextlib
from typing import Any

from smbprotocol.file_info import FileRenameInformation
from smbprotocol.open import CreateDisposition, CreateOptions, Open, SMB2SetInfoRequest

from tasks.core.errors import Missing
from tasks.transport.smb.connection import DELETE, READ_ATTRIBUTES, SmbConnection
from tasks.transport.smb.store import SmbStore


class SmbFolder(SmbStore):
    """The four verbs of a store, and three more."""

    def is_there(self) -> bool:
        """True if the folder itself stands on the share."""

        def call(link: SmbConnection) -> bool:
            options = CreateOptions.FILE_DIRECTORY_FILE
            link.finish(link.open(self.path(""), READ_ATTRIBUTES, options=options))
            return True

        with contextlib.suppress(Missing):
            return self.with_link("open the folder", call)
        return False

    def rename(self, name: str, new: str) -> None:
        """One step on the server. Raises Exists if the new name is taken, Missing without the old."""

        def call(link: SmbConnection) -> None:
            handle = link.open(self.path(name), DELETE)
            try:
                set_file_info(link, handle, renaming_request(self.path(new)))
            finally:
                link.finish(handle)

        self.with_link(f"rename {name} to {new}", call)

    def delete(self, name: str) -> None:
        """Remove one object. Raises Missing, NoRight."""
        options = CreateOptions.FILE_NON_DIRECTORY_FILE | CreateOptions.FILE_DELETE_ON_CLOSE

        def call(link: SmbConnection) -> None:
            link.finish(link.open(self.path(name), DELETE, CreateDisposition.FILE_OPEN, options))

        self.with_link(f"delete {name}", call)


def set_file_info(link: SmbConnection, handle: Open, request_body: Any) -> None:
    request = SMB2SetInfoRequest()
    request["info_type"], request["file_info_class"] = request_body.INFO_TYPE, request_body.INFO_CLASS
    request["file_id"], request["buffer"] = handle.file_id, request_body.pack()
    link.ask(request)


def renaming_request(target: str, replace: bool = False) -> Any:
    request = FileRenameInformation()
    request["replace_if_exists"], request["file_name"] = replace, target
    return request
