"""Which device is what, and which is none of the lock's business."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.settings import Match
from lockd.udev.match import fits, source_of
from lockd.words import PowerSource


def said(**properties: str) -> dict[str, str]:
    return {f"POWER_SUPPLY_{name}": text for name, text in properties.items()}


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("Battery", "Battery"), ("UPS", "Battery"), ("Mains", "Mains"), ("Wireless", "Wireless"),
        *((kind, "EmergencyUsb") for kind in (
            "USB", "USB_DCP", "USB_CDP", "USB_ACA", "USB_C", "USB_PD", "USB_PD_DRP", "BrickID")),
        ("Unknown", None), ("", None),
    ],
)  # fmt: skip
def test_every_type_of_the_kernel_s_is_known(kind: str, source: PowerSource | None) -> None:
    assert source_of(said(TYPE=kind), ()) == source


def test_what_feeds_others_does_not_feed_the_lock() -> None:
    assert source_of(said(TYPE="Battery", SCOPE="Device"), ()) is None
    assert source_of(said(TYPE="Battery", SCOPE="System"), ()) == "Battery"
    assert source_of(said(TYPE="USB", NAME="ip5xxx-boost"), ()) is None
    assert source_of(said(TYPE="USB", NAME="ip5xxx-charger"), ()) == "EmergencyUsb"


def test_the_owner_s_rules_come_first_in_their_order() -> None:
    rules = (
        Match((("POWER_SUPPLY_NAME", "ip5*"), ("POWER_SUPPLY_TYPE", "USB")), "Generator"),
        Match((("POWER_SUPPLY_NAME", "*"),), "ignore"),
    )
    assert source_of(said(TYPE="USB", NAME="ip5xxx-boost"), rules) == "Generator"
    assert source_of(said(TYPE="Battery", NAME="ip5xxx-battery"), rules) is None
    assert source_of({"DEVTYPE": "typec_port"}, rules) == "EmergencyUsb"


def test_a_property_that_is_not_there_fits_nothing() -> None:
    assert source_of({}, (Match((("ID_MODEL", "*"),), "Mains"),)) is None


TEXT = st.text("ab*.\n", max_size=8)


@given(TEXT, TEXT.map(lambda text: text.replace("*", "")))
def test_a_star_stands_for_anything_and_nothing_else_is_special(pattern: str, text: str) -> None:
    same = ".*".join(map(re.escape, pattern.split("*")))
    assert fits(pattern, text) == (re.fullmatch(same, text, re.DOTALL) is not None)


def test_many_stars_cost_no_time() -> None:
    assert not fits("*a" * 120 + "b", "a" * 10_000)
