"""How the backups are opened: where the recovery key is kept, and what to type; never the key itself."""

from __future__ import annotations

from tasks.backup.api import BackupDone, BackupSettings
from tasks.core import status_lines
from tasks.core.status_lines import last_event
from tasks.documents.api import Paper
from tasks.kit.part_model import Fault, KitPage, KitPart, Provider, state_of
from tasks.kit.settings import KitSettings
from tasks.workspace import Workspace

_NOT_RECORDED = "NOT WRITTEN DOWN: set [kit] recovery_key in continuity.toml"


def _facts(workspace: Workspace) -> list[tuple[str, str]]:
    backup, kit = workspace.settings(BackupSettings), workspace.settings(KitSettings)
    last_backup = last_event(workspace.journal.rows, BackupDone.kind)
    newest = f"{last_backup[1]['head']}, taken {last_backup[0]:%Y-%m-%d %H:%M} UTC" if last_backup else "none yet"
    return [
        ("Where the key and its passphrase are", kit.recovery_key or _NOT_RECORDED),
        ("The store", backup.store or "not set"),
        ("Its place", backup.place or "not set"),
        ("Repository", last_backup[1]["repository"] if last_backup else "none yet"),
        ("Newest snapshot when this was printed", newest),
    ]


def make(workspace: Workspace) -> KitPart:
    return KitPart(
        "how the backups are opened, without the key",
        pages=[KitPage("Restoring from the backups", lambda paper: _page(paper, workspace))],
    )


def _page(paper: Paper, workspace: Workspace) -> None:
    last_backup = last_event(workspace.journal.rows, BackupDone.kind)
    head = f" --expect-head {last_backup[1]['head']}" if last_backup else ""
    paper.answers([(question, [answer]) for question, answer in _facts(workspace)], 9)
    paper.heading("What to do")
    for step in (
        "1. Fetch the sheet of the recovery key and, from its other place, the passphrase. Two people.",
        "2. Type the sheet's numbered lines into a text file recovery.key on a clean machine. Two letters "
        "at the end of each line check it; O and 0, I and 1, B and 8 count the same.",
        "3. continuity backup keys check recovery.key",
        f"4. continuity backup restore TARGET --key recovery.key{head}",
        "5. Compare the head that the command names with the one above, or with a newer printed one: an "
        "older head means that somebody shows you an old backup.",
        "6. Put the sheet back and have a new recovery key made: continuity backup keys recipient.",
    ):
        paper.text(step, 9)


def state(workspace: Workspace) -> str:
    # Each night's snapshot has another head; that alone makes no kit stale.
    return state_of([fact for fact in _facts(workspace) if not fact[0].startswith("Newest")])


def faults(workspace: Workspace) -> list[Fault]:
    is_recorded = bool(workspace.settings(KitSettings).recovery_key)
    return [] if is_recorded else [Fault("kit-recovery-key-not-recorded", status_lines.AMBER, command="set it")]


PROVIDER = Provider("recovery", make, state, "the backup's store or key place changed since", faults)
