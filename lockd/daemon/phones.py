"""Phones at the lock: who has one, who is invited, and the Bluetooth side that they come by.

A phone is a credential of type Phone of a user, whose data is its public key. What it wants becomes the same
events as at the keypad, with the source ProprietaryRemote.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from lockd.ble.advert import Spec
from lockd.ble.link import Connect
from lockd.ble.service import Service
from lockd.core.effects import Write
from lockd.core.events import CredentialCleared, CredentialSet, Denied, Event, Noted
from lockd.core.roster import credentials_supported
from lockd.daemon.phone_book import Known, PhoneBook, kind_of
from lockd.daemon.phone_commands import Asked, Commands, Shared
from lockd.errors import Busy, Duplicate, Failure, InvalidField, LockdError, NotFound, Restricted
from lockd.settings import Settings
from lockd.wire import results
from lockd.wire.enrolment import LASTS_S, Invitations, Offer, write_uri
from lockd.wire.errors import MessageError, PassRefused
from lockd.wire.events import Closed, CommandReceived, Opened
from lockd.wire.limits import HandshakeLimit
from lockd.wire.noise import KEY, KeyPair
from lockd.wire.rights import Role
from lockd.wire.session import LockEnd, LockSession, Phone

log = logging.getLogger("lockd.phones")

INTERFACE = "org.lockd1.Phones"
ASLEEP = "asleep while power is short"
#: Who feeds the lock so stands at the door.
RESCUES = ("EmergencyUsb", "Emergency9V")
#: The inside button counts as held for so long after it was let go, as one has two hands for all this.
HELD_S = 30.0
#: So long after emergency power has come phones find the lock fast.
HASTE_S = 60.0


class Phones:
    """`connect` gives a connection to BlueZ's bus; `shared`: what the commands work with; `submit`: to the
    core; `changed`: tell of new property values; `told`: `trouble` may have changed; `spawn`: do this beside.
    `held`: seconds since the inside button was pressed last (0: it is now; None: there is none)."""

    def __init__(
        self, connect: Connect, settings: Settings, shared: Shared, submit: Callable[[Event], None],
        changed: Callable[[str, Mapping[str, Any]], None], told: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None], held: Callable[[], float | None],
    ) -> None:  # fmt: skip
        self._settings, self._with = settings, shared
        self._submit, self._changed, self._told, self._spawn, self._held = submit, changed, told, spawn, held
        self._asleep = False
        self._rescued_at: float | None = None  # when emergency power was first seen
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._invitations = Invitations(shared.book.used)
        self._names: dict[bytes, str] = {}  # of the new user that an invitation makes
        book, lock = shared.book, shared.lock
        end = LockEnd(
            shared.keys, os.urandom, lambda key: book.who(key, lock.people), self._invitations, HandshakeLimit()
        )  # fmt: skip
        self._service = Service(connect, end, settings.phone.adapter, self)
        self._commands = Commands(shared, self)
        self._properties: Mapping[str, Any] = self.properties()

    @property
    def trouble(self) -> str:
        """Why no phone can come in, in a line for people; empty: they can."""
        return ASLEEP if self._asleep else self._service.trouble

    def properties(self) -> Mapping[str, Any]:
        """org.lockd1.Phones."""
        return {"Advertising": self._service.advertising, "AdapterPresent": self._service.present}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            self.refresh()
            await self._service.run()
        finally:
            for timer in self._timers.values():
                timer.cancel()

    def sleep(self, asleep: bool) -> None:
        """Switch the radio's work off while power is short, or on again."""
        if asleep != self._asleep:
            self._asleep = asleep
            self.refresh()
            self._told()

    def refresh(self) -> None:
        """Advertise as it is fit now."""
        phone, at = self._settings.phone, self._with.clock.now()
        power, inviting = self._with.lock.power(at), self._invitations.current(at.mono) is not None
        interval_ms = phone.slow_ms
        rescued = power["SessionActive"] or power["Source"] in RESCUES
        if inviting or self._hastens(rescued, at.mono):
            interval_ms = phone.fast_ms
        elif power["BatteryLevel"] in ("Low", "Critical", "Dead") and not rescued:
            interval_ms = phone.low_battery_ms
        self._service.advertise(None if self._asleep else Spec(interval_ms, inviting, phone.name))

    def _hastens(self, rescued: bool, at: float) -> bool:
        """Whether emergency power has just come: somebody stands at the door."""
        if not rescued:
            self._rescued_at = None
        elif self._rescued_at is None:
            self._rescued_at = at
            self._refresh_in("rescue", HASTE_S)
        return self._rescued_at is not None and at < self._rescued_at + HASTE_S

    def _refresh_in(self, why: str, seconds: float) -> None:
        if why in self._timers:
            self._timers[why].cancel()
        self._timers[why] = asyncio.get_running_loop().call_later(seconds + 0.1, self.refresh)

    def recorded(self) -> None:
        """The trail has grown: phones may wait for that."""
        self._commands.recorded()

    def look(self) -> None:
        """Somebody's rights have changed: a phone that has lost its own goes at once."""
        for device, session in tuple(self._service.sessions.items()):
            if session.verified and not self._stands(session):
                self._service.close(device, results.REVOKED)

    def _stands(self, session: LockSession) -> bool:
        if session.phone.role in ("invited", "enrolled"):
            return True
        if session.phone.role == "guest" and session.phone.rights is not None:
            return self._commands.holds(session)
        return self._with.book.who(session.phone_key, self._with.lock.people) == session.phone

    # org.lockd1.Phones ------------------------------------------------------------------------------

    def create_invite(self, fields: Mapping[str, Any], by: str) -> tuple[str, str]:
        """The URI to be shown as a QR code, and the invitation's number."""
        role: Role = fields.get("role", "user")
        if role == "owner":
            self._expect_first_owner_inside()
        made = self.invite(role, fields.get("user", 0), fields.get("name", ""))
        self._submit(Noted("phone-invited", by))
        return made

    def cancel_invite(self, number: str) -> None:
        """NotFound: it is not open."""
        try:
            found = self._invitations.cancel(bytes.fromhex(number))
        except ValueError:
            raise InvalidField("id: not the number of an invitation.") from None
        if not found:
            raise NotFound(f"There is no open invitation {number}.")
        self.refresh()

    def listed(self) -> list[dict[str, Any]]:
        """Every phone, by user; those of guests, who have opened with a pass, are its issuer's."""
        connected = {session.phone_key for session in self._service.sessions.values()}
        living = self._with.book.living(self._with.lock.people)
        rows = [
            {"id": known.id, "label": known.label, "role": known.role, "user": user, "index": index,
             "created": known.since, "connected": known.key in connected}
            for known, user, index in living
        ]  # fmt: skip
        issuers = {known.sign: user for known, user, _ in living}
        rows += [
            {"id": guest.id, "label": "", "role": "guest", "user": issuers[guest.issuer], "index": 0,
             "created": guest.since, "connected": guest.guest in connected}
            for guest in self._commands.guests()
        ]  # fmt: skip
        return sorted(rows, key=lambda row: (row["user"], row["role"] == "guest", row["index"]))

    async def revoke(self, number: str, by: str) -> None:
        """Remove its credential, and its user if it was his last one; a guest's passes are void from now on."""
        living = self._with.book.living(self._with.lock.people)
        found = next(((known, index) for known, _, index in living if known.id == number), None)
        if found is None:
            await self._bar_seen(number, by)
            return
        known, index = found
        await self._ask(lambda request: CredentialCleared("Phone", index, request, by))
        self.look()
        gone = self._with.book.drop(known)
        await self._ask(lambda request: Noted("phone-revoked", by, request=request, writes=(gone,)))

    async def _bar_seen(self, number: str, by: str) -> None:
        found = next((each.guest for each in self._commands.guests() if each.id == number), None)
        if found is None:
            raise NotFound(f"There is no phone {number}: see `lockctl phone list`.")
        await self.bar(found, by)

    async def bar(self, number: bytes, by: str) -> None:
        """Void from now on, whether the lock has seen it yet or not: every pass of a guest, by his key, or the one
        with this number."""
        if self._with.book.who(number, self._with.lock.people) is not None:
            raise InvalidField(f"id: the key of an enrolled phone: `lockctl phone revoke {number[:6].hex()}`.")
        await self._commands.make_void(
            lambda book: book.with_barred(number), f"{kind_of(number)}-barred", by, number.hex()
        )  # fmt: skip

    async def unbar(self, number: bytes, by: str) -> None:
        """What was barred by mistake holds again."""
        await self._commands.make_void(
            lambda book: book.without_barred(number), f"{kind_of(number)}-unbarred", by, number.hex()
        )  # fmt: skip

    def barred(self) -> list[dict[str, Any]]:
        """Guests and passes, the latest last."""
        return [{"id": number.hex(), "kind": kind_of(number)} for number in self._with.book.void.barred]

    async def forget(self, by: str) -> None:
        """After everybody was: no invitation holds any more. The lock stays who it is."""
        current = self._invitations.current(self._with.clock.now().mono)
        if current is not None:
            self._invitations.cancel(current.id)
        dead = self._with.book.drop_dead(self._with.lock.people)
        await self._ask(lambda request: Noted("phones-forgotten", by, request=request, writes=dead))
        self.refresh()

    # Invitations ------------------------------------------------------------------------------------

    def invite(self, role: Role, user: int, name: str) -> tuple[str, str]:
        """The URI and the number of an invitation that is open from now on, in place of any other."""
        if user and user not in self._with.lock.people.users:
            raise NotFound(f"There is no user {user}.")
        refusal = self._with.lock.management_refusal
        if refusal is not None:
            raise refusal
        number, psk = os.urandom(8), os.urandom(KEY)
        self._names = {number: name}
        self._invitations.open(number, psk, role, user, self._with.clock.now().mono)
        self.refresh()
        self._refresh_in("invitation", LASTS_S)
        offer = Offer(self._with.keys.public, psk, number, self._settings.phone.name)
        return write_uri(offer), number.hex()

    def _expect_first_owner_inside(self) -> None:
        """Whoever can reach D-Bus is not yet whoever lives here."""
        living = self._with.book.living(self._with.lock.people)
        held = self._held()
        if any(known.role == "owner" for known, _, _ in living) or held is None or held <= HELD_S:
            return
        raise Restricted("The first owner is invited from inside (not-inside): press the inside button, then try"
                         " again at once.", "not-inside")

    async def enrol(self, asked: Asked) -> Mapping[str, Any]:
        """Take the phone in that holds the invitation. Its own row is written first, and is worth nothing
        until its credential is there."""
        taken, key = asked.session.invitation, asked.session.phone_key
        if taken is None:
            raise Failure("The session is over.")
        label = asked.fields["label"]
        if not label.isprintable():
            raise InvalidField("label: not to be printed.")
        people, book = self._with.lock.people, self._with.book
        if book.who(key, people) is not None:
            raise Duplicate("This phone is enrolled already.")
        digest = await self._with.digests.digest_data("ProprietaryRemote", "Phone", key)
        if not digest:
            raise Busy("The key could not be prepared now (busy): try again.", "busy")
        now = self._with.clock.now().wall // 1_000_000
        by, dead = f"invitation {taken.id.hex()}", book.drop_dead(people)
        known = Known(book.free, key, asked.fields["sign"], digest, taken.role, label, now)
        rows: tuple[Write, ...] = (*dead, book.remember(self._invitations.used), known.row)
        await self._ask(lambda request: Noted("phone-enrolled", by, request=request, writes=rows))
        book.add(known)
        try:
            user = await self._credential(known, taken.user, self._names.get(taken.id) or label, by)
        except LockdError:
            book.drop(known)
            raise
        return {"role": known.role, "user": user}

    async def _credential(self, known: Known, user: int, name: str, by: str) -> int:
        """The user whose it is."""
        most = credentials_supported(self._settings.users)
        index = self._with.lock.people.places_of("Phone").free(most)
        fields = {} if user else {"user_name": name}
        owner: int
        owner, _ = await self._ask(
            lambda request: CredentialSet("Add", "Phone", index or most, user, known.digest, fields, request, by)
        )  # fmt: skip
        return owner

    def admit(self, session: LockSession, phone: Phone) -> None:
        """The pass that a stranger has shown holds."""
        for device, live in self._service.sessions.items():
            if live is session:
                self._service.admit(device, session, phone)
                return

    # What the Bluetooth side says (ble.service.Counter) ---------------------------------------------

    def opened(self, _session: LockSession, opened: Opened) -> None:
        """An invitation that was taken is not advertised any more."""
        if opened.role == "invited":
            self.refresh()

    def asked(self, device: str, session: LockSession, command: CommandReceived) -> None:
        """Carry it out, and answer."""
        self._spawn(self._carry_out(device, session, command))

    def ended(self, _session: LockSession, closed: Closed) -> None:
        """Every try leaves a trace, and a flood of them a count."""
        if not closed.verified:
            self._submit(Denied("a phone that is not known", f"ble: {results.NAMES[closed.code]}"))
        self.refresh()

    def told(self) -> None:
        """Adapter, advertisement or what is in the way."""
        now = self.properties()
        if now != self._properties:
            self._properties = now
            self._changed(INTERFACE, now)
        self._told()

    async def _carry_out(self, device: str, session: LockSession, command: CommandReceived) -> None:
        def answer(result: int, fields: Mapping[str, Any] = {}) -> None:
            self._service.reply(device, session, command.id, result, fields)

        asked = Asked(
            session, command.fields, command.role, self._by(session), lambda: answer(results.ACCEPTED)
        )  # fmt: skip
        try:
            fields = await self._commands.carry_out(command.command, asked)
            answer(results.COMPLETE, fields)
        except LockdError as error:
            answer(self._commands.result_of(error))
        except PassRefused as refused:
            answer(refused.code)
        except MessageError as error:  # an answer that does not fit: ours, not theirs
            log.error("%s could not be answered: %s", command.command, error)
            answer(results.INTERNAL)

    def _by(self, session: LockSession) -> str:
        known = self._with.book.find(session.phone_key)
        return f"phone {known.label}" if known is not None else f"phone {session.phone_key[:6].hex()}"

    async def _ask(self, event: Callable[[int], Event]) -> Any:
        return await self._with.desk.ask(event, lambda: None)


def lock_keys(book: PhoneBook) -> tuple[KeyPair, Noted | None]:
    """The lock's own key; a new one comes with the event that makes it durable."""
    if book.private:
        return KeyPair(book.private), None
    private = os.urandom(KEY)
    return KeyPair(private), Noted("phone-key-made", writes=(book.new_key(private),))
