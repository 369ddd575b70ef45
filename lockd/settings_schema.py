"""Every key of lockd.toml in one table: where it goes, what it may be, what it means.

Reading, faults, `lockctl config show` and the example file's test all go by `KEYS`. Defaults are
not here: they are those of the classes in settings.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, get_args

from lockd.value import Value
from lockd.words import OperatingMode

#: The lines of a Pi's header that are free to use; 0 and 1 read the EEPROM of a HAT.
FIRST_LINE, LAST_LINE = 2, 27
#: They have resistors to 3.3 V on the board, which no setting takes away.
PULLED_UP_LINES = (2, 3)

MAX_TEXT = 255
MAX_CHIP = 255

#: lockd finds out by itself.
AUTO = "auto"


class Pin(Value):
    """One GPIO line. `number`: BCM; `active`: the level that means on; `pull`: of inputs;
    `key`: the path in lockd.toml that names it."""

    number: int
    active: Literal["high", "low"] = "high"
    pull: Literal["up", "down", "none"] = "up"
    key: str = ""


class Wrong(ValueError):
    """A value that its key does not take; the text says what is wrong with it."""


class Rule(Protocol):
    """What one key may be."""

    @property
    def allowed(self) -> str:
        """What is taken, for people."""

    def read(self, raw: object, path: str) -> Any:
        """The value as Settings hold it. Raises Wrong."""

    def plain(self, value: Any) -> Any:
        """What `read` makes that value of, as short as it can be written."""


class Same(Value):
    """For rules whose values are in Settings as they are in the file."""

    def plain(self, value: Any) -> Any:
        return value


class Whole(Same):
    """A whole number; both ends are taken."""

    low: int
    high: int
    unit: str = ""

    @property
    def allowed(self) -> str:
        return f"{self.low} to {self.high} {self.unit}".rstrip()

    def read(self, raw: object, path: str) -> int:
        if not isinstance(raw, int) or isinstance(raw, bool):
            raise Wrong("not a whole number")
        if not self.low <= raw <= self.high:
            raise Wrong("out of range")
        return raw


class Seconds(Same):
    """A number of seconds; both ends are taken."""

    low: float
    high: float

    @property
    def allowed(self) -> str:
        return f"{self.low:g} to {self.high:g} seconds"

    def read(self, raw: object, path: str) -> float:
        if not isinstance(raw, int | float) or isinstance(raw, bool):
            raise Wrong("not a number")
        if not self.low <= raw <= self.high:  # nan is not either
            raise Wrong("out of range")
        return float(raw)


class Flag(Same):
    """Yes or no."""

    allowed: str = "true or false"

    def read(self, raw: object, path: str) -> bool:
        if not isinstance(raw, bool):
            raise Wrong("neither true nor false")
        return raw


class Word(Same):
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        quoted = [f'"{word}"' for word in self.words]
        return f"{', '.join(quoted[:-1])} or {quoted[-1]}"

    def read(self, raw: object, path: str) -> str:
        if _text(raw) not in self.words:
            raise Wrong("unknown word")
        return str(raw)


class Chip(Same):
    """A GPIO chip by its number, or whichever is the header's."""

    allowed: str = f'"auto" or a number from 0 to {MAX_CHIP}'

    def read(self, raw: object, path: str) -> int | str:
        if raw == AUTO:
            return AUTO
        if not isinstance(raw, int) or isinstance(raw, bool):
            raise Wrong("neither a known word nor a whole number")
        if not 0 <= raw <= MAX_CHIP:
            raise Wrong("out of range")
        return raw


class KeySource(Same):
    """Where the store's key comes from."""

    allowed: str = '"auto", "credential" or the absolute path of a key file'

    def read(self, raw: object, path: str) -> str:
        source = _text(raw)
        if source not in ("auto", "credential") and not source.startswith("/"):
            raise Wrong("neither a known word nor an absolute path")
        if len(source) > MAX_TEXT or not source.isprintable():
            raise Wrong("no path of a file")
        return source


class Zone(Same):
    """A time zone that this machine knows."""

    allowed: str = 'an IANA name such as "Europe/Berlin", or "" for the machine\'s own'

    def read(self, raw: object, path: str) -> str:
        zone = _text(raw)
        if zone:
            import zoneinfo  # costs as much as the rest of this module, and is seldom needed

            try:
                zoneinfo.ZoneInfo(zone)
            except (OSError, ValueError, LookupError):
                raise Wrong("no time zone that this machine knows (package tzdata)") from None
        return zone


class Output(Value):
    """A line that lockd drives."""

    active: Literal["high", "low"] = "high"

    @property
    def allowed(self) -> str:
        return f'a BCM number from {FIRST_LINE} to {LAST_LINE}, or {{ pin = N, active = "high" or "low" }}'

    def read(self, raw: object, path: str) -> Pin:
        table = _pin_table(raw, ("pin", "active"))
        active = _pin_word(table, "active", self.active, ("high", "low"))
        return Pin(_line(table.get("pin")), active, "none", path)  # type: ignore[arg-type]

    def plain(self, value: Pin | None) -> Any:
        usual = value is None or value.active == self.active
        return value and (value.number if usual else {"pin": value.number, "active": value.active})


class Input(Value):
    """A line that lockd reads. A switch to ground unless it is told otherwise: on is low, and a
    resistor to 3.3 V holds the line up while the switch is open."""

    @property
    def allowed(self) -> str:
        return (
            f"a BCM number from {FIRST_LINE} to {LAST_LINE}, or"
            ' { pin = N, active = "low" or "high", pull = "up", "down" or "none" }'
        )

    def read(self, raw: object, path: str) -> Pin:
        table = _pin_table(raw, ("pin", "active", "pull"))
        number = _line(table.get("pin"))
        active = _pin_word(table, "active", "low", ("low", "high"))
        usual = "up" if active == "low" else "down"
        pull = _pin_word(table, "pull", usual, ("up", "down", "none"))
        if number in PULLED_UP_LINES and pull != "up":
            raise Wrong(f"GPIO {number} is always pulled up on the board; take another line")
        return Pin(number, active, pull, path)  # type: ignore[arg-type]

    def plain(self, value: Pin | None) -> Any:
        usual = value is None or (value.active, value.pull) == ("low", "up")
        return value and (value.number if usual else {"pin": value.number, "active": value.active, "pull": value.pull})


class Lines(Value):
    """Several lines in their order, each as the rule `each` reads it."""

    counts: tuple[int, ...]
    each: Input | Output

    @property
    def allowed(self) -> str:
        return f"a list of {' or '.join(map(str, self.counts))}, each {self.each.allowed}"

    def read(self, raw: object, path: str) -> tuple[Pin, ...]:
        if not isinstance(raw, list):
            raise Wrong("not a list")
        if len(raw) not in self.counts:
            raise Wrong(f"a list of {len(raw)}")
        return tuple(self.each.read(line, f"{path}[{index}]") for index, line in enumerate(raw))

    def plain(self, value: tuple[Pin, ...]) -> Any:
        return [self.each.plain(pin) for pin in value] or None


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise Wrong("not a string")
    return raw


def _line(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise Wrong("no pin number")
    if number in (0, 1):
        raise Wrong(f"GPIO {number} is kept for the EEPROM of a HAT")
    if not FIRST_LINE <= number <= LAST_LINE:
        raise Wrong("no line of the header")
    return number


def _pin_table(raw: object, keys: tuple[str, ...]) -> Mapping[str, object]:
    if isinstance(raw, dict):
        if not raw.keys() <= set(keys):
            raise Wrong(f"a pin's table takes only {', '.join(keys)}")
        return raw
    return {"pin": raw}


def _pin_word(table: Mapping[str, object], key: str, usual: str, words: tuple[str, ...]) -> str:
    word = table.get(key, usual)
    if word not in words:
        raise Wrong(f"{key} is not {Word(words).allowed}")
    return str(word)


class Key(Value):
    """One key. `path`: "section.key" as in the file; `meaning`: for people; `field`: its place
    in Settings, where that is not its path."""

    path: str
    rule: Rule
    meaning: str
    field: str = ""

    @property
    def place(self) -> str:
        """Where in Settings it is: "section.name", or "name"."""
        return self.field or self.path


KEYS = (
    Key("lock.auto_relock_s", Whole(0, 86400, "seconds"), "Lock again this long after unlocking; 0: never."),
    Key("lock.wrong_code_limit", Whole(1, 255), "So many wrong codes within the window start a lockout."),
    Key("lock.wrong_code_window_s", Whole(10, 86400, "seconds"), "A wrong code older than this is forgotten."),
    Key("lock.lockout_s", Whole(1, 255, "seconds"), "The first lockout; each further one is twice as long."),
    Key("lock.lockout_max_s", Whole(1, 86400, "seconds"), "No lockout is longer than this."),
    Key("lock.pin_min", Whole(4, 10, "digits"), "The shortest PIN."),
    Key("lock.pin_max", Whole(4, 10, "digits"), "The longest PIN."),
    Key("lock.require_pin_for_remote", Flag(), "Whether locking and unlocking over D-Bus need a PIN too."),
    Key("lock.expiring_timeout_min", Whole(1, 2880, "minutes"), "How long an expiring user lasts after the first use."),
    Key("lock.mode", Word(get_args(OperatingMode)), "The operating mode of a fresh lock."),
    Key("bolt.kind", Word(("motor", "strike")), "A motor on an H-bridge, or an electric strike."),
    Key("bolt.forward", Output(), "Throws the bolt out; for a strike: energises it."),
    Key("bolt.backward", Output(), "Draws the bolt in; a strike has none."),
    Key("bolt.enable", Output(), "The H-bridge's enable input, where it is not wired to on."),
    Key("bolt.locked", Input(), "On while the bolt is fully out."),
    Key("bolt.unlocked", Input(), "On while the bolt is fully in."),
    Key("bolt.travel_s", Seconds(0.1, 30), "The longest that a whole throw may take."),
    Key("bolt.retries", Whole(0, 10), "How often a throw that did not arrive is tried again."),
    Key("bolt.hold_s", Seconds(0.1, 60), "How long a strike is energised."),
    Key("bolt.latch", Output(), "Pulls the latch, on doors that have one."),
    Key("bolt.latch_hold_s", Seconds(0.1, 60), "How long the latch is pulled."),
    Key("door.contact", Input(), "On while the door is closed."),
    Key("door.ajar_s", Whole(0, 86400, "seconds"), "A door open longer than this is ajar; 0: never."),
    Key("tamper.contact", Input(), "On while the outer cover is off.", "tamper"),
    Key("inside.button", Input(), "On while the button on the inside is pressed; it unlocks in every mode.", "inside"),
    Key("spindle.contact", Input(), "On while a key turns in the cylinder.", "spindle"),
    Key("keypad.kind", Word(("none", "matrix")), "Which keypad there is."),
    Key("keypad.rows", Lines((4,), Output("low")), "The keypad's rows from top to bottom; lockd drives them."),
    Key("keypad.columns", Lines((3, 4), Input()), "Its columns from left to right; lockd reads them."),
    Key("keypad.timeout_s", Seconds(1, 120), "A code left unfinished this long is forgotten."),
    Key("panel.buzzer", Output(), "A buzzer that sounds by itself while it is on."),
    Key("panel.green", Output(), "The green lamp."),
    Key("panel.red", Output(), "The red lamp."),
    Key("gpio.backend", Word(("lgpio", "mock")), "The Pi's own lines, or a modelled door without any hardware."),
    Key("gpio.chip", Chip(), "Which /dev/gpiochip has the header's lines; auto finds it by its label."),
    Key("gpio.debounce_ms", Whole(0, 500, "milliseconds"), "A contact counts once it has been still this long."),
    Key("users.max", Whole(1, 10000), "How many users fit."),
    Key("users.credentials", Whole(1, 100), "How many credentials one user may have."),
    Key("store.events", Whole(100, 10_000_000), "How many entries the audit trail keeps before the oldest go."),
    Key("store.key", KeySource(), "The key that seals the store: a systemd credential, else a file in the state"
        " folder (auto); the credential alone; or the file at this path."),
    Key("time.zone", Zone(), "The time zone of schedules, which are still to come."),
    Key("time.trust", Word(("auto", "never")), "Whether a battery-backed clock or NTP makes the time trusted."),
)

#: The rule of each path.
RULES = {key.path: key.rule for key in KEYS}
SECTIONS = tuple(dict.fromkeys(path.partition(".")[0] for path in RULES))
