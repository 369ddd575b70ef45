"""What waits while the battery is almost empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockd.errors import InsufficientBattery
from tests.daemon.inside import inside
from tests.daemon.process import until


async def test_on_a_critical_battery_the_key_is_not_rotated_and_a_pin_still_opens(tmp_path: Path) -> None:
    async with inside(tmp_path) as lockd:
        await lockd.enrol("135790")
        lockd.daemon.hardware.door.set_battery(8.0, 4.5)
        await until(lambda: lockd.daemon.desk.get_property("org.lockd1.Power", "BatteryLevel") == "Critical")
        with pytest.raises(InsufficientBattery, match="charge it"):
            await lockd.daemon.desk.rotate_key("test")
        lockd.press("135790#")
        await lockd.until("Unlocked")
