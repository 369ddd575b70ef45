"""Which of the locks nearby it is, enrolling with one, and guests who show a pass."""

from __future__ import annotations

import pytest

from lockd.errors import InvalidField, LockdError, NotFound, ResourceExhausted, Restricted
from lockd.phone import guests, reach
from lockd.phone.client import Client
from lockd.phone.guests import Terms, Window
from lockd.phone.keys import Book, Keys, Known, new_keys, text
from lockd.phone.refusals import Unreachable, refusal
from lockd.wire import results
from lockd.wire.enrolment import Offer, write_uri
from lockd.wire.events import CommandReceived
from lockd.wire.noise import KeyPair
from lockd.wire.passes import Book as LockBook
from lockd.wire.passes import Moment, verify_list, verify_pass
from lockd.wire.session import Phone
from tests.phone.air import Air, Line, Lock, known
from tests.wire.ends import keys, secret

OWN = Keys(secret("new phone"), secret("new phone signs"))


def another() -> Lock:
    """A lock with another key."""
    lock = Lock()
    lock.world.lock = lock.world.lock.but(keys=keys("another lock"))
    return lock


async def unlocked(air: Air, lock: Known, clock: Lock) -> Known:
    async def work(client: Client) -> object:
        return await client.command("UNLOCK")

    found, answer = await reach.at_lock(air, lock, work, clock.clock)
    assert answer == {"lock": "Unlocked"}
    return found


async def test_the_address_of_last_time_is_tried_first_and_without_a_scan() -> None:
    lock = Lock()
    air = Air(a=another(), b=lock)
    assert (await unlocked(air, known(address="b"), lock)).address == "b"
    assert (air.tried, air.scans) == (["b"], 0)


async def test_a_lock_that_moved_is_found_among_others_by_its_key_alone() -> None:
    lock = Lock()
    air = Air(a=another(), c=lock, old=None)
    assert (await unlocked(air, known(address="old"), lock)).address == "c"
    assert air.tried == ["old", "a", "c"]


async def test_another_lock_at_the_old_address_is_passed_by_and_does_nothing() -> None:
    lock, wrong = Lock(), another()
    assert (await unlocked(Air(a=wrong, b=lock), known(address="a"), lock)).address == "b"
    assert wrong.asked == []


async def test_no_lock_in_reach_is_said() -> None:
    with pytest.raises(Unreachable, match="in reach"):
        await unlocked(Air(), known(), Lock())
    with pytest.raises(LockdError, match="not the lock"):
        await unlocked(Air(a=another()), known(), Lock())


async def test_a_refusal_of_the_right_lock_is_not_asked_for_again_elsewhere() -> None:
    lock = Lock()
    lock.does["UNLOCK"] = ((results.LOW_POWER, {}),)
    air = Air(a=lock, b=Lock())
    with pytest.raises(LockdError) as told:
        await unlocked(air, known(), lock)
    assert told.value == refusal(results.LOW_POWER)
    assert air.tried == ["a"]


async def test_a_connection_that_ends_once_it_is_granted_is_not_tried_again_elsewhere() -> None:
    lock = Lock()
    lock.does["UNLOCK"] = ((results.ACCEPTED, {}),)

    def end(line: Line, event: CommandReceived) -> None:
        line.cut = -1

    lock.before = end
    air = Air(a=lock, b=lock)
    with pytest.raises(Unreachable):
        await unlocked(air, known(), lock)
    assert air.tried == ["a"]


# Enrolling --------------------------------------------------------------------------------------------------


def inviting() -> tuple[Lock, Offer]:
    lock = Lock()
    lock.world.invitations.open(b"number!!", secret("psk"), "user", 5, 0.0)
    lock.does["ENROL"] = ((results.COMPLETE, {"role": "user", "user": 5}),)
    return lock, Offer(keys("lock").public, secret("psk"), b"number!!", "Home")


@pytest.mark.parametrize("mtu", [23, 247])
async def test_an_invitation_makes_a_known_lock(mtu: int) -> None:
    lock, offer = inviting()
    lock.mtu = mtu
    met = await reach.enrol(Air(a=another(), b=lock), offer, OWN, "Home", "Anna's", lock.clock)
    assert met == Known("Home", keys("lock").public, OWN, "user", 5, "b")
    assert lock.asked == [("ENROL", {"label": "Anna's", "sign": OWN.signer})]
    lock.world.people[OWN.public] = Phone("user", 5)
    await unlocked(Air(b=lock), met, lock)


async def test_without_a_label_it_is_this_machines_name() -> None:
    lock, offer = inviting()
    await reach.enrol(Air(a=lock), offer, OWN, "Home", clock=lock.clock)
    assert lock.asked[0][1]["label"] == reach.own_label()
    assert 1 <= len(reach.own_label().encode()) <= 64


async def test_an_invitation_with_another_secret_or_one_that_is_over_is_refused() -> None:
    lock, offer = inviting()
    for wrong in (offer.but(psk=secret("guessed")), offer.but(lock_key=keys("another").public)):
        with pytest.raises(LockdError) as told:
            await reach.enrol(Air(a=lock), wrong, OWN, "Home", clock=lock.clock)
        assert told.value == refusal(results.BAD_HANDSHAKE)
    lock.world.at += 120
    with pytest.raises(LockdError, match="invitation is over"):
        await reach.enrol(Air(a=lock), offer, OWN, "Home", clock=lock.clock)
    assert lock.asked == []


async def test_a_label_that_the_lock_would_not_take_is_refused_before_the_invitation_is_used() -> None:
    lock, offer = inviting()
    for label, words in (("ä" * 33, "64"), ("a\nb", "one line")):
        with pytest.raises(InvalidField, match=words):
            await reach.enrol(Air(a=lock), offer, OWN, "Home", label, lock.clock)
    assert lock.lines == []


def test_an_invitation_is_read_or_said_to_be_none() -> None:
    offer = inviting()[1]
    assert reach.invitation(write_uri(offer) + "\n") == offer
    with pytest.raises(InvalidField, match="scan the code again"):
        reach.invitation("https://example.org")


# Guests -----------------------------------------------------------------------------------------------------

TERMS = Terms(1000, 2000, 3, ("UNLOCK",), (Window(127, 0, 0),), 4, 60)
GUEST = Keys(secret("guest"), secret("guest signs"))
NOW = Moment(1500, True, 1, 600)


def book(lock: Known) -> LockBook:
    return LockBook(keys("lock").public, {lock.keys.signer: "owner"}, epoch=4, used={})


def test_a_pass_holds_for_the_guest_it_was_made_for() -> None:
    lock, signed = guests.make(known(), text(GUEST.public), "Eva", TERMS)
    given = verify_pass(signed, GUEST.public, book(lock).but(used={lock.made[0].id: 1}), NOW)
    assert (given.uses, given.windows, given.rights) == (3, TERMS.windows, ("UNLOCK",))
    assert guests.read(text(signed)) == given
    assert [(made.whose, made.expires, made.revoked) for made in lock.made] == [("Eva", 2000, False)]


@pytest.mark.parametrize(("role", "holder", "terms", "kind", "words"), [
    ("user", text(GUEST.public), TERMS, Restricted, "owner and admin"),
    ("owner", "AAAA", TERMS, InvalidField, "ble pass key"),
    ("owner", "é", TERMS, InvalidField, "base64url"),
    ("owner", text(GUEST.public), TERMS.but(expires=1000), InvalidField, "before it begins"),
    ("owner", text(GUEST.public), TERMS.but(rights=("INVITE",)), InvalidField, "no pass can be"),
])  # fmt: skip
def test_what_no_pass_can_be_is_said(
    role: str, holder: str, terms: Terms, kind: type[LockdError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        guests.make(known(role), holder, "Eva", terms)


def test_revoking_signs_a_list_of_all_that_still_hold() -> None:
    lock = known()
    for whose in ("Eva", "Eva", "Bob"):
        lock, _ = guests.make(lock, text(GUEST.public), whose, TERMS)
    lock, first = guests.revoke(lock, "Eva", 1500.5)
    lock, second = guests.revoke(lock, "Bob", 1500.9)
    one = verify_list(first, book(lock))
    two = verify_list(second, book(lock).but(lists={lock.keys.signer: 1500}))
    assert [len(one.passes), len(two.passes)] == [2, 3]
    assert (one.number, two.number) == (1500, 1501)
    assert set(two.passes) == {made.id for made in lock.made}
    assert guests.revoke(lock, "Eva", 1600)[0].listed == 1600


def test_revoking_all_raises_the_epoch_and_new_passes_are_of_it() -> None:
    lock, _ = guests.make(known(), text(GUEST.public), "Eva", TERMS)
    after, signed = guests.revoke_all(lock, 4, 1500)
    told = verify_list(signed, book(lock))
    assert (told.epoch, told.passes, after.made, after.epoch) == (5, (), (), 5)
    assert guests.read(text(guests.make(after, text(GUEST.public), "Eva", TERMS)[1])).epoch == 5
    with pytest.raises(Restricted, match="owner and admin"):
        guests.revoke_all(known("user"), 4, 1500)


def test_a_list_is_carried_to_the_lock_that_it_is_for() -> None:
    _, signed = guests.revoke_all(known(), 0, 1500)
    home, shed = known("user"), known("user", "Shed").but(key=keys("shed").public)
    assert guests.carried(Book((shed, home)), f" {text(signed)}\n") == (home, signed)
    with pytest.raises(NotFound, match="does not know"):
        guests.carried(Book((shed,)), text(signed))
    made, given = guests.make(known(), text(GUEST.public), "Eva", TERMS)
    for other in ("AAAA", text(given)):
        with pytest.raises(InvalidField, match="no revocation list"):
            guests.carried(Book((made,)), other)


def test_revoking_says_for_whom_there_are_passes() -> None:
    lock, _ = guests.make(known(), text(GUEST.public), "Eva", TERMS)
    with pytest.raises(NotFound, match="there are: Eva"):
        guests.revoke(lock, "Bob", 1500)
    with pytest.raises(NotFound, match="there are: none"):
        guests.revoke(lock, "Eva", 2000)


def test_more_than_a_list_holds_is_said() -> None:
    lock = known()
    made, _ = guests.make(lock, text(GUEST.public), "Eva", TERMS)
    with pytest.raises(ResourceExhausted, match="48"):
        guests.revoke(made.but(made=made.made * 49), "Eva", 1500)


def test_a_guests_key_never_looks_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    unfit = next(each for each in iter(new_keys, None) if text(each.public).startswith("-"))
    drawn = [unfit]
    monkeypatch.setattr(guests, "new_keys", lambda: drawn.pop() if drawn else new_keys())
    guest = guests.with_guest_keys(Book()).guest
    assert guest is not None
    assert not text(guest.public).startswith("-")


def test_a_guest_keeps_the_pass_that_is_his() -> None:
    own = guests.with_guest_keys(Book())
    assert own.guest is not None
    assert guests.with_guest_keys(own) == own
    signed = text(guests.make(known(), text(own.guest.public), "Eva", TERMS)[1])
    kept = guests.accept(own, signed, "Flat").find("Flat")
    assert (kept.key, kept.keys, kept.role, text(kept.shown)) == (keys("lock").public, own.guest, "guest", signed)
    for other in (Book(), guests.with_guest_keys(Book())):
        with pytest.raises(Restricted, match="another phone"):
            guests.accept(other, signed, "Flat")
    with pytest.raises(InvalidField, match="not a guest pass"):
        guests.accept(own, "AAAA", "Flat")


async def test_a_guest_shows_the_pass_first_and_then_unlocks() -> None:
    lock, signed = guests.make(known(), text(KeyPair(GUEST.private).public), "Eva", TERMS)
    door = Lock()

    def check(line: Line, event: CommandReceived) -> None:
        if event.command == "PASS":
            given = verify_pass(event.fields["pass"], event.phone_key, book(lock).but(used={lock.made[0].id: 1}), NOW)
            line.session.admit(Phone("guest", 0, given.rights))

    door.before = check
    await unlocked(Air(a=door), Known("Flat", keys("lock").public, GUEST, "guest", shown=signed), door)
    assert [name for name, _ in door.asked] == ["PASS", "UNLOCK"]


async def test_a_pass_that_does_not_hold_opens_nothing() -> None:
    door = Lock()
    door.does["PASS"] = ((results.EXPIRED, {}),)
    lost = Known("Flat", keys("lock").public, GUEST, "guest", shown=b"pass")
    with pytest.raises(LockdError, match="expired"):
        await unlocked(Air(a=door), lost, door)
    assert [name for name, _ in door.asked] == ["PASS"]
