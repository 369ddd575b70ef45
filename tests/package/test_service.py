"""What systemd, D-Bus, polkit and udev are told about lockd."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest

from lockd.cli.doctor.bluetooth import MERGED, PLAIN
from lockd.cli.doctor.store import HANDED
from lockd.dbus.names import BUS_NAME
from lockd.dbus.shape import Right
from lockd.store.keys import CREDENTIAL
from lockd.udev.library import SUBSYSTEMS
from tests.pi.rights import missing

SYSTEMD = Path(__file__).parents[2] / "systemd"
INSTALLED = dict(line.split() for line in (SYSTEMD.parent / "debian/lockd.install").read_text().splitlines())
RIGHTS = {f"{BUS_NAME}.{right}" for right in get_args(Right) if right != "any"}

#: Each closes one way. The exposure alone would not tell of one that is missing: the others keep it low, and of a
#: service that starts so early systemd-analyze does not judge them all.
CLOSED = {
    **dict.fromkeys((
        "LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges", "PrivateIPC", "PrivateUsers", "ProtectClock",
        "ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
        "ProtectKernelTunables", "RemoveIPC", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
    ), ("yes",)),
    "AmbientCapabilities": ("",), "CapabilityBoundingSet": ("",),
    "DevicePolicy": ("closed",), "DeviceAllow": ("char-gpiochip rw",),
    "IPAddressDeny": ("any",), "RestrictAddressFamilies": ("AF_UNIX AF_NETLINK",),
    "ProtectSystem": ("strict",), "PrivateTmp": ("disconnected",), "ProtectProc": ("invisible",),
    "KeyringMode": ("private",), "LimitCORE": ("0",), "UMask": ("0077",),
    "SystemCallArchitectures": ("native",), "SystemCallErrorNumber": ("EPERM",),
    "SystemCallFilter": ("@system-service", "~@privileged @resources"),
}  # fmt: skip

#: A stand-in for systemd-creds(1) that turns letters around, or that cannot.
CREDS = """#!/bin/sh
case "$1" in
encrypt) [ -z "$BROKEN" ] && base64 >"$4" ;;
decrypt) [ -z "$BROKEN" ] && base64 -d "$3" ;;
esac
"""


def unit(name: str) -> dict[str, list[str]]:
    """Every setting of the unit with its values, in order."""
    found: dict[str, list[str]] = {}
    for line in (SYSTEMD / "system" / name).read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


LOCKD = unit("lockd.service")


def words(key: str) -> set[str]:
    return {word for value in LOCKD.get(key, []) for word in value.split()}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify-reload"),
        ("WatchdogSec", "40"),
        ("Restart", "always"),
        ("StartLimitIntervalSec", "0"),
        ("User", "lockd"),
        ("StateDirectory", "lockd"),
        ("StateDirectoryMode", "0700"),
        ("RuntimeDirectory", "lockd"),
        ("Environment", "LG_WD=%t/lockd"),
        ("LoadCredentialEncrypted", CREDENTIAL),
        ("Group", "lockd"),
        ("WorkingDirectory", "%t/lockd"),
        ("RuntimeDirectoryMode", "0700"),
        ("RestartSteps", "6"),
        ("RestartMaxDelaySec", "10"),
        ("OOMScoreAdjust", "-900"),
        ("DefaultDependencies", "no"),
        ("RequiresMountsFor", "/etc/lockd"),
        ("Conflicts", "shutdown.target"),
        ("TimeoutStopSec", "10"),
    ],
)
def test_the_service_is_told(key: str, value: str) -> None:
    assert LOCKD[key] == [value]


def test_every_way_that_it_does_not_need_is_closed() -> None:
    assert {key: tuple(LOCKD.get(key, ())) for key in CLOSED} == CLOSED


def test_a_wrong_configuration_is_not_tried_again() -> None:
    assert words("RestartPreventExitStatus") == {"64", "78"}


def test_it_waits_for_nothing_that_a_pin_does_not_need() -> None:
    assert words("Wants") | words("Requires") == {"lockd-key.service", "dev-lockd-chip.device"}
    assert words("After") == {"systemd-remount-fs.service", "lockd-key.service", "dev-lockd-chip.device"}
    assert {"basic.target", "multi-user.target"} <= words("Before"), "nor do others take the processor from it"


def test_it_comes_before_what_it_does_not_wait_for() -> None:
    """Nothing that it waits for, or what it waits for waits for: systemd would break the circle somewhere."""
    first = (SYSTEMD / "system/lockd.service.d/first.conf").read_text()
    after_it = {word for line in re.findall("^Before=(.*)$", first, re.MULTILINE) for word in line.split()}
    needed = {"udevd", "udev-trigger", "tmpfiles-setup-dev", "remount-fs", "sysusers", "random-seed", "journald"}
    assert after_it
    assert not {f"systemd-{name}.service" for name in needed} & after_it
    assert not after_it & (words("After") | words("Wants"))


def test_the_preset_spares_what_lockd_needs_and_whoever_wants_in() -> None:
    preset = (SYSTEMD / "system-preset/70-lockd.preset").read_text()
    ruled = dict(reversed(line.split()) for line in preset.splitlines() if line and not line.startswith("#"))
    assert ruled.pop("lockd.service") == "enable"
    assert set(ruled.values()) == {"disable"}
    for name in ("dbus", "polkit", "bluetooth", "ssh", "NetworkManager", "systemd-timesyncd", "avahi-daemon"):
        assert f"{name}.service" not in ruled


def test_the_key_is_handed_over_anew_whenever_lockd_is_started_anew() -> None:
    """A removal takes the handed key away; the service that hands it over must not think it has done so."""
    assert unit("lockd-key.service")["PartOf"] == ["lockd.service"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "oneshot"),
        ("RemainAfterExit", "yes"),
        ("DefaultDependencies", "no"),
        ("After", "systemd-remount-fs.service"),
        ("Before", "lockd.service shutdown.target"),
        ("Conflicts", "shutdown.target"),
        # The key, whether there is a store, and what the key is sealed with.
        ("RequiresMountsFor", "/etc/lockd /var/lib/lockd /var/lib/systemd"),
        ("ReadWritePaths", "/etc/lockd /var/lib/systemd"),
        ("CapabilityBoundingSet", "CAP_DAC_READ_SEARCH"),
        ("RuntimeDirectory", "credstore.encrypted"),
        ("RuntimeDirectoryMode", "0700"),
        ("RuntimeDirectoryPreserve", "yes"),
        ("UMask", "0077"),
        ("LimitCORE", "0"),
    ],
)
def test_the_keys_service_is_told(key: str, value: str) -> None:
    assert unit("lockd-key.service")[key] == [value]


def test_the_keys_service_runs_what_is_installed() -> None:
    assert unit("lockd-key.service")["ExecStart"] == [f"/{INSTALLED['systemd/provide-key']}/provide-key"]
    assert os.access(SYSTEMD / "provide-key", os.X_OK)


def test_the_pins_are_let_go_by_a_module_that_is_there() -> None:
    (command,) = LOCKD["ExecStopPost"]
    module = command.removeprefix("/usr/bin/python3 -I -m ")
    done = subprocess.run([sys.executable, "-m", module, os.devnull], capture_output=True, check=False)
    assert done.returncode == 78


def test_the_bus_lets_lockd_have_its_name_and_speak_to_bluez_and_everybody_ask() -> None:
    policies = ElementTree.parse(SYSTEMD / "dbus" / f"{BUS_NAME}.conf").getroot().findall("policy")
    assert [(policy.attrib, [rule.attrib for rule in policy]) for policy in policies] == [
        ({"user": LOCKD["User"][0]}, [{"own": BUS_NAME}, {"send_destination": "org.bluez"}]),
        ({"context": "default"}, [{"send_destination": BUS_NAME}]),
    ]


def test_a_call_starts_the_service() -> None:
    lines = (SYSTEMD / "dbus" / f"{BUS_NAME}.service").read_text().splitlines()
    assert {f"Name={BUS_NAME}", "SystemdService=lockd.service"} <= set(lines)


def test_polkit_knows_every_right_in_words_and_gives_none_away() -> None:
    policy = ElementTree.parse(SYSTEMD / "polkit" / f"{BUS_NAME}.policy").getroot()
    actions = {action.attrib["id"]: action for action in policy.findall("action")}
    assert actions.keys() == RIGHTS
    for action in actions.values():
        assert action.findtext("description")
        assert action.findtext("message", "").endswith("password.")
        assert {allow.text for allow in action.iterfind("defaults/*")} <= {"auth_admin", "auth_admin_keep"}
        assert len(list(action.iterfind("defaults/*"))) == 3
        owner = action.find("annotate[@key='org.freedesktop.policykit.owner']")
        assert owner is not None, "else polkit answers lockd nothing about others"
        assert owner.text == f"unix-user:{LOCKD['User'][0]}"


def test_polkits_rules_name_rights_and_groups_that_there_are() -> None:
    rules = (SYSTEMD / "polkit/50-lockd.rules").read_text()
    groups = {"lockd", *re.findall(r"^g (\S+)", (SYSTEMD / "sysusers.d/lockd.conf").read_text(), re.MULTILINE)}
    assert set(re.findall(r'"(org\.lockd1\.[a-z-]+)"', rules)) <= RIGHTS
    assert set(re.findall(r'isInGroup\("(.*?)"\)', rules)) == groups - {"gpio"}


@pytest.mark.skipif(not shutil.which("node"), reason="needs an interpreter of JavaScript")
@pytest.mark.parametrize(
    ("groups", "given"),
    [
        ([], {}),
        (["gpio"], {}),
        (["lockd"], {"operate": "yes"}),
        (["lockd-admin"], {"operate": "yes", "manage": "yes", "read-log": "yes", "configure": "yes",
                           "reset": "auth_self"}),
    ],
)  # fmt: skip
def test_polkits_rules_give_each_group_its_rights(groups: list[str], given: dict[str, str]) -> None:
    program = (
        'let rule; const polkit = {Result: {YES: "yes", AUTH_SELF: "auth_self", NOT_HANDLED: ""},'
        f" addRule: it => rule = it}}; const groups = {groups};"
        f"{(SYSTEMD / 'polkit/50-lockd.rules').read_text()}"
        f"for (const id of {sorted(RIGHTS)}.concat('org.lockd10.operate', 'org.other.reset'))"
        "  console.log(id, rule({id: id}, {isInGroup: group => groups.includes(group)}))"
    )
    said = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True).stdout
    answers = dict(line.split(" ", 1) for line in said.splitlines())
    assert {id: answer for id, answer in answers.items() if answer} == {
        f"{BUS_NAME}.{right}": answer for right, answer in given.items()
    }


def test_the_user_and_the_groups_are_made() -> None:
    lines = (SYSTEMD / "sysusers.d/lockd.conf").read_text().splitlines()
    user = LOCKD["User"][0]
    assert [line.split()[:2] for line in lines if not line.startswith("#")] == [
        ["g", "gpio"], ["u", user], ["g", "lockd-admin"], ["m", user],
    ]  # fmt: skip


def test_the_chips_belong_to_a_group_the_service_is_in() -> None:
    users = (SYSTEMD / "sysusers.d/lockd.conf").read_text()
    group = re.search(r'GROUP="(\w+)"', (SYSTEMD / "udev/60-lockd.rules").read_text())
    assert group is not None
    assert re.search(rf"^m lockd +{group[1]}$", users, re.MULTILINE)


def test_the_chip_that_it_waits_for_is_the_headers_and_is_not_waited_for_long() -> None:
    """By its driver, as its number is another on each Pi: https://github.com/raspberrypi/linux/pull/6144"""
    rules = (SYSTEMD / "udev/60-lockd.rules").read_text()
    (named,) = re.findall(r'^SUBSYSTEM=="gpio", .*DRIVERS=="(.*?)", SYMLINK\+="(.*?)"$', rules, re.MULTILINE)
    drivers, link = named
    assert {"pinctrl-bcm2835", "pinctrl-rp1"} <= set(drivers.split("|"))
    assert 'TAG+="systemd"' in rules, "else systemd has no unit of it"
    device = f"dev-{link.replace('/', '-')}.device"
    assert device in words("Wants") & words("After")
    assert unit(f"{device}.d/lockd.conf") == {"JobRunningTimeoutSec": ["10"]}
    assert unit("systemd-udev-trigger.service.d/lockd.conf")["ExecStartPre"] == [
        "-udevadm trigger --action=add --subsystem-match=gpio",
    ]


def test_bluetoothd_gets_its_owners_settings_and_then_lockds_and_comes_back_however_often_it_fails() -> None:
    """Where they cannot be had (a - in front of command and path) it gets its owner's as they are."""
    ours = f"/{INSTALLED['systemd/bluetooth.conf']}/bluetooth.conf"
    assert unit("bluetooth.service.d/lockd.conf") == {
        "StartLimitIntervalSec": ["0"],
        "RestartSteps": ["7"],
        "RestartMaxDelaySec": ["10"],
        "ExecStartPre": [f"-+/bin/sh -c 'cat {PLAIN} {ours} >{MERGED}'"],
        "BindReadOnlyPaths": [f"-{MERGED}:{PLAIN}"],
    }


def test_the_store_is_the_services_alone_and_the_handed_key_roots() -> None:
    lines = (SYSTEMD / "tmpfiles.d/lockd.conf").read_text().splitlines()
    assert {tuple(line.split()) for line in lines if not line.startswith("#")} == {
        ("d", "/var/lib/lockd", "0700", "lockd", "lockd"),
        ("d", HANDED.rpartition("/")[0], "0700", "root", "root"),
    }


def test_supplies_are_told_apart_by_where_they_are_wired() -> None:
    """All that lockd watches, but for USB devices: their names (1-1.2) say in which port they are."""
    rules = (SYSTEMD / "udev/60-lockd.rules").read_text()
    told = re.search(r'^SUBSYSTEM=="(.*)", IMPORT\{builtin\}="path_id"$', rules, re.MULTILINE)
    assert told is not None
    assert {*told[1].split("|"), "usb"} == set(SUBSYSTEMS)
    triggered = re.findall(r"--subsystem-match=(\S+)", (SYSTEMD.parent / "debian/lockd.postinst").read_text())
    assert triggered == ["gpio", *told[1].split("|")], "or it would be missing until the next boot"


@pytest.mark.skipif(
    not shutil.which("systemd-analyze") or not (os.path.isdir("/run/systemd") or os.access("/run", os.W_OK)),
    reason="needs systemd-analyze, and its folder in /run",
)
@pytest.mark.parametrize(("name", "limit"), [("lockd.service", 1.5), ("lockd-key.service", 2.0)])
def test_little_is_left_for_a_service_that_was_taken_over(name: str, limit: float) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", SYSTEMD / "system" / name],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    exposure = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= limit


class Machine:
    """The places that provide-key works on."""

    def __init__(self, folder: Path) -> None:
        self.places = {name: folder / name for name in ("config_dir", "state_dir", "run_dir")}
        for place in self.places.values():
            place.mkdir()
        self.kept = self.places["config_dir"] / "lockd.key"
        self.handed = self.places["run_dir"] / "credstore.encrypted/lockd.key"
        self.handed.parent.mkdir()
        self.store = self.places["state_dir"]
        (folder / "systemd-creds").write_text(CREDS)
        (folder / "systemd-creds").chmod(0o755)
        self.path = f"{folder}:/usr/bin:/bin"

    def start(self, broken: str = "") -> str:
        """What it says."""
        environment = {f"LOCKD_{name.upper()}": str(place) for name, place in self.places.items()}
        done = subprocess.run(
            ["sh", SYSTEMD / "provide-key"], env={**environment, "PATH": self.path, "BROKEN": broken},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == ""
        return done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_start_makes_a_key_and_later_ones_keep_it(machine: Machine) -> None:
    assert machine.start() == ""
    first = machine.kept.read_bytes()
    assert machine.handed.read_bytes() == first
    machine.handed.unlink()
    assert machine.start() == ""
    assert machine.kept.read_bytes() == machine.handed.read_bytes() == first


def test_a_machine_that_makes_no_credentials_is_left_to_the_key_file(machine: Machine) -> None:
    assert "will keep its key in" in machine.start(broken="yes")
    assert list(machine.kept.parent.iterdir()) == []
    assert not machine.handed.exists()


@pytest.mark.parametrize("file", ["lockd.keys", "key"])
def test_a_store_that_has_a_key_gets_no_other_one(machine: Machine, file: str) -> None:
    (machine.store / file).touch()
    assert machine.start() == ""
    assert not machine.kept.exists()


def test_a_credential_that_cannot_be_decrypted_is_kept_and_not_handed_on(machine: Machine) -> None:
    machine.start()
    machine.handed.unlink()
    first = machine.kept.read_bytes()
    assert "cannot be decrypted" in machine.start(broken="yes")
    assert machine.kept.read_bytes() == first
    assert not machine.handed.exists()


def test_the_virtual_pi_tries_every_method_and_property_that_can_be_set() -> None:
    assert missing() == set()
