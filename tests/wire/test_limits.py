"""What strangers may take of the lock."""

from __future__ import annotations

from lockd.wire.limits import Connections, HandshakeLimit


def test_ten_failures_a_minute() -> None:
    limit = HandshakeLimit()
    for second in range(10):
        assert not limit.exceeded(second)
        limit.failed(second)
    assert limit.exceeded(9)
    assert limit.exceeded(59.9)
    assert not limit.exceeded(60)


def test_failures_without_end_take_no_more_room() -> None:
    limit = HandshakeLimit()
    for second in range(1000):
        limit.failed(second)
    assert len(limit._recent) == 10
    assert limit.exceeded(1000)
    assert not limit.exceeded(1050)


def test_three_connections() -> None:
    connections = Connections()
    assert [connections.opened(device, 0.0) for device in "abca"] == [None] * 4
    assert connections.opened("d", 1.9) == "d"
    connections.closed("b")
    assert connections.opened("d", 1.9) is None


def test_who_does_not_verify_makes_room() -> None:
    connections = Connections()
    for second, device in enumerate("abc"):
        connections.opened(device, second)
    connections.verified("a")
    assert connections.opened("d", 3.0) == "b"
    assert connections.opened("e", 3.0) == "e"
    for device in "cd":
        connections.verified(device)
    assert connections.opened("e", 100.0) == "e"


def test_one_unverified_connection_beyond_two_seconds() -> None:
    connections = Connections()
    assert connections.next_deadline() is None
    connections.opened("a", 0.0)
    assert (connections.next_deadline(), connections.overdue(100.0)) == (None, ())
    connections.opened("b", 100.0)
    connections.opened("c", 101.0)
    assert (connections.next_deadline(), connections.overdue(101.9)) == (102.0, ())
    assert connections.overdue(102.0) == ("a",)
    assert (connections.next_deadline(), connections.overdue(103.0)) == (103.0, ("b",))
    assert connections.overdue(1000.0) == ()


def test_of_those_who_say_nothing_one_may_stay_beyond_ten_seconds() -> None:
    connections = Connections()
    for second, device in enumerate("abcd"):
        connections.arrived(device, second)
        connections.arrived(device, 100.0)
    assert (connections.next_deadline(), connections.overdue(10.9)) == (11.0, ())
    connections.closed("a")
    assert connections.overdue(12.0) == ("b",)
    assert connections.overdue(1000.0) == ("c",)
    assert (connections.next_deadline(), connections.overdue(2000.0)) == (None, ())


def test_who_says_nothing_takes_no_place() -> None:
    connections = Connections()
    for device in "abcdef":
        connections.arrived(device, 0.0)
    assert [connections.opened(device, 9.0) for device in "def"] == [None] * 3
    connections.arrived("d", 9.0)
    assert connections.next_deadline() == 10.0
    for device in "def":
        connections.verified(device)
    assert connections.overdue(1000.0) == ("a", "b")


def test_who_is_here_for_something_else_may_say_nothing() -> None:
    connections = Connections()
    for device in "abc":
        connections.arrived(device, 0.0)
    for device in "abc":
        connections.excused(device)
    assert connections.overdue(1000.0) == ()


def test_who_verifies_stays() -> None:
    connections = Connections()
    for device in "abc":
        connections.opened(device, 0.0)
        connections.verified(device)
    assert (connections.next_deadline(), connections.overdue(1000.0)) == (None, ())
