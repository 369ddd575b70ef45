"""The front panel's help: everything on the screen, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from lockd.cli.panel.style import HINT

#: Chapters of keys and what they do; a line without a key is text of its own.
CHAPTERS = (
    ("The keypad (your keyboard works, and the mouse)", (
        ("0-9", "digits of a PIN"),
        ("# Enter", "after a PIN: unlocks; alone: locks"),
        ("* Backspace", "forgets what was typed"),
    )),
    ("Your hands on the door", (
        ("o", "open the door, or close it; pulled while the bolt is out, it is forced open: an alarm"),
        ("k   l", "turn the mechanical key: k unlocks, l locks"),
        ("t", "turn the thumbturn inside to the other side"),
        ("i", "press the button inside: it lets you out in every mode, during a lockout too"),
        ("j", "put something in the bolt's way, or take it away"),
        ("c", "take the outer cover off, as a burglar would, or put it back"),
        ("d", "dial the mechanical code, which draws the bolt, or put its wheel out of the code"),
        ("e", "push a pin into the emergency hole, which draws the bolt, or pull it out"),
    )),
    ("What feeds the lock", (
        ("b", "run the battery down, step by step, then put a full one in"),
        ("w", "let a week pass: waiting costs charge too; a plugged power bank charges"),
        ("x", "the battery dies: the lock goes dark, as its computer is off. Hands on the key still work"),
        ("p", "plug a power bank in, or pull it out"),
        ("n", "hold a 9 V battery to the contacts outside, or take it away"),
        ("g", "turn the generator's handle for 20 s; it gathers a throw's energy in 2 s"),
        ("f", "hold a phone that charges others to the coil; it gathers a throw's energy in 5 s"),
        ("u", "pull out whatever is plugged in"),
        ("U", "plug it in loosely, so that it slips out in the middle of the next throw"),
        ("y", "wiggle the plug: its contact comes and goes 20 times"),
        ("v", "how the battery's fuel gauge works: ok, silent, frozen, absurd, absent"),
        ("z", "wear the battery: everything costs 2 or 4 times the charge, then new again"),
    )),
    ("The lock itself (over D-Bus, as lockctl does it)", (
        ("r", "lock or unlock by remote"),
        ("m", "next mode: Normal, Vacation (only by remote), Privacy (nothing from outside),"
              " NoRemoteLockUnlock, Passage (no PIN needed)"),
        ("h", "home: find the bolt again after a jam"),
        ("a", "add a demonstration person; the PIN then stands under the keypad"),
        ("s", "start lockd again after it has ended"),
        ("q", "quit; the simulation ends with the panel that started it"),
    )),
    ("What you see", (
        ("yellow bar", "the bolt: reaching into the frame it is locked, drawn into the lock it is unlocked"),
        ("○ ●", "lamps of the lock, and its contacts: filled is on. ♪ is the buzzer"),
        ("list", "the audit trail: ✓ done, ✗ refused, ! alarm"),
        ("▮▮▮▯▯▯", "what the battery really holds; what lockd knows of it is in the last lines"),
        ("last lines", "what lockd says of itself, and of its power; after too many wrong PINs it counts the lockout"
                       " down"),
    )),
)  # fmt: skip


def chapters() -> Iterator[Static]:
    """Each chapter as a heading and a table that folds to the width there is."""
    for title, lines in CHAPTERS:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=11, no_wrap=True, style="bold #ffffff")
        for key, meaning in lines:
            table.add_row(key, meaning)
        yield Static(Text(title, HINT))
        yield Static(table, classes="chapter")


class Help(ModalScreen[None]):
    """Over the panel until a key is pressed."""

    CSS = """
    Help { align: center middle; background: #000000 60%; }
    Help > VerticalScroll { width: 96; max-width: 100%; height: auto; max-height: 100%; background: #1b222b;
        scrollbar-size-vertical: 1; scrollbar-color: #43505f; scrollbar-background: #1b222b;
        border: round #f2c14e; border-title-color: #f2c14e; padding: 0 1; }
    Help .chapter { margin: 0 0 1 1; }
    """
    BINDINGS = [("escape,question_mark,q,enter,space", "dismiss", "close")]  # noqa: RUF012

    def __init__(self, second_terminal: str) -> None:
        super().__init__()
        self.second_terminal = second_terminal

    def compose(self) -> ComposeResult:
        """The text in a box."""
        with VerticalScroll() as box:
            box.border_title = "help — Esc closes, arrows scroll"
            yield from chapters()
            yield Static(Text("From a second terminal", HINT))
            yield Static(self.second_terminal, markup=False)
