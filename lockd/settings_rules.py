"""What one key of lockd.toml may be: numbers, words, lines of the header, rules for supplies.

Every rule reads what TOML gives into what Settings hold, and back; what it allows, it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from lockd.value import Value
from lockd.words import PowerSource

#: The lines of a Pi's header that are free to use; 0 and 1 read the EEPROM of a HAT.
FIRST_LINE, LAST_LINE = 2, 27
#: They have resistors to 3.3 V on the board, which no setting takes away.
PULLED_UP_LINES = (2, 3)

MAX_TEXT = 255
MAX_CHIP = 255
#: Rules for supplies, and udev properties in one.
MATCHES_MAX = 16

HEX_DIGITS = frozenset("0123456789abcdefABCDEF")

#: lockd finds out by itself.
AUTO = "auto"


class Pin(Value):
    """One GPIO line. `number`: BCM; `active`: the level that means on; `pull`: of inputs;
    `key`: the path in lockd.toml that names it."""

    number: int
    active: Literal["high", "low"] = "high"
    pull: Literal["up", "down", "none"] = "up"
    key: str = ""


class Match(Value):
    """Supplies whose udev properties are all these are `source` to the lock; "ignore": none of its
    business. `properties`: pairs of name and value, a `*` in a value standing for anything."""

    properties: tuple[tuple[str, str], ...]
    source: PowerSource | Literal["ignore"]


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
        quoted = [*map(_quoted, self.words)]
        return f"{', '.join(quoted[:-1])} or {quoted[-1]}"

    def read(self, raw: object, path: str) -> str:
        if _text(raw) not in self.words:
            raise Wrong("unknown word")
        return str(raw)


class Number(Same):
    """A number with a unit; both ends are taken."""

    low: float
    high: float
    unit: str

    @property
    def allowed(self) -> str:
        return f"{self.low:g} to {self.high:g} {self.unit}"

    def read(self, raw: object, path: str) -> float:
        if not isinstance(raw, int | float) or isinstance(raw, bool):
            raise Wrong("not a number")
        if not self.low <= raw <= self.high:  # nan is not either
            raise Wrong("out of range")
        return float(raw)


class Window(Value):
    """A lower and an upper limit."""

    each: Number

    @property
    def allowed(self) -> str:
        return f"[LEAST, MOST], each {self.each.allowed}"

    def read(self, raw: object, path: str) -> tuple[float, float]:
        if not isinstance(raw, list) or len(raw) != 2:
            raise Wrong("not a list of two")
        low, high = (self.each.read(end, path) for end in raw)
        if low >= high:
            raise Wrong("the least is not below the most")
        return low, high

    def plain(self, value: tuple[float, float]) -> Any:
        return list(value)


class Words(Value):
    """A list of some of a few words."""

    each: Word

    @property
    def allowed(self) -> str:
        return f"a list of {self.each.allowed}; [] for none"

    def read(self, raw: object, path: str) -> tuple[str, ...]:
        if not isinstance(raw, list):
            raise Wrong("not a list")
        return tuple(dict.fromkeys(self.each.read(word, path) for word in raw))

    def plain(self, value: tuple[str, ...]) -> Any:
        return list(value)


class Name(Same):
    """A device's name, or a word that stands for some."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return f"{', '.join(map(_quoted, self.words))} or the name of a device in /sys/class/power_supply"

    def read(self, raw: object, path: str) -> str:
        name = _text(raw)
        if not name or len(name) > MAX_TEXT or not name.isprintable() or "/" in name:
            raise Wrong("no name of a device")
        return name


class AdapterName(Same):
    """A Bluetooth adapter."""

    allowed: str = '"auto" or the name of an adapter ("hci0")'

    def read(self, raw: object, path: str) -> str:
        name = _text(raw)
        if name != AUTO and not (name.startswith("hci") and name[3:].isascii() and name[3:].isdecimal()):
            raise Wrong("no name of a Bluetooth adapter")
        return name


class Title(Same):
    """A short text for people. `most`: bytes in UTF-8."""

    most: int

    @property
    def allowed(self) -> str:
        return f"text of 1 to {self.most} bytes"

    def read(self, raw: object, path: str) -> str:
        text = _text(raw)
        if not 1 <= len(text.encode()) <= self.most or not text.isprintable():
            raise Wrong("too long, or not to be printed")
        return text


class Matches(Value):
    """Which supplies are what: udev properties, and the source that they make."""

    sources: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return (
            f"a list of at most {MATCHES_MAX} tables"
            f' {{ match = {{ POWER_SUPPLY_NAME = "NAME" }}, source = {Word(self.sources).allowed} }}'
        )

    def read(self, raw: object, path: str) -> tuple[Match, ...]:
        if not isinstance(raw, list) or len(raw) > MATCHES_MAX:
            raise Wrong("no such list")
        return tuple(self._one(table) for table in raw)

    def _one(self, table: object) -> Match:
        if not isinstance(table, dict) or table.keys() != {"match", "source"}:
            raise Wrong("a table takes match and source, and needs both")
        match = table["match"]
        if not isinstance(match, dict) or not 0 < len(match) <= MATCHES_MAX:
            raise Wrong("match is no table of udev properties")
        if not all(isinstance(text, str) and len(text) <= MAX_TEXT for pair in match.items() for text in pair):
            raise Wrong("a udev property is not a short text")
        return Match(tuple(match.items()), Word(self.sources).read(table["source"], ""))  # type: ignore[arg-type]

    def plain(self, value: tuple[Match, ...]) -> Any:
        return [{"match": dict(match.properties), "source": match.source} for match in value]


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


class DeviceFile(Same):
    """A serial port, or an I2C bus."""

    allowed: str = 'the path of a device, such as "/dev/serial0", or "" for none'

    def read(self, raw: object, path: str) -> str:
        return _device(_text(raw))


class Keyboard(Same):
    """An input device by what it is, or by its path."""

    allowed: str = '"VENDOR:PRODUCT" as lsusb shows it, the path of a device in /dev/input, or "" for none'

    def read(self, raw: object, path: str) -> str:
        device = _text(raw)
        ids = device.split(":")
        if [len(each) for each in ids] == [4, 4] and set("".join(ids)) <= HEX_DIGITS:
            return device.lower()
        return _device(device)


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


def _device(path: str) -> str:
    if path and (not path.startswith("/dev/") or len(path) > MAX_TEXT or not path.isprintable() or "/../" in path):
        raise Wrong("no device")
    return path


def _quoted(word: str) -> str:
    return f'"{word}"'


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
