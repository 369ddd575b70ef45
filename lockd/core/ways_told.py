"""The other ways in for whoever asks: how to use each, when it was proved, and what is against it now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockd.core.access import IN_WORDS, SHUT
from lockd.core.instant import Instant
from lockd.core.parts import Parts
from lockd.core.people import People
from lockd.core.ways import PLUGS
from lockd.words import CredentialType, Service, Source

#: How to use each.
TEXTS: dict[str, str] = {
    "usb": "Plug a power bank into the USB-C port, wait for the sign, and type the PIN.",
    "9v": "Hold a 9 V battery to its contacts until the bolt has moved, and type the PIN meanwhile.",
    "generator": "Turn the generator's handle, and type the PIN while it gives power.",
    "wireless": "Hold a phone that shares its power to the lock, and type the PIN.",
    "key": "Turn the mechanical key in the cylinder.",
    "code": "Set the mechanical code on its wheel, and turn it.",
    "hole": "Push a pin into the emergency hole.",
    "spare-pin": "Type another PIN than the usual one.",
    "granted-code": "Ask whoever holds the issuing key for a code, and type it.",
    "phone": "Unlock with a phone that the lock knows, close to it.",
    "remote": "Ask somebody with the right to unlock from afar: lockctl unlock, over ssh say.",
}
#: As what each is recorded that convinces lockd, and needs its power and its motor.
SOURCES: dict[str, Source] = {
    "spare-pin": "Keypad", "granted-code": "Keypad", "phone": "ProprietaryRemote", "remote": "Remote",
}  # fmt: skip
#: What has to be awake for some of them.
SERVICES: dict[str, Service] = {"phone": "phones", "remote": "bus"}


def listed(parts: Parts, asleep: frozenset[Service], radio: bool, at: Instant) -> list[dict[str, Any]]:
    """With the keys of dbus/names.py's WAY_FIELDS. `asleep`: to save power; `radio`: whether phones find an adapter."""
    ways = parts.ways
    against = ((way, next(_against(way, parts, asleep, radio, at), "")) for way in ways.there)
    return [
        {"way": way, "ready": not why, "why": why, "proved": ways.proved.get(way, 0),
         "overdue": ways.overdue(way, at), "text": TEXTS[way]}
        for way, why in against
    ]  # fmt: skip


def _against(way: str, parts: Parts, asleep: frozenset[Service], radio: bool, at: Instant) -> Iterator[str]:
    """Why it would not work now, as far as that can be told."""
    people, mode = parts.registry.people, parts.registry.mode
    if way in _faulty(parts):
        yield "what is plugged in there is not what it should be"
    if way == "spare-pin" and _able(people, "PIN") < 2:
        yield "nobody has a second PIN"
    if way == "granted-code" and at.trust != "Trusted":
        yield "the clock is not known to be right: lockctl time set"
    if way == "phone" and not _able(people, "Phone"):
        yield "nobody who is enabled has a phone"
    if way == "phone" and not radio:
        yield "Bluetooth does not work: lockctl doctor"
    if SERVICES.get(way) in asleep:
        yield "it sleeps, to save power"
    if SOURCES.get(way) in SHUT[mode]:
        yield IN_WORDS[mode]
    if way in SOURCES and parts.lacks("Unlock") is not None:
        yield "there is not enough power to move the bolt"


def _faulty(parts: Parts) -> set[str | None]:
    """Ways with something at them that cannot be used."""
    ports = parts.feed.supply.ports.values()
    return {PLUGS.get(port.source) for port in ports if port.fault or port.flapping}


def _able(people: People, kind: CredentialType) -> int:
    """How many credentials of this kind belong to users who are enabled."""
    users = (people.users.get(people.credentials[kind, index].user) for index in people.places_of(kind))
    return sum(user is not None and user.status == "OccupiedEnabled" for user in users)
