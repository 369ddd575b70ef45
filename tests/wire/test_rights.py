"""Every command with every role, and with none: one table, walked whole."""

from __future__ import annotations

from typing import get_args

import pytest

from lockd.wire.messages import ALL
from lockd.wire.rights import GRANTABLE, ISSUERS, TABLE, Role, may, may_manage

ROLES = get_args(Role)

#: Written out by hand, to be compared with the table, by the roles' first letters.
EXPECTED = {
    "UNLOCK": "oaug", "LOCK": "oaug", "STATUS": "oaug", "LOG_READ": "oa", "LOG_ACK": "oa", "USERS": "oa",
    "INVITE": "oa", "PASS": "s", "REVLIST": "oaug", "TIME_SET": "o", "CONFIG": "o", "ENROL": "i",
}  # fmt: skip


@pytest.mark.parametrize("command", [command.name for command in ALL])
@pytest.mark.parametrize("role", [*ROLES, None])
def test_command_by_role(command: str, role: Role | None) -> None:
    assert may(role, command) == (role is not None and role[0] in EXPECTED[command])


def test_the_table_has_every_command_and_no_other() -> None:
    assert set(TABLE) == {command.name for command in ALL}


@pytest.mark.parametrize("role", [*ROLES, None])
def test_what_is_not_in_the_table_is_denied(role: Role | None) -> None:
    assert not may(role, "FIRMWARE")


@pytest.mark.parametrize("role", [*ROLES, None])
@pytest.mark.parametrize("other", ROLES)
def test_who_manages_whom(role: Role | None, other: Role) -> None:
    expected = {"owner": "oaug", "admin": "ug"}.get(role or "", "")
    assert may_manage(role, other) == (other[0] in expected)


def test_no_enrolment_gives_more_than_its_enrolment() -> None:
    assert not any(may("enrolled", command.name) for command in ALL)


def test_a_pass_gives_no_more_than_a_guest_may() -> None:
    assert all(may("guest", command) for command in GRANTABLE)
    assert ISSUERS == ("owner", "admin")
