"""The drawing of door, lock and bolt: a pure function from a Scene and a size to rich Text."""

from __future__ import annotations

from math import ceil

from rich.style import Style
from rich.text import Text

from lockd.cli.panel.scene import Scene

WALL, FRAME, LEAF, GROOVE, RECESS = "#39424e", "#8a6f52", "#6b4a2f", "#4f3521", "#5d3f27"
STEEL, BRASS, DARK, LIGHT = "#aab4bf", "#f2c14e", "#14181d", "#f5dfa3"
RED, MOTOR, INK = "#e5483f", "#0b6b3a", "#20262d"

#: Columns of a whole throw, and of the bolt itself.
THROW, BOLT = 5, 9
CASE_WIDTH, CASE_HEIGHT = 13, 6
_PART = " ▏▎▍▌▋▊▉█"
_GEAR = "|/─\\"


class Canvas:
    """Characters with a colour before and behind; what lies outside is cut off."""

    def __init__(self, width: int, height: int, back: str) -> None:
        self.width, self.height = width, height
        self._cells = [[(" ", INK, back)] * width for _ in range(height)]

    def fill(self, x: int, y: int, width: int, height: int, back: str) -> None:
        """Paint a rectangle."""
        for row in range(y, y + height):
            self.put(x, row, " " * width, INK, back)

    def put(self, x: int, y: int, text: str, fore: str, back: str = "") -> None:
        """Write; an empty `back` keeps what is behind."""
        for column, char in enumerate(text, x):
            if 0 <= column < self.width and 0 <= y < self.height:
                self._cells[y][column] = (char, fore, back or self._cells[y][column][2])

    def bar(self, left: float, width: int, y: int, fore: str) -> None:
        """A horizontal bar from a fractional column on, drawn to an eighth of a column."""
        eighths = round(left * 8)
        first, part = divmod(eighths, 8)
        self.put(first + (1 if part else 0), y, "█" * (width - (1 if part else 0)), fore)
        if part and 0 <= first < self.width and 0 <= y < self.height:
            self._cells[y][first] = (_PART[part], self._cells[y][first][2], fore)
            self.put(first + width, y, _PART[part], fore)

    def text(self) -> Text:
        """The finished picture, one line a row."""
        lines = (self._line(row) for row in self._cells)
        return Text("\n", no_wrap=True, end="").join(lines)

    @staticmethod
    def _line(row: list[tuple[str, str, str]]) -> Text:
        line = Text(end="")
        for char, fore, back in row:
            line.append(char, Style(color=fore, bgcolor=back))
        return line


def draw(scene: Scene, width: int, height: int) -> Text:
    """The lock seen from outside: the leaf hangs left, the strike plate is at the right. From
    34 x 11 on everything fits; smaller is cut off."""
    canvas = Canvas(width, height, WALL)
    gap = width - THROW - 4
    leaf = gap - 3 if not scene.door_open else (gap - 3) * 3 // 5
    _frame(canvas, gap)
    _leaf(canvas, leaf, scene.door_open)
    _strike(canvas, gap, scene)
    _lock(canvas, 2 + leaf - CASE_WIDTH, scene)
    return canvas.text()


def _middle(canvas: Canvas) -> int:
    """The row of the bolt."""
    return canvas.height // 2


def _frame(canvas: Canvas, gap: int) -> None:
    canvas.fill(0, 0, gap + 1, canvas.height, FRAME)
    canvas.fill(2, 1, gap - 3, canvas.height - 1, LIGHT)


def _leaf(canvas: Canvas, width: int, is_open: bool) -> None:
    canvas.fill(2, 1, width, canvas.height - 1, LEAF)
    if is_open:
        canvas.put(2, 1, "▀" * width, FRAME, LEAF)
    middle = _middle(canvas)
    _panel(canvas, 4, 2, width - 4, middle - 5)
    _panel(canvas, 4, middle + 6, width - 4, canvas.height - middle - 7)
    for row in (2, canvas.height - 3):
        canvas.put(1, row, "▐█", STEEL)


def _panel(canvas: Canvas, x: int, y: int, width: int, height: int) -> None:
    """A recess in the leaf, where there is room for one."""
    canvas.fill(x, y, width, height, GROOVE)
    canvas.fill(x + 2, y + 1, width - 4, height - 2, RECESS)


def _strike(canvas: Canvas, gap: int, scene: Scene) -> None:
    """The plate in the frame with the hole that the bolt goes into."""
    middle = _middle(canvas)
    canvas.fill(gap - 1, middle - 1, THROW + 2, 3, STEEL)
    canvas.fill(gap - 1, middle, THROW + 1, 1, DARK)
    if scene.jammed:
        canvas.put(gap, middle + 1, " jam ", DARK, RED)


def _lock(canvas: Canvas, left: int, scene: Scene) -> None:
    """The lock's case on the leaf, cut open so that the bolt shows."""
    middle, right = _middle(canvas), left + CASE_WIDTH
    back, ink = (DARK, STEEL) if scene.cover_off else (STEEL, INK)
    canvas.fill(left, middle - 2, CASE_WIDTH, CASE_HEIGHT, back)
    canvas.fill(left + 1, middle, CASE_WIDTH - 1, 1, DARK)
    _bolt(canvas, right - BOLT + THROW * (1 - scene.bolt), scene.jammed)
    gear = _GEAR[int(scene.bolt * 16) % 4] if scene.motor_on else "·"
    canvas.put(left + 1, middle - 1, f"motor {gear}", MOTOR if scene.motor_on else ink)
    canvas.put(left + 1, middle + 2, "key ◉", ink)
    if scene.cover_off:
        canvas.put(left + 2, middle - 2, "cover off", RED)
        canvas.put(left + 1, middle + 1, "≈┼╪≈╫≈┼≈╪┼≈", RED)


def _bolt(canvas: Canvas, tail: float, jammed: bool) -> None:
    canvas.bar(tail, BOLT, _middle(canvas), BRASS)
    if jammed:
        canvas.put(ceil(tail) + BOLT, _middle(canvas), "▚▞", RED)
