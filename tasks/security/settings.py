"""Settings of approvals and of private data."""

from __future__ import annotations

from pydantic import Field

from tasks.core.settings import SettingsTable


class ApprovalSettings(SettingsTable):
    """`persons`: how many take part. 1: a sole broker approves her own plan, recorded as such;
    2: preparer and approver; 3: preparer and two approvers."""

    persons: int = Field(default=2, ge=1, le=3)


class PrivateDataSettings(SettingsTable):
    """Days that driver data is kept before its keys are destroyed."""

    keep_days: int = Field(default=90, ge=1)
