"""The GATT names are frozen."""

from __future__ import annotations

from uuid import UUID

from lockd.wire import uuids


def test_one_base_drawn_by_chance() -> None:
    names = [uuids.SERVICE, uuids.RX, uuids.TX, uuids.INFO, uuids.ENROLMENT]
    assert [name[4:8] for name in names] == ["0001", "0002", "0003", "0004", "0101"]
    assert {name[:4] + name[8:] for name in names} == {"b0c7-94d2-4646-b4bc-015e7301b63e"}
    assert all(UUID(name).version == 4 and str(UUID(name)) == name for name in names)
