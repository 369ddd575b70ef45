"""What a lockd that was taken over could do: tried from inside its own unit, and by root as the control."""

from __future__ import annotations

import re

from tests.pi.lock import Lock
from tests.pi.machine import Machine

#: The first seven lines of guest/probe.py.
NEEDED = {
    "read lockd.toml", "write its store", "write its run folder", "drive the chip", "read its key", "call D-Bus",
    "hear udev",
}  # fmt: skip
#: The unit as it is, but for what it runs.
DROP_IN = """
[Service]
Type=oneshot
Restart=no
ExecStart=
ExecStart=/usr/bin/python3 -I /run/rig/probe.py
StandardOutput=append:/run/rig/probe.out
"""
FOLDER = "/run/systemd/system/lockd.service.d"
#: The agent's home for probes, and a file that anybody may read who gets there.
A_HOME = "mkdir -p /home/keeper && echo open >/home/keeper/open && chmod -R a+rX /home/keeper"


def lines(said: str) -> dict[str, str]:
    return {name: outcome for name, _, outcome in (line.partition("\t") for line in said.splitlines())}


def in_the_unit(pi: Machine) -> dict[str, str]:
    """What the probe can do in lockd's place."""
    pi.run("sh", "-c", f"cat >{FOLDER}/probe.conf", stdin=DROP_IN)
    try:
        pi.sh("systemctl daemon-reload; systemctl stop lockd; rm -f /run/rig/probe.out; systemctl start lockd", 120)
        return lines(pi.sh("cat /run/rig/probe.out"))
    finally:
        pi.sh(f"rm {FOLDER}/probe.conf; systemctl daemon-reload; systemctl start lockd", 120)


def test_the_service_reaches_what_it_needs_and_nothing_else(pi: Machine, lock: Lock) -> None:
    pi.sh(A_HOME)
    control = lines(pi.sh("CREDENTIALS_DIRECTORY=/run/credentials/lockd.service python3 -I /run/rig/probe.py"))
    assert {name: said for name, said in control.items() if said != "done"} == {}, "the probe itself does not work"
    found = in_the_unit(pi)
    assert found.keys() == control.keys()
    assert {name for name, said in found.items() if said == "done"} == NEEDED, found
    print(f"\n{len(NEEDED)} of {len(found)} attempts succeed in the unit, all of them as root outside of it")
    lock.await_started()


def test_the_running_process_has_no_privilege(pi: Machine, lock: Lock) -> None:
    status = dict(line.split(":\t", 1) for line in pi.sh(f"cat /proc/{lock.pid}/status").splitlines() if ":\t" in line)
    uid = pi.sh("id -u lockd").strip()
    assert set(status["Uid"].split()) == {uid}
    assert all(int(status[sort], 16) == 0 for sort in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    gpio, own = pi.sh("getent group gpio lockd | cut -d: -f3").split()
    assert set(status["Groups"].split()) == {gpio, own}


def test_the_exposure_is_low_and_the_units_are_faultless(pi: Machine) -> None:
    said = pi.sh("systemd-analyze security --no-pager lockd", 120)
    exposure = re.search(r"Overall exposure level for lockd.service: ([\d.]+)", said)
    assert exposure is not None
    print(f"\nexposure {exposure[1]}")
    assert float(exposure[1]) <= 1.5
    verified = pi.run("systemd-analyze", "verify", "--man=no", "lockd.service", "lockd-key.service", timeout_s=120)
    assert verified.out + verified.err == ""
