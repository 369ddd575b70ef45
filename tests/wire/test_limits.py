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


def test_who_only_connects_is_in_nobodys_way() -> None:
    connections = Connections()
    for second, device in enumerate("abcd"):
        connections.arrived(device, second)
    assert [connections.opened(device, 4.0) for device in "efg"] == [None] * 3
    for device in "efg":
        connections.verified(device)
        connections.arrived(device, 4.0)
    assert connections.overdue(4.0) == ("a", "b")
    assert connections.overdue(6.0) == ("c",)
    assert connections.overdue(1000.0) == ()
    assert connections.opened("d", 1000.0) == "d", "there are three"


def test_who_is_here_for_something_else_may_stay_until_he_speaks() -> None:
    connections = Connections()
    for device in "abc":
        connections.arrived(device, 0.0)
    connections.opened("b", 0.0)
    for device in "ab":
        connections.excused(device)
    assert connections.overdue(1000.0) == ("b",)


def test_who_speaks_late_had_his_time() -> None:
    connections = Connections()
    connections.arrived("a", 0.0)
    for device in "abc":
        assert connections.opened(device, 3.0) is None
    assert connections.opened("d", 3.0) == "a"


def test_who_verifies_stays() -> None:
    connections = Connections()
    for device in "abc":
        connections.opened(device, 0.0)
        connections.verified(device)
    assert (connections.next_deadline(), connections.overdue(1000.0)) == (None, ())
