"""Invitations: what is in the code, how long it holds, and for whom."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockd.wire import results
from lockd.wire.enrolment import Invitations, Offer, read_uri, write_uri
from lockd.wire.errors import InvitationError
from tests.wire.ends import World, keys, secret

ID, PSK = b"8 bytes!", secret("psk")
OFFER = Offer(bytes(range(32)), bytes(range(32, 64)), ID, "Haustür")
URI = (
    "lkp:1?k=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8&p=ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
    "&i=OCBieXRlcyE&n=SGF1c3TDvHI"
)


def test_the_layout_of_the_uri() -> None:
    assert write_uri(OFFER) == URI
    assert read_uri(f" {URI}\n") == OFFER
    assert read_uri(write_uri(OFFER.but(name=""))).name == ""


def test_the_secret_is_not_shown() -> None:
    invitation = Invitations().open(ID, PSK, "user", 0, 0.0)
    assert "psk=…" in repr(OFFER)
    assert "psk=…" in repr(invitation)


@pytest.mark.parametrize("uri", [
    "", "lkp:2" + URI[5:], URI[:-1] + "\n&x=1", URI + "&r=owner", URI.replace("&i=", "&j="), URI.replace("AAEC", "AAE"),
    URI.replace("Hh8&", "Hh8=&"), URI.replace("Hh8&", "Hh9&"), URI.replace("SGF1c3TDvHI", "_w"),
    URI.replace("SGF1c3TDvHI", "A"), URI.replace("A", "\N{LATIN CAPITAL LETTER A WITH RING ABOVE}"), "https" + URI,
])  # fmt: skip
def test_no_invitation(uri: str) -> None:
    with pytest.raises(InvitationError):
        read_uri(uri)


@given(st.text(max_size=60) | st.text("AZaz09-_=&?kpin:", max_size=200).map(lambda end: f"lkp:1?k={end}"))
@settings(max_examples=100, deadline=None)
def test_arbitrary_text_raises_nothing_else(text: str) -> None:
    with pytest.raises(InvitationError):
        read_uri(text)


@pytest.mark.parametrize("offer", [OFFER.but(name="x" * 65), OFFER.but(psk=b"short"), OFFER.but(id=b"short")])
def test_an_offer_that_cannot_be_written(offer: Offer) -> None:
    with pytest.raises(InvitationError):
        write_uri(offer)


def test_it_holds_120_seconds() -> None:
    invitations = Invitations()
    assert (invitations.current(0.0), invitations.next_deadline()) == (None, None)
    invitation = invitations.open(ID, PSK, "user", 0, 10.0)
    assert invitations.next_deadline() == 130.0
    assert invitations.current(129.9) is invitation
    assert invitations.current(130.0) is None
    assert invitations.take(ID, 130.0) is None


def test_it_is_used_once_and_never_again() -> None:
    invitations = Invitations()
    invitation = invitations.open(ID, PSK, "user", 0, 0.0)
    assert invitations.take(b"another!", 1.0) is None
    assert invitations.take(ID, 1.0) is invitation
    assert (invitations.take(ID, 1.0), invitations.used) == (None, (ID,))
    after_a_restart = Invitations(invitations.used)
    with pytest.raises(InvitationError, match="fresh"):
        after_a_restart.open(ID, PSK, "user", 0, 0.0)


def test_what_is_remembered_is_bounded() -> None:
    numbers = [n.to_bytes(8, "big") for n in range(300)]
    invitations = Invitations(numbers)
    assert invitations.used == tuple(numbers[-256:])
    invitations.open(ID, PSK, "user", 0, 0.0)
    invitations.take(ID, 0.0)
    assert invitations.used == (*numbers[-255:], ID)


def test_five_tries() -> None:
    invitations = Invitations()
    invitations.open(ID, PSK, "user", 0, 0.0)
    for _ in range(4):
        invitations.failed(ID, 1.0)
        invitations.failed(b"another!", 1.0)
    assert invitations.current(1.0)
    invitations.failed(ID, 1.0)
    assert invitations.current(1.0) is None
    assert invitations.used == ()


def test_another_one_takes_its_place_with_tries_of_its_own() -> None:
    invitations = Invitations()
    invitations.open(ID, PSK, "user", 0, 0.0)
    for _ in range(4):
        invitations.failed(ID, 1.0)
    second = invitations.open(b"another!", PSK, "admin", 3, 1.0)
    invitations.failed(b"another!", 1.0)
    assert invitations.take(ID, 1.0) is None
    assert invitations.current(1.0) is second


def test_it_can_be_cancelled() -> None:
    invitations = Invitations()
    invitations.open(ID, PSK, "user", 0, 0.0)
    assert not invitations.cancel(b"another!")
    assert invitations.cancel(ID)
    assert not invitations.cancel(ID)
    assert invitations.current(0.0) is None


@pytest.mark.parametrize(("number", "psk"), [(b"short", PSK), (ID, b"short")])
def test_it_needs_its_random_bytes(number: bytes, psk: bytes) -> None:
    with pytest.raises(InvitationError):
        Invitations().open(number, psk, "user", 0, 0.0)


def test_a_phone_is_enrolled() -> None:
    world = World()
    world.invitations.open(ID, PSK, "admin", 4, 0.0)
    line = world.connect("new", psk=PSK).open("ENROL", label="Ada's phone", sign=bytes(32))
    (opened, asked) = line.lock_events
    assert (opened.phone_key, opened.role, opened.user) == (keys("new").public, "invited", 4)  # type: ignore[union-attr]
    assert asked.fields == {"label": "Ada's phone", "sign": bytes(32)}  # type: ignore[union-attr]
    assert line.lock.invitation is not None
    assert (line.lock.invitation.role, line.lock.invitation.id) == ("admin", ID)
    line.answer(1)
    assert line.results == [(1, results.COMPLETE)]
    assert world.invitations.used == (ID,)


def test_an_enrolment_gives_nothing_else() -> None:
    world = World()
    world.invitations.open(ID, PSK, "owner", 0, 0.0)
    line = world.connect("new", psk=PSK).open("UNLOCK")
    line.ask("ENROL", label="x", sign=bytes(32))
    line.answer(2)
    line.ask("ENROL", label="y", sign=bytes(32))
    line.ask("UNLOCK")
    assert line.commands == ["ENROL"]
    assert line.results == [
        (1, results.FORBIDDEN), (2, results.COMPLETE), (3, results.FORBIDDEN), (4, results.FORBIDDEN)
    ]  # fmt: skip


def test_while_an_invitation_is_open_the_others_come_in_as_ever() -> None:
    world = World()
    world.invitations.open(ID, PSK, "owner", 0, 0.0)
    assert world.connect().open("UNLOCK").commands == ["UNLOCK"]
