"""Settings of mail and of shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tasks.core.settings import SettingsTable

ShareAddress = Annotated[str, Field(pattern=r"^smb://")]


class ShareAccess(SettingsTable):
    """How a folder on an SMB share is opened. `share_timeout`: seconds for each answer of the server."""

    share_user: str = ""
    share_password_file: Path | None = None
    share_auth: Literal["negotiate", "ntlm", "kerberos"] = "negotiate"
    share_timeout: float = Field(default=30, gt=0)


_ADDRESS = r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+"


class MailSettings(SettingsTable):
    """How letters leave, and to whom. No `server`: they wait in `<home>/outbox`.

    `security`: STARTTLS (port 587) or TLS from the first byte (465); never without. `ca_file`: the
    authority of a private mail server. `recipients`: addresses by role, such as `it`, `compliance`,
    `deputy`, `licence-holder`."""

    server: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    sender: str = Field(default="", pattern=f"^({_ADDRESS})?$")
    timeout_seconds: float = Field(default=30, gt=0)
    recipients: dict[str, tuple[Annotated[str, Field(pattern=f"^{_ADDRESS}$")], ...]] = Field(default={})

    @model_validator(mode="after")
    def _sender_known(self) -> MailSettings:
        if self.server and not self.sender:
            raise ValueError("a mail server needs a sender: the address that letters come from")
        if self.user and self.password_file is None:
            raise ValueError("a mail user needs a password_file")
        return self
