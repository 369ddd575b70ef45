"""The front panel of the simulation: a door, a lock and a keypad on a full screen (Textual)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widgets import RichLog, Static

from lockd.cli.copyable import copyable
from lockd.cli.panel.deeds import DEEDS, DOOR, LOCK, POWER, Call, Deed
from lockd.cli.panel.demo import add_person
from lockd.cli.panel.help import Help
from lockd.cli.panel.news import Keeper, Link, News
from lockd.cli.panel.scene import Scene
from lockd.cli.panel.story import Story
from lockd.cli.panel.style import CSS, ERROR, HINT, OWN
from lockd.cli.panel.tell import stamped
from lockd.cli.panel.widgets import Contacts, Door, Key, KeyBar, Keypad, Part, Status
from lockd.errors import LockdError

TITLE = "lockd simulation · type a PIN, or click · ? explains everything"
#: Keyboard names of the keypad's keys.
KEYS = {"enter": "#", "number_sign": "#", "backspace": "*", "asterisk": "*"} | {digit: digit for digit in "0123456789"}
#: The bar of keys at the bottom, in lines that fit 80 columns.
BAR = (
    tuple((deed.key, deed.label) for deed in DOOR),
    tuple((deed.key, deed.label) for deed in POWER),
    (*((deed.key, deed.label) for deed in LOCK), ("a", "person"), ("?", "help"), ("q", "quit")),
)
DARK = "The lock has no power: it is dark and silent. Plug something in, or use a mechanical way."
WAKES = "Power: the lock wakes. With U the plug slips out in the middle of its next throw."
NOTHING = "Nothing happens: the lock has no power."


class Panel(App[None]):
    """`link`: the lock. `second_terminal`: how to drive the same lock from elsewhere, in lines.
    `keeper`: who runs lockd, if it is ours; without one it is never cut off from power."""

    CSS = CSS
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as App has it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - as App has it
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"press('{char}')") for key, char in KEYS.items()),
        *(Binding(deed.key, f"do('{deed.key}')", deed.label) for deed in DEEDS),
        Binding("a", "add_person", "add person"),
        Binding("s", "revive", "start lockd again"),
        Binding("question_mark", "help", "help"),
        Binding("q", "quit", "quit"),
        Binding("ctrl+c", "quit", "quit", priority=True),
    ]

    scene: reactive[Scene] = reactive(Scene())

    def __init__(self, link: Link, second_terminal: str, keeper: Keeper | None = None) -> None:
        super().__init__()
        self.link = link
        self.second_terminal = second_terminal
        self.keeper = keeper
        self.story = Story("press s to start it again" if keeper else "waiting for it to come back")
        self._may_starve = False
        self._keys: asyncio.Queue[str] = asyncio.Queue()

    def compose(self) -> ComposeResult:
        """Title, the lock, the log, the status, the keys."""
        yield Static(TITLE, id="title", markup=False)
        with Horizontal(id="top"):
            yield Door()
            yield Keypad()
            yield Contacts()
        yield RichLog(id="log", wrap=True, min_width=20, max_lines=2000)
        yield Status()
        yield KeyBar(*BAR)

    def on_mount(self) -> None:
        """Begin to listen, and to press what is typed."""
        log = self.query_one(RichLog)
        log.border_title = "log"
        log.write(Text(f"A second terminal can drive the same lock:\n{self.second_terminal}", OWN))
        self.run_worker(self.link.follow(self.take), name="follow")
        self.run_worker(self._type(), name="type")
        self.set_interval(1.0, self._second)

    def watch_scene(self, scene: Scene) -> None:
        """Hand the scene to every part that draws it."""
        for part in self.query(Part):
            part.scene = scene

    def take(self, news: News) -> None:
        """One piece of news from the lock."""
        for line in self.story.take(news):
            self.query_one(RichLog).write(line)
        self._show()
        self._look_for_power()

    def say(self, text: str, style: str) -> None:
        """One line of the panel's own into the log."""
        self.query_one(RichLog).write(stamped(text, style))

    def _second(self) -> None:
        self.story.second()
        self._show()

    def _show(self, **own: Any) -> None:
        """`own`: what only the panel knows of the scene."""
        self.story.scene = self.story.scene.but(**own)
        self.scene = self.story.scene
        for keypad in self.query(Keypad):  # none while the screen is taken down
            keypad.border_subtitle = self.story.hint

    # What the person does.

    def on_key_pressed(self, message: Key.Pressed) -> None:
        """A key of the keypad was clicked."""
        self.action_press(message.char)

    def action_press(self, char: str) -> None:
        """Press a key of the keypad."""
        self.query_one(Keypad).flash(char)
        if not self.scene.dark:
            self._keys.put_nowait(char)
        elif self.scene.typed == 0:
            self.say(NOTHING, OWN)
        self._show(typed=0 if char in "#*" else self.scene.typed + 1)

    async def _type(self) -> None:
        """Press what is typed in its order, together what came while the last was pressed."""
        while True:
            chars = await self._keys.get()
            while not self._keys.empty():
                chars += self._keys.get_nowait()
            await self._ask(self.link.act("Simulator", "Press", chars))

    def action_do(self, key: str) -> None:
        """One of the deeds."""
        deed = next(deed for deed in DEEDS if deed.key == key)
        self.run_worker(self._do(deed))

    async def _do(self, deed: Deed) -> None:
        call = deed.call(self.scene)
        self.say(f"{call.told}.", OWN)
        self._may_starve = False
        if self.scene.dark and self.keeper is not None:
            await self._ask(self._do_in_the_dark(call, self.keeper))
        else:
            await self._ask(self._act(call))
        self._may_starve = call.starves
        self._look_for_power()

    async def _act(self, call: Call) -> None:
        send = self.link.assign if call.assign else self.link.act
        await send(call.interface, call.member, *call.args)

    async def _do_in_the_dark(self, call: Call, keeper: Keeper) -> None:
        """Hands need no power, and what brings power wakes the lock."""
        if not call.kept:
            self.say(NOTHING, OWN)
            return
        await keeper.touch(call.kept)
        self._show(**{name: value for name, value in call.kept.items() if name in Scene._fields})
        if call.feeds:
            self.say(WAKES, HINT)
            self._show(typed=0)
            await keeper.revive()

    def _look_for_power(self) -> None:
        """Once nothing feeds the lock any more, its computer is off that instant."""
        if self.keeper is not None and self._may_starve and self.scene.here and self.scene.starved:
            self._may_starve = False
            self.keeper.cut()
            self.story.scene = self.story.scene.darkened()
            self.say(DARK, HINT)
            self._show()

    def action_add_person(self) -> None:
        """Add a demonstration person with a PIN that the panel then shows."""
        self.run_worker(self._ask(self._add_person()))

    async def _add_person(self) -> None:
        demo = await add_person(self.link, *self.story.digits)
        self.story.demos += (demo,)
        self.say(f"{demo.name} may come in with the PIN {demo.pin}: type it, then #.", HINT)
        self._show()

    def action_revive(self) -> None:
        """Start lockd again, if it has ended and is ours to start."""
        if self.scene.dark:
            self.say(NOTHING, OWN)
        elif self.keeper is not None and not self.scene.here:
            self.say("Starting lockd again.", OWN)
            self.run_worker(self._ask(self.keeper.revive()), group="revive", exclusive=True)

    def action_help(self) -> None:
        """Explain everything."""
        self.push_screen(Help(self.second_terminal))

    async def _ask(self, asked: Awaitable[Any]) -> bool:
        """Whether it was done; a refusal becomes a line of the log."""
        try:
            await asked
        except LockdError as error:
            self.say(f"Refused: {copyable(str(error))}", ERROR)
            return False
        return True
