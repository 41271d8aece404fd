from __future__ import annotations

import pytest

from tasks.core.settings import Settings, load_settings
from tests.conftest import SETTINGS

MAIL = """
[operations]
approval_hours = 2
[mail]
sender = "ops@harbor.example"
[mail.recipients]
it = ["it@harbor.example"]
deputy = ["dee@harbor.example"]
licence-holder = ["ada@harbor.example"]
"""


@pytest.fixture
def told(house: Settings) -> Settings:
    """A house whose alerts have addresses, and no mail server: letters wait in the outbox."""
    (house.home / "continuity.toml").write_text(SETTINGS + MAIL)
    return load_settings(house.home)
