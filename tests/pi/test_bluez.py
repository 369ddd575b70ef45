"""What lockd asks of bluetoothd reaches it, and whoever has none misses nothing."""

from __future__ import annotations

import pytest

from tests.pi.machine import Machine

DEBUG = "[Service]\nExecStart=\nExecStart=/usr/libexec/bluetooth/bluetoothd --debug\n"
START = "modprobe bluetooth; systemctl daemon-reload; systemctl restart bluetooth"
OWN = "/etc/bluetooth/main.conf"
#: More often than systemd starts anything again by itself (5 times in 10 s).
DIE = """
for _ in 1 2 3 4 5 6 7; do
    pid=$(systemctl show --value -p MainPID bluetooth)
    kill -9 "$pid"
    until new=$(systemctl show --value -p MainPID bluetooth); [ "$new" != 0 ] && [ "$new" != "$pid" ]
    do sleep 0.1; done
done
systemctl show --value -p NRestarts bluetooth
"""


@pytest.mark.full
def test_bluetoothd_reads_lockds_settings_behind_its_own(pi: Machine) -> None:
    pi.run("sh", "-c", "mkdir -p /run/systemd/system/bluetooth.service.d; cat >$0",
           "/run/systemd/system/bluetooth.service.d/debug.conf", stdin=DEBUG)  # fmt: skip
    before = pi.sh(f"cat {OWN}")
    pi.sh(START)
    said = pi.sh("journalctl -b -u bluetooth -o cat --no-pager")
    assert "General.ReverseServiceDiscovery = false" in said, said
    assert "GATT.Channels = 1" in said, said
    pid = pi.sh("systemctl show --value -p MainPID bluetooth").strip()
    assert pi.sh(f"cat /proc/{pid}/root{OWN}") == before + pi.sh("cat /usr/share/lockd/bluetooth.conf")
    assert pi.sh(f"cat {OWN}") == before, "the owner's file is his"
    pi.sh(f"mv {OWN} /root; {START}; systemctl is-active bluetooth; mv /root/main.conf {OWN}")


@pytest.mark.full
def test_bluetoothd_comes_back_however_often_it_dies(pi: Machine) -> None:
    pi.sh(START)
    assert pi.sh(DIE, 120).strip() == "7"
