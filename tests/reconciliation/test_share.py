"""The loop when the sender's folders lie on a share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.ace.settings import AceSettings
from tasks.core.errors import StoreFault
from tasks.core.journal.verification import verify_journal
from tests.ace import made_summary
from tests.reconciliation.ace_exchange import World, approve_first, open_world, record_summaries
from tests.reconciliation.broker_office import make_office
from tests.samba_server import Samba
from tests.transport.test_exchange_folders import on_share


class Sender(World):
    """The same world, with the sender at the server's end of the share."""

    def exchange(self) -> None:
        self.ace.process_folder(self.sent, self.inbox)
        for path in self.inbox.iterdir():
            shutil.chown(path, "nobody")

    sent: Path


@pytest.fixture
def world(samba: Samba, tmp_path: Path) -> Sender:
    made = open_world(make_office(tmp_path / "home"), tmp_path / "ace")
    place, share = on_share(samba, tmp_path, share_timeout=20)
    top = samba.top / "plain" / place.rpartition("/")[2]
    for name in ("out", "in"):
        (top / name).mkdir()
        shutil.chown(top / name, "nobody")
    fields = ("share_user", "share_password_file", "share_auth", "share_timeout")
    ace = made.office.settings(AceSettings).model_copy(
        update={name: getattr(share, name) for name in fields} | {"outbound": f"{place}/out", "inbox": f"{place}/in"}
    )
    made.office.settings = made.office.settings.model_copy(update={"ace": ace})
    sender = Sender(made.office, made.ace, top / "in")
    sender.sent = top / "out"
    return sender


def test_all_settles_over_a_share(world: Sender) -> None:
    numbers = record_summaries(world, ["01", "23"])
    for number in numbers:
        world.ace.seed_paper_release(number, made_summary.RELEASED)
    world.run()
    assert world.steps() == dict.fromkeys(numbers, "settled")
    assert all(held.stands_once for held in world.ace.book().values())
    assert verify_journal(world.office.journal, world.office.book.content).ok


def test_a_server_that_dies_between_two_files(world: Sender, samba: Samba) -> None:
    """Nothing is lost, and nothing written twice."""
    numbers = record_summaries(world, ["01", "01", "23"])
    for number in numbers:
        world.ace.seed_paper_release(number, made_summary.RELEASED)
    approve_first(world)
    samba.kill()
    with pytest.raises(StoreFault):
        world.turn()
    samba.restart()
    world.run()
    assert world.steps() == dict.fromkeys(numbers, "settled")
    assert all(held.stands_once for held in world.ace.book().values())
