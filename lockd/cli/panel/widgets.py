"""The parts of the front panel; each draws the one Scene it is given and knows nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, isnan

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Grid
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from lockd.cli.panel.drawing import draw
from lockd.cli.panel.scene import UNKNOWN, Scene
from lockd.cli.panel.style import DIM, GREEN, RED, YELLOW
from lockd.cli.wording import COLOURS, DOORS, FAULTS, STATES

#: The words of wording.COLOURS here.
PALETTE = {"green": GREEN, "yellow": YELLOW, "red": RED}
#: What is plugged in, and what feeds the lock, in words.
PLUGGED = {
    "EmergencyUsb": "power bank", "Emergency9V": "9 V battery", "Generator": "crank", "Wireless": "phone",
    "Mains": "mains",
}
FED_BY = {
    "EmergencyUsb": "a power bank", "Emergency9V": "a 9 V battery", "Generator": "its crank", "Wireless": "a phone",
    "Mains": "mains", "Battery": "its battery", "Unknown": "?",
}
LEVELS = {"Ok": GREEN, "Low": YELLOW, "Critical": RED, "Dead": RED}
WAKE = "wake it with p n g f, or b a new battery · by hand: k key  d dial  e hole"
#: Cells of the battery's picture, and throws that are few.
CELLS, FEW = 6, 100
#: Keys whose name for Textual is not their character.
KEY_NAMES = {"?": "question_mark"}


class Part(Widget):
    """Something that draws a scene."""

    scene: reactive[Scene] = reactive(Scene())


class Door(Part):
    """The picture of the door."""

    def render(self) -> Text:
        """The drawing, as large as the place allows."""
        return draw(self.scene, self.size.width, self.size.height)


class Key(Static):
    """One key of the keypad; `#` enters, `*` clears."""

    class Pressed(Message):
        """A key was clicked."""

        def __init__(self, char: str) -> None:
            super().__init__()
            self.char = char

    def __init__(self, char: str) -> None:
        super().__init__(char, markup=False, classes={"#": "enter", "*": "clear"}.get(char))
        self.char = char

    def on_click(self) -> None:
        """Tell the panel; it presses the key in the simulation."""
        self.post_message(self.Pressed(self.char))

    def flash(self) -> None:
        """Light up for a moment, as a finger would hide it."""
        self.add_class("pressed")
        self.set_timer(0.15, lambda: self.remove_class("pressed"))


class Lamps(Part):
    """Green, red and buzzer, and a dot for each digit typed."""

    def render(self) -> Text:
        """Two lines, 19 columns wide."""
        scene, text = self.scene, Text(justify="center")
        text.append("●" if scene.green else "○", GREEN if scene.green else DIM)
        text.append(" green  ", GREEN if scene.green else DIM)
        text.append("●" if scene.red else "○", RED if scene.red else DIM)
        text.append(" red  ", RED if scene.red else DIM)
        text.append("♪", f"bold {YELLOW}" if scene.buzzer else DIM)
        text.append("\n")
        text.append("•" * min(scene.typed, 16) or "type a PIN, then #", YELLOW if scene.typed else DIM)
        return text


class Keypad(Part):
    """Lamps above twelve keys; the border shows what is known of PINs."""

    def on_mount(self) -> None:
        """Name it."""
        self.border_title = "keypad"

    def compose(self) -> ComposeResult:
        """The keys in the order of a telephone."""
        yield Lamps()
        with Grid():
            for name in "123456789*0#":
                yield Key(name)

    def watch_scene(self, scene: Scene) -> None:
        """Hand the scene to the lamps."""
        for lamps in self.query(Lamps):
            lamps.scene = scene

    def flash(self, char: str) -> None:
        """Light one key."""
        for key in self.query(Key):
            if key.char == char:
                key.flash()


class Contacts(Part):
    """What the lock's contacts and the simulated hands say, one lamp a line."""

    def on_mount(self) -> None:
        """Name it."""
        self.border_title = "contacts"

    def render(self) -> Text:
        """One line for each, lit while it is so."""
        scene = self.scene
        lines = (
            ("bolt out: locked", scene.bolt <= 0.02, GREEN), ("bolt in: unlocked", scene.bolt >= 0.98, YELLOW),
            ("door closed", not scene.door_open, GREEN), ("motor turning", scene.motor_on, YELLOW),
            ("cover off", scene.cover_off, RED), ("bolt is blocked", scene.jammed, RED),
            ("code wheel open", scene.code_open, RED), ("pin in the hole", scene.pin_in, RED),
            (PLUGGED.get(scene.plugged, "outside power"), bool(scene.plugged), YELLOW),
        )
        return Text("\n").join((*(_lamp(*line) for line in lines), _charge(scene)))


class Status(Part):
    """Two lines: what lockd itself says of the lock, and of what feeds it."""

    def render(self) -> Text:
        """The lines, or that nobody answers."""
        if self.scene.dark:
            return Text(" NO POWER ", f"bold #14181d on {RED}").append(f"\n {WAKE}", RED)
        if not self.scene.here:
            return Text(f" {self.scene.cause or 'waiting for lockd'} ", f"bold #14181d on {RED}")
        lines = (Text(" · ", DIM).join(words(self.scene)) for words in (_words, _power))
        return Text("\n").join(lines)


def _words(scene: Scene) -> Iterator[Text]:
    colour = PALETTE[COLOURS.get(scene.lock_state, "red")]
    yield Text(f" {STATES.get(scene.lock_state, scene.lock_state).upper()} ", f"bold #14181d on {colour}")
    if scene.lockout_s:
        yield Text(f"LOCKOUT {scene.lockout_s}s", f"bold {RED}")
    yield Text(scene.motion.lower(), DIM if scene.motion == "Idle" else YELLOW)
    fault, *_ = FAULTS.get(scene.fault, (scene.fault,))
    yield Text("no fault", DIM) if fault == "None" else Text(fault, f"bold {RED}")
    yield Text(f"door {DOORS.get(scene.door_state, scene.door_state)}")
    yield Text(scene.mode, DIM if scene.mode == "Normal" else YELLOW)
    if scene.relock_s:
        yield Text(f"relock {scene.relock_s}s")


def _power(scene: Scene) -> Iterator[Text]:
    """What lockd knows; where it knows nothing it says so."""
    known = [] if isnan(scene.percent) else [f"{scene.percent:.0f} %"]
    yield Text(" battery " + " ".join([*known, scene.level]), LEVELS.get(scene.level, DIM))
    volts = "" if isnan(scene.voltage) else f" {scene.voltage:.1f} V"
    yield Text(f"fed by {FED_BY.get(scene.source, scene.source)}{volts}", DIM if scene.source == "Unknown" else "")
    if scene.session:
        yield Text("EMERGENCY POWER", f"bold {YELLOW}")
    if scene.throws != UNKNOWN:
        days = "" if scene.days == UNKNOWN else f", {scene.days} days"
        yield Text(f"{scene.throws} throws{days} left", RED if scene.throws < FEW else "")
    if scene.drill:
        yield Text("drill overdue", YELLOW)
    if scene.gauge != "ok":
        yield Text(f"gauge {scene.gauge}", DIM)
    if scene.wear > 1:
        yield Text(f"worn x{scene.wear:g}", DIM)


class KeyBar(Static):
    """What the keys of the keyboard do, as lines of `(key, label)`; each may be clicked."""

    def __init__(self, *lines: Iterable[tuple[str, str]]) -> None:
        super().__init__("\n".join("  ".join(_item(key, label) for key, label in line) for line in lines))


def _item(key: str, label: str) -> str:
    name = KEY_NAMES.get(key, key)
    return f"[b {YELLOW}]{key}[/] [@click=app.simulate_key('{name}')]{label}[/]"


def _charge(scene: Scene) -> Text:
    """What the battery really holds, whatever its gauge says."""
    colour = GREEN if scene.charge > 20 else YELLOW if scene.charge > 10 else RED
    full = min(CELLS, ceil(scene.charge * CELLS / 100))
    text = Text("▮" * full, colour).append("▯" * (CELLS - full), DIM)
    return text.append(f" {scene.charge:3.0f} % {scene.volts:.1f} V", colour)


def _lamp(label: str, is_on: bool, colour: str) -> Text:
    text = Text("● " if is_on else "○ ", colour if is_on else DIM)
    return text.append(label, "" if is_on else DIM)
