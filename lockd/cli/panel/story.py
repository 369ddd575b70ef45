"""From news to what the panel shows: the scene, and the lines of the log. Knows no screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.text import Text

from lockd.cli.panel.demo import Demonstration
from lockd.cli.panel.lockout import KeypadLockout
from lockd.cli.panel.news import Changed, Dictionary, Gone, Happened, Here, Known, News
from lockd.cli.panel.scene import Scene
from lockd.cli.panel.style import ERROR, HINT, OWN
from lockd.cli.panel.tell import line_of, stamped


class Story:
    """`scene`: how things stand. `remedy`: what to do when lockd is gone, in words."""

    def __init__(self, remedy: str, lockout: KeypadLockout | None = None) -> None:
        self.scene = Scene()
        self.digits = (6, 8)
        self.demos: tuple[Demonstration, ...] = ()
        self._remedy = remedy
        self._lockout = lockout or KeypadLockout()
        self._names: Mapping[int, str] = {}

    @property
    def hint(self) -> str:
        """The PINs that this panel made for demonstration persons who are still there."""
        return "  ".join(f"{demo.name}: {demo.pin}" for demo in self.demos if demo.user in self._names)

    def take(self, news: News) -> Iterator[Text]:
        """One piece of news; answers the lines that it adds to the log."""
        match news:
            case Here():
                yield from self._arrive(news)
            case Gone(cause):
                self.scene = self.scene.but(here=False, cause=f"{cause}; {self._remedy}")
                yield stamped(self.scene.cause, ERROR)
            case Changed(properties):
                self._see(properties)
            case Happened(event):
                self._lockout.hear(event)
                yield line_of(event, self._names)
            case Known(users):
                self._know(users)
        self._wait(0)

    def second(self) -> None:
        """A second has passed."""
        self._wait(1)

    def _arrive(self, news: Here) -> Iterator[Text]:
        again = bool(self.scene.cause)
        self._see(news.properties)
        self._know(news.users)
        self._lockout.forget()
        for event in news.events:  # a grant is told by its outcome
            self._lockout.hear(event)
            if not again and event.get("phase") != "granted":
                yield line_of(event, self._names)
        self.scene = self.scene.but(here=True, cause="")
        if again:
            yield stamped("lockd answers again.", OWN)
        if not news.users:
            yield stamped("Nobody has a PIN yet: press a to add a demonstration person.", HINT)

    def _see(self, properties: Dictionary) -> None:
        self._lockout.seen(properties)
        least, most = (properties.get(name, own) for name, own in zip(_DIGITS, self.digits, strict=True))
        self.digits = (least, most)
        self.scene = self.scene.seen(properties)

    def _know(self, users: Iterable[Dictionary]) -> None:
        self._names = {user["index"]: user.get("name", "") for user in users}

    def _wait(self, seconds: int) -> None:
        remote = max(0, self.scene.remote_lockout_s - seconds)
        self.scene = self.scene.but(remote_lockout_s=remote, keypad_lockout_s=self._lockout.remaining())


_DIGITS = ("MinPINCodeLength", "MaxPINCodeLength")
