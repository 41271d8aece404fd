from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from tasks.core.errors import BadInput
from tasks.screening.hits.role_policy import role_effect
from tasks.screening.partners.partner_register import complete_row
from tasks.screening.risk.ownership_rules import OFAC, OwnershipFinding
from tasks.screening.risk.risk_score import PartnerRisk, RiskFinding, attestation_worth, risk_weights, score_risk
from tests.errors import refused

TODAY = date(2026, 11, 25)


def row(**values: object) -> dict:
    given_ = {"partner": "P", "name": "P Ltd", "role": "carrier", "kind": "entity", "country": "DE"}
    return complete_row({**given_, **values})


def points_of(found: PartnerRisk) -> dict[str, int]:
    """Points by the code of their reason."""
    return {point.reason.code: point.points for point in found.reasons}


def test_nothing_known_against_it_is_low() -> None:
    found = score_risk(row(), [], [], TODAY)
    assert (found.points, found.tier, found.reasons) == (0, "low", ())
    assert found.due(TODAY) == date(2027, 11, 25) and found.weights == "2026.11"


def test_every_point_has_its_reason() -> None:
    maker = row(role="manufacturer", country="CN", region="Xinjiang", hts=["5205"], ctpat=True,
                flags=["undervalues"])  # fmt: skip
    found = score_risk(maker, [], [], TODAY)
    assert points_of(found) == {
        "owners-not-declared": 5,
        "risk-country": 8,
        "risk-region": 45,
        "risk-goods": 20,
        "risk-warning-sign": 20,
        "trusted-trader": -10,
    }
    values = {point.reason.code: point.reason.values for point in found.reasons}
    assert values["risk-country"] == {"country": "CN"}
    assert values["risk-region"] == {"region": "Xinjiang"}
    assert values["risk-goods"] == {"sectors": ("cotton and apparel",)}
    assert values["risk-warning-sign"] == {"sign": "undervalues"}
    assert found.points == sum(points_of(found).values()) == 88 and found.tier == "stop"


def test_hits_weigh_by_state_and_effect() -> None:
    hits = [RiskFinding("ofac-sdn/1", "open", "block"), RiskFinding("csl/EL-2", "open", "review")]
    found = score_risk(row(), hits, [], TODAY)
    assert [point.points for point in found.reasons] == [60, 5] and found.tier == "high"
    confirmed = [RiskFinding("ofac-sdn/1", "confirmed", "block")]
    assert score_risk(row(), confirmed, [], TODAY).points == 100


@pytest.mark.parametrize("given", [{"flags": ["undervalues"]}, {"ctpat": True}])
def test_what_is_told_adds_up_at_both_ends(given: dict) -> None:
    heavy = [RiskFinding("ofac-sdn/1", "confirmed", "block")] if "flags" in given else []
    found = score_risk(row(**given), heavy, [], TODAY)
    assert found.points == (100 if heavy else 0)
    assert sum(points_of(found).values()) == found.points and points_of(found)[
        "risk-above-limit" if heavy else "risk-below-zero"]  # fmt: skip


def test_ownership_weighs() -> None:
    owned = OwnershipFinding("P", OFAC, 60, 60, (("A", 60),))
    assert score_risk(row(owners=[{"name": "A", "share": 60}]), [], [owned], TODAY).tier == "stop"


@pytest.mark.parametrize(("left", "points"), [(400, 0), (90, 0), (45, 15), (9, 27), (0, 30), (-30, 30)])
def test_an_attestation_fades_over_its_last_days(left: int, points: int) -> None:
    ends = (TODAY + timedelta(days=left)).isoformat()
    one = row(role="it_provider", attestations=[{"name": "SOC 2 Type II", "expires": ends}],
              breach_notice_hours=24, questionnaire="2026-06-01",
              owners=[{"name": "A", "share": 100}])  # fmt: skip
    assert score_risk(one, [], [], TODAY).points == points


def test_an_it_provider_of_whom_nothing_is_known() -> None:
    found = points_of(score_risk(row(role="it_provider"), [], [], TODAY))
    assert found["attestation-missing"] == 30
    assert found["breach-notice-missing"] == 15
    assert found["questionnaire-missing"] == 15


@given(st.integers(-400, 800), st.integers(0, 400))
def test_worth_never_grows_with_time(left: int, later: int) -> None:
    ends = TODAY + timedelta(days=left)
    then = TODAY + timedelta(days=later)
    assert 0 <= attestation_worth(ends, then, 90) <= attestation_worth(ends, TODAY, 90) <= 1


def test_weights_of_an_unknown_version() -> None:
    with refused("risk-weights-version-unknown", BadInput) as caught:
        risk_weights("1999.1")
    assert caught.values["version"] == "1999.1"


@pytest.mark.parametrize(
    ("role", "list_", "programs", "ends", "effect"),
    [
        ("supplier", "ofac-sdn", ("SDGT",), "", "block"),
        ("carrier", "uflpa", ("UFLPA",), "", "review"),
        ("manufacturer", "uflpa", ("UFLPA",), "", "block"),
        ("supplier", "ofac-cons", ("CMIC-EO13959",), "", "note"),
        ("it_provider", "bis-dpl", ("DPL",), "", "block"),
        ("supplier", "bis-dpl", ("DPL",), "2020-01-01", "note"),
        ("supplier", "csl", ("EL",), "", "review"),
        ("supplier", "no-such-list", (), "", "review"),
    ],
)
def test_the_policy_of_a_role(role, list_, programs, ends, effect) -> None:
    assert role_effect(role, list_, programs, ends, TODAY.isoformat()) == effect
