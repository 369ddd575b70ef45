"""Who may do what: polkit on the system bus, the same user on his own bus. Deny is the default."""

from __future__ import annotations

import itertools
import logging
import os
from collections import Counter
from typing import Literal, Protocol

from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.dbus.connection import CallError, Connection
from lockd.dbus.desk import Caller
from lockd.dbus.names import BUS_NAME
from lockd.dbus.shape import Right
from lockd.errors import AccessDenied, Busy

log = logging.getLogger("lockd.dbus")

#: https://polkit.pages.freedesktop.org/polkit/eggdbus-interface-org.freedesktop.PolicyKit1.Authority.html
AUTHORITY = "org.freedesktop.PolicyKit1"
AUTHORITY_PATH = "/org/freedesktop/PolicyKit1/Authority"
AUTHORITY_INTERFACE = "org.freedesktop.PolicyKit1.Authority"
ALLOW_USER_INTERACTION = 1
#: How long polkit may think; and how long, when a person is asked for a password.
ANSWER_S = 10.0
PASSWORD_S = 60.0
#: Questions about one user that may be open: he can keep them open for as long as he types no password.
MOST_OPEN_OF_A_USER = 8

PolicyWord = Literal["polkit", "same-user"]


class Policy(Protocol):
    """Says who has a right."""

    async def require(self, caller: Caller, right: Right, interactive: bool) -> None:
        """Returns if he has it, else AccessDenied; Busy when too much is open about him already.
        `interactive`: he may be asked for a password."""


def policy_for(word: PolicyWord, connection: Connection) -> Policy:
    """The policy of that name."""
    return Polkit(connection) if word == "polkit" else SameUser()


class SameUser:
    """On a bus of one's own: the user that runs lockd has every right, others none."""

    async def require(self, caller: Caller, _right: Right, _interactive: bool) -> None:
        """See Policy."""
        if caller.uid != os.getuid():
            raise AccessDenied("only the user who runs this lockd may do that")


class Polkit:
    """Asks polkit; without it only root has rights. Root is never asked about, as in polkit itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._fault = ""
        self._open: Counter[int] = Counter()

    async def require(self, caller: Caller, right: Right, interactive: bool) -> None:
        """See Policy."""
        if caller.uid == 0 or right == "any":
            return
        if self._open[caller.uid] >= MOST_OPEN_OF_A_USER:
            raise Busy("too many calls of this user wait for polkit already; try again when they are answered")
        self._open[caller.uid] += 1
        try:
            await self._ask(caller, f"{BUS_NAME}.{right}", interactive)
        finally:
            self._open -= Counter((caller.uid,))  # which drops those that are down to none

    async def _ask(self, caller: Caller, action: str, interactive: bool) -> None:
        number = f"lockd-{next(self._numbers)}"
        try:
            (answer,) = await self._connection.ask(
                _question(caller, action, interactive, number), PASSWORD_S if interactive else ANSWER_S
            )
            allowed, challenge, _details = answer
        except TimeoutError:
            self._connection.post(_authority("CancelCheckAuthorization", "s", number))
            raise AccessDenied(f"{action}: polkit did not answer in time") from None
        except (CallError, OSError, ValueError) as error:
            self._report(f"{error}")
            raise AccessDenied(f"{action}: polkit could not be asked, so only root may do that") from None
        self._fault = ""
        if challenge and not allowed:
            raise AccessDenied(f"{action}: you would have to authenticate; allow it (interactive authorization)")
        if not allowed:
            raise AccessDenied(f"{action}: {caller.by} does not have this right")

    def _report(self, fault: str) -> None:
        """One line for as long as polkit gives the same answer."""
        if fault != self._fault:
            log.warning("polkit cannot be asked, only root has rights: %s", fault)
        self._fault = fault


def _question(caller: Caller, action: str, interactive: bool, number: str) -> Message:
    subject = ["system-bus-name", {"name": Variant("s", caller.sender)}]
    flags = ALLOW_USER_INTERACTION if interactive else 0
    return _authority("CheckAuthorization", "(sa{sv})sa{ss}us", subject, action, {}, flags, number)


def _authority(member: str, signature: str, *body: object) -> Message:
    return Message(
        destination=AUTHORITY,
        path=AUTHORITY_PATH,
        interface=AUTHORITY_INTERFACE,
        member=member,
        signature=signature,
        body=list(body),
    )
