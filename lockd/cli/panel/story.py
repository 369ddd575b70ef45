"""From news to what the panel shows: the scene, and the lines of the log. Knows no screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.text import Text

from lockd.cli.output import clean
from lockd.cli.panel.demo import Demonstration
from lockd.cli.panel.news import Changed, Dictionary, Gone, Happened, Here, Known, News
from lockd.cli.panel.scene import Scene
from lockd.cli.panel.style import ERROR, HINT, OWN
from lockd.cli.panel.tell import line_of, stamped
from lockd.cli.sentences import is_news


class Story:
    """`scene`: how things stand. `remedy`: what to do when lockd is gone, in words."""

    def __init__(self, remedy: str) -> None:
        self.scene = Scene()
        self.digits = (6, 8)
        self.demos: tuple[Demonstration, ...] = ()
        self._remedy = remedy
        self._seq = -1  # the newest entry that was told
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
            case Gone() if self.scene.dark:
                pass  # it was told when the power went
            case Gone(cause):
                self.scene = self.scene.but(here=False, cause=clean(f"{cause}; {self._remedy}"))
                yield stamped(self.scene.cause, ERROR)
            case Changed(properties):
                self._see(properties)
            case Happened({"kind": "PowerChange"}):
                pass  # the last line says so
            case Happened(event):
                self._seq = max(self._seq, event.get("seq", 0))
                yield line_of(event, self._names)
            case Known(users):
                self._know(users)

    def second(self) -> None:
        """A second has passed. The lock tells when a lockout begins and ends; between we count."""
        self.scene = self.scene.but(lockout_s=max(0, self.scene.lockout_s - 1))

    def _arrive(self, news: Here) -> Iterator[Text]:
        again = bool(self.scene.cause) or self.scene.dark
        self._see(news.properties)
        self._know(news.users)
        fresh = [event for event in news.events if event.get("seq", 0) > self._seq]
        self._seq = max((event.get("seq", 0) for event in fresh), default=self._seq)
        self.scene = self.scene.but(here=True, dark=False, cause="")
        if again:
            yield stamped("lockd answers again.", OWN)
        yield from (line_of(event, self._names) for event in fresh if is_news(event))
        if not news.users:
            yield stamped("Nobody has a PIN yet: press a to add a demonstration person.", HINT)
        elif not self.demos:
            yield stamped("PINs from an earlier run are not shown: press a to add a new person.", HINT)

    def _see(self, properties: Dictionary) -> None:
        least, most = (properties.get(name, own) for name, own in zip(_DIGITS, self.digits, strict=True))
        self.digits = (least, most)
        self.scene = self.scene.seen(properties)

    def _know(self, users: Iterable[Dictionary]) -> None:
        self._names = {user["index"]: user.get("name", "") for user in users}


_DIGITS = ("MinPINCodeLength", "MaxPINCodeLength")
