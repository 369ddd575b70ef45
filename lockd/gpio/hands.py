"""What a person can do to the modelled door: turn, push, plug, crank. Each hand changes the world
and leaves the rest to physics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lockd.errors import Busy, Failure, InvalidField, UnsupportedCommand
from lockd.gpio.supply_model import Supply, waited
from lockd.gpio.wiring import Matrix
from lockd.gpio.world import World
from lockd.reader import Reader
from lockd.words import GAUGES, PLUGS, Direction

if TYPE_CHECKING:
    from lockd.gpio.wiegand_model import WiegandReader

#: A hand's turn of key, thumbturn or code wheel's knob, and a finger on the inside button.
TURN_S = 0.5
FINGER_S = 0.2
#: How long a corroded contact stays one way before it goes the other.
FLAP_S = 0.0005
#: Who has woken lockd with the generator's handle turns it on for so long.
AWAKE_S = 20.0
#: The bolt no longer reaches the frame.
CLEAR = 0.9
#: Keys that may wait to be pressed.
KEYS_MAX = 100
TURNS: dict[str, Direction] = {"lock": "Locking", "unlock": "Unlocking"}


class Hands:
    """`Mechanism` is the door that they act upon. `reader`: who reads a card that is held to it, where
    there are no Wiegand lines."""

    _world: World
    _supply: Supply
    _matrix: Matrix | None
    reader: Reader | None = None
    _card_reader: WiegandReader | None = None
    _strike: bool
    _turning: Direction | None = None
    _key_in = _finger_in = False
    _flaps = 0
    _loose = False

    def press(self, keys: str) -> None:
        """Press keys one after the other; returns at once."""
        if self._matrix is None:
            raise UnsupportedCommand("this lock has no keypad: see keypad.kind")
        if not keys or not set(keys) <= set(self._matrix.keys):
            raise InvalidField(f"keys: only {self._matrix.keys} can be pressed")
        if len(keys) + self._matrix.waiting > KEYS_MAX:
            raise Busy(f"keys: at most {KEYS_MAX} can wait to be pressed")
        self._matrix.press(keys)

    def present_card(self, data: bytes) -> None:
        """Hold a card to the reader; a Wiegand reader's lines carry cards of Wiegand's formats alone."""
        if self._card_reader is not None:
            self._card_reader.hold(data)
        elif self.reader is not None:
            self.reader.card(data)
        else:
            raise UnsupportedCommand("this lock has no reader yet")

    def open_door(self) -> None:
        """Pull the door open; by force when the bolt is out."""
        self._change(door_open=True)

    def close_door(self) -> None:
        """Push it shut; Failure when the bolt is out, which only a strike's would give way to."""
        if self._world.door_open and self._world.bolt < CLEAR and not self._strike:
            raise Failure("the bolt is out, so the door does not shut: draw it first", "door-open")
        self._change(door_open=False)

    def turn_key(self, direction: str) -> None:
        """Turn the mechanical key, "lock" or "unlock"; the cylinder's contact feels it."""
        self._turn(direction, key=True)

    def turn_thumb(self, direction: str) -> None:
        """Turn the thumbturn on the inside, "lock" or "unlock"."""
        self._turn(direction)

    def open_code_wheel(self, is_open: bool) -> None:
        """Dial the mechanical code and draw the bolt by its knob; or put the wheel out of the code again."""
        if is_open:
            self._turn("unlock")
        self._change(code_open=is_open)

    def push_pin(self, is_in: bool) -> None:
        """Push a pin into the emergency hole, which draws the bolt; or pull it out."""
        if is_in:
            self._turn("unlock")
        self._change(pin_in=is_in)

    def jam(self, jammed: bool) -> None:
        """Put something in the bolt's way, or take it away."""
        self._change(jammed=jammed)

    def tamper(self, removed: bool) -> None:
        """Take the outer cover off, or put it back."""
        self._change(cover_off=removed)

    def press_inside(self) -> None:
        """Press the button on the inside for a moment."""
        self._finger_in = True
        self._later("finger", FINGER_S, self._finger_out)
        self._change()

    # Power --------------------------------------------------------------------------------------

    def set_battery(self, percent: float, volts: float) -> None:
        """Put in a battery of that charge, which gives so many volts at rest."""
        _within("percent", percent, 0, 100)
        _within("volts", volts, 0, 60)
        self._change(percent=float(percent), volts=float(volts))

    def set_wear(self, factor: float) -> None:
        """How worn it is: 1 when new; with 2 it holds half, and everything costs twice the percent."""
        _within("factor", factor, 1, 20)
        self._change(wear=float(factor))

    def set_gauge(self, mode: str) -> None:
        """How its fuel gauge works: a word of GAUGES."""
        if mode not in GAUGES:
            raise InvalidField(f"mode: {mode!r} is none of {', '.join(GAUGES)}")
        self._change(gauge=mode)

    def pass_time(self, hours: int) -> None:
        """Let so many hours pass at rest: the battery runs down, or is charged by what is plugged in."""
        _within("hours", hours, 1, 8760)
        self._change()
        world = waited(self._world, hours)
        self._change(percent=world.percent, volts=world.volts)

    def plug(self, source: str, volts: float) -> None:
        """Plug in outside power, of a kind of PLUGS; negative volts: the wrong way round."""
        if source not in PLUGS:
            raise InvalidField(f"source: {source!r} is none of {', '.join(PLUGS)}")
        _within("volts", volts, -60, 60)
        self._touch_plug(source, float(volts))

    def unplug(self) -> None:
        """Pull it out."""
        self._touch_plug("", 0.0)

    def loosen(self) -> None:
        """It slips out once the next throw is in its middle, which is too short for a hand."""
        if not self._world.plug:
            raise Failure("nothing is plugged in that could slip out: plug something in first")
        self._loose = True

    def crank(self, seconds: float) -> None:
        """Turn the generator's handle for so long."""
        _within("seconds", seconds, 0.1, 600)
        _, usual, _ = PLUGS["Generator"]
        self.plug("Generator", usual)
        self._later("crank", seconds, self.unplug)

    def flap(self, times: int) -> None:
        """The plug's contact comes and goes so often, as a corroded one does, and holds again at the end."""
        _within("times", times, 1, 1000)
        if not self._world.plug:
            raise Failure("nothing is plugged in whose contact could come and go: plug something in first")
        self._flaps += 2 * times
        self._later("flap", 0.0, self._flap)

    def _touch_plug(self, source: str, volts: float) -> None:
        """A hand at the plug: whatever it did by itself is over."""
        self._flaps, self._loose = 0, False
        self._forget("crank")
        self._change()
        self._supply.contact = True
        self._change(plug=source, plug_volts=volts)

    def _flap(self) -> None:
        if self._flaps:
            self._flaps -= 1
            self._change()
            self._supply.contact = self._flaps % 2 == 0
            self._change()
            self._later("flap", FLAP_S, self._flap)

    def _turn(self, direction: str, key: bool = False) -> None:
        if direction not in TURNS:
            raise InvalidField(f"direction: {direction!r} is neither lock nor unlock")
        self._change()  # up to now it was pushed otherwise
        self._turning, self._key_in = TURNS[direction], key
        self._later("hand", TURN_S, self._let_go)
        self._change()

    def _let_go(self) -> None:
        self._change()  # up to now it was turned
        self._turning, self._key_in = None, False
        self._change()

    def _finger_out(self) -> None:
        self._finger_in = False
        self._change()

    def _change(self, **values: Any) -> None:
        """Time has passed, and the world is another one from now on."""
        raise NotImplementedError

    def _later(self, name: str, delay: float, callback: Callable[[], None]) -> None:
        """One timer of each name; its callback comes once."""
        raise NotImplementedError

    def _forget(self, name: str) -> None:
        """That timer's callback does not come."""
        raise NotImplementedError


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # nan is not either
        raise InvalidField(f"{name}: {value}; {low} to {high} can be had")
