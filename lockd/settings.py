"""lockd.toml as frozen Settings; every fault reported at once, each with its key path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lockd.settings_checks import advice, contradictions, pins
from lockd.settings_faults import Faults
from lockd.settings_reading import given, simulated, table_of, text_of
from lockd.settings_rules import AUTO, Match, Pin
from lockd.settings_schema import KEYS, RULES
from lockd.value import Value
from lockd.words import OperatingMode, PINQuality, Service

__all__ = [
    "AUTO", "BoltSettings", "DoorSettings", "FingerprintSettings", "GpioSettings", "HidSettings", "KeypadSettings",
    "LockSettings", "Match", "NfcSettings", "PanelSettings", "PhoneSettings", "Pin", "PowerSettings", "Row",
    "Settings", "StoreSettings", "TimeSettings", "UserSettings", "WaySettings", "WiegandSettings", "advise", "build",
    "describe", "load", "parse", "simulation", "wired",
]


class LockSettings(Value):
    """How the lock behaves. Those a D-Bus property changes are the values of a fresh store."""

    auto_relock_s: int = 0
    wrong_code_limit: int = 5
    wrong_code_window_s: int = 300
    wrong_code_day_limit: int = 50
    lockout_s: int = 90
    lockout_max_s: int = 3600
    pin_min: int = 6
    pin_max: int = 8
    pin_quality: PINQuality = "warn"
    duress_digit: bool = False
    require_pin_for_remote: bool = False
    expiring_timeout_min: int = 2880
    mode: OperatingMode = "Normal"


class BoltSettings(Value):
    """What moves and what reports. `travel_s`: the longest a whole throw may take; `hold_s`: how
    long a strike is energised. `forward` throws the bolt out (locks); a strike has it alone."""

    kind: Literal["motor", "strike"] = "motor"
    forward: Pin | None = None
    backward: Pin | None = None
    enable: Pin | None = None
    locked: Pin | None = None
    unlocked: Pin | None = None
    travel_s: float = 3.0
    retries: int = 2
    hold_s: float = 5.0
    latch: Pin | None = None
    latch_hold_s: float = 3.0


class DoorSettings(Value):
    """`contact` is on while the door is closed. `ajar_s`: open longer than this is ajar; 0: never."""

    contact: Pin | None = None
    ajar_s: int = 120


class KeypadSettings(Value):
    """`rows` are driven, `columns` are read. `timeout_s`: a code left unfinished is forgotten. `programming`:
    whether a ProgrammingPIN makes changes there; it is on, as a lock has no such PIN until somebody gives one."""

    kind: Literal["none", "matrix"] = "none"
    rows: tuple[Pin, ...] = ()
    columns: tuple[Pin, ...] = ()
    timeout_s: float = 10.0
    programming: bool = True


class WiegandSettings(Value):
    """The two lines of a Wiegand keypad or card reader; active low, as they leave a reader."""

    data0: Pin | None = None
    data1: Pin | None = None


class NfcSettings(Value):
    """A PN532. `port`: its serial port or I2C bus, empty: there is none; `irq` is on while it has something
    to say on I2C."""

    port: str = ""
    irq: Pin | None = None


class HidSettings(Value):
    """A keypad or card reader that is a keyboard to Linux. `device`: vendor:product, or its path; empty: none."""

    device: str = ""
    kind: Literal["keypad", "card"] = "keypad"


class FingerprintSettings(Value):
    """A sensor of the R503 family. `touch` is on while a finger lies on it. An empty port: there is none."""

    port: str = ""
    touch: Pin | None = None


class PanelSettings(Value):
    """What the lock speaks with."""

    buzzer: Pin | None = None
    green: Pin | None = None
    red: Pin | None = None


class GpioSettings(Value):
    """`backend`: the Pi's chip through lgpio, or the mock with its modelled door. `chip`: the number
    of its /dev/gpiochip, or AUTO."""

    backend: Literal["lgpio", "mock"] = "lgpio"
    chip: int | str = AUTO
    debounce_ms: int = 20


class UserSettings(Value):
    """How many fit, of `schedules` of each kind. `rule_window_s`: who needs several credentials shows
    them within this time."""

    max: int = 100
    credentials: int = 10
    schedules: int = 10
    rule_window_s: float = 30.0


class StoreSettings(Value):
    """`events`: the longest the audit trail grows. `key`: auto (a systemd credential, else a key
    file in the state folder), credential, or the path of a key file."""

    events: int = 100_000
    key: str = "auto"


class TimeSettings(Value):
    """`zone`: an IANA name, empty for the system's. `trust`: auto (RTC or NTP), or never."""

    zone: str = ""
    trust: Literal["auto", "never"] = "auto"


class PowerSettings(Value):
    """What feeds the lock, and what to make of it. `battery`: auto (every battery of this machine), none,
    or the name of the one that counts. Volts decide where they are given and the battery says no
    percentage. `…_line`: on while that outside power is there; `…_window`: the volts it has to have.
    `warn_days`: the first warning comes this long before the battery is expected to be empty."""

    battery: str = "auto"
    supplies: tuple[Match, ...] = ()
    low_percent: float = 20.0
    critical_percent: float = 10.0
    dead_percent: float = 3.0
    low_volts: float | None = None
    critical_volts: float | None = None
    dead_volts: float | None = None
    usb_line: Pin | None = None
    nine_volt_line: Pin | None = None
    generator_line: Pin | None = None
    wireless_line: Pin | None = None
    usb_window: tuple[float, float] = (4.4, 5.5)
    pd_window: tuple[float, float] = (4.4, 21.0)
    nine_volt_window: tuple[float, float] = (6.0, 10.5)
    generator_window: tuple[float, float] = (4.4, 10.5)
    wireless_window: tuple[float, float] = (4.4, 10.5)
    mains_window: tuple[float, float] = (4.4, 30.0)
    unplugged_s: float = 2.0
    stale_s: int = 3600
    keypad_timeout_s: float = 30.0
    relock: Literal["with-energy", "always", "never"] = "with-energy"
    sleep: tuple[Service, ...] = ("key-tones", "phones")
    warn_days: int = 21


class WaySettings(Value):
    """The other ways in. `key` and `thumbturn`: whether there is one; `code` and `hole`: contacts that are
    on while the code wheel stands open, or a pin is in the emergency hole. `remote`: whether somebody can
    reach the machine from afar, to open with lockctl.
    `home`: a bolt that a hand left between its ends is thrown out again when the hand is gone.
    `drill_days`: each is to be proved this often; 0: nobody is reminded."""

    key: bool = False
    thumbturn: bool = False
    code: Pin | None = None
    hole: Pin | None = None
    remote: bool = True
    home: bool = True
    drill_days: int = 180


class PhoneSettings(Value):
    """Phones over Bluetooth LE. `adapter`: hci0, …, or AUTO; `name`: what people see of the lock on the air and
    in invitations. `…_ms`: between two advertisements: `fast` while an invitation is open and in the
    first minute of emergency power, `low_battery` while the battery is low and nothing else feeds the lock."""

    enabled: bool = False
    adapter: str = AUTO
    name: str = "lockd"
    slow_ms: int = 250
    fast_ms: int = 100
    low_battery_ms: int = 1000


class Settings(Value):
    """Everything in lockd.toml."""

    lock: LockSettings = LockSettings()
    bolt: BoltSettings = BoltSettings()
    door: DoorSettings = DoorSettings()
    tamper: Pin | None = None
    inside: Pin | None = None
    spindle: Pin | None = None
    keypad: KeypadSettings = KeypadSettings()
    wiegand: WiegandSettings = WiegandSettings()
    nfc: NfcSettings = NfcSettings()
    hid: HidSettings = HidSettings()
    fingerprint: FingerprintSettings = FingerprintSettings()
    panel: PanelSettings = PanelSettings()
    gpio: GpioSettings = GpioSettings()
    users: UserSettings = UserSettings()
    store: StoreSettings = StoreSettings()
    time: TimeSettings = TimeSettings()
    power: PowerSettings = PowerSettings()
    ways: WaySettings = WaySettings()
    phone: PhoneSettings = PhoneSettings()

    @property
    def has_key(self) -> bool:
        """Whether a mechanical key opens the door: by what is said, or by a contact that feels it turn."""
        return self.ways.key or self.spindle is not None


class Row(Value):
    """One key for people. `value` and `default`: as TOML takes them, pins as numbers or tables,
    None for what is not wired."""

    path: str
    value: Any
    default: Any
    allowed: str
    meaning: str


def load(path: Path | str, simulate: bool = False) -> Settings:
    """The settings in the file. `simulate`: with the mock backend, and wired as `simulation()`
    where the file says nothing. Raises ConfigurationError with every fault."""
    return parse(text_of(Path(path)), str(path), simulate)


def parse(text: str, where: str, simulate: bool = False) -> Settings:
    """As `load`, of a text that people know as `where`."""
    return build(table_of(text, where), where, simulate)


def build(table: Mapping[str, Any], where: str, simulate: bool = False) -> Settings:
    """As `load`, of what tomllib makes of the file."""
    faults = Faults(where)
    values = given(table, faults)
    if simulate:
        values = simulated(values, faults)
    values = _values(Settings()) | values
    for fault in contradictions(values):
        if faults.paths.isdisjoint(fault.paths):
            faults.add(fault.paths[0], fault.text, RULES[fault.paths[0]].plain(values[fault.paths[0]]))
    faults.raise_any()
    return _settings(values)


def simulation() -> Settings:
    """Everything wired, to the modelled door of the mock backend."""
    return build({}, "the simulation", simulate=True)


def describe(settings: Settings) -> tuple[Row, ...]:
    """Every key, in the order of the example file."""
    now, usual = _values(settings), _values(Settings())
    return tuple(
        Row(key.path, key.rule.plain(now[key.path]), key.rule.plain(usual[key.path]), key.rule.allowed, key.meaning)
        for key in KEYS
    )


def advise(settings: Settings) -> tuple[str, ...]:
    """What works, but had better be wired otherwise, one line each."""
    return tuple(advice(_values(settings)))


def wired(settings: Settings) -> tuple[Pin, ...]:
    """Every line in use, in the order of the example file."""
    return tuple(pins(_values(settings)))


def _values(settings: Settings) -> dict[str, Any]:
    """Every path of lockd.toml with its value."""
    values = {}
    for key in KEYS:
        value: Any = settings
        for name in key.place.split("."):
            value = getattr(value, name)
        values[key.path] = value
    return values


def _settings(values: Mapping[str, Any]) -> Settings:
    """The other way round."""
    top: dict[str, Any] = {}
    for key in KEYS:
        section, _, name = key.place.partition(".")
        if name:
            top.setdefault(section, {})[name] = values[key.path]
        else:
            top[section] = values[key.path]
    usual = Settings()
    return Settings(**{n: getattr(usual, n).but(**v) if isinstance(v, dict) else v for n, v in top.items()})
