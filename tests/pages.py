"""The parts of the documents that are drawn from the code: `python -m tests.pages` draws them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lockd.core.bolt import TABLE
from lockd.dbus.names import INTERFACES
from lockd.dbus.shape import Arg, Interface, Method
from lockd.header import boot_lines
from lockd.wire import rights
from lockd.wire.messages import ALL, Field
from tests import wiring

ROOT = Path(__file__).parent.parent
END = "<!-- end -->"


def diagram() -> str:
    """The bolt's table as a Mermaid state diagram; what leaves a state as it is is left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, happening), (after, _) in TABLE.items():
        if state != after:
            arrows.setdefault((state, after), []).append(happening)
    lines = [f"    {state} --> {after}: {', '.join(inputs)}" for (state, after), inputs in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> Unknown", *lines, "```\n"])


def glance() -> str:
    """Every interface in up to three rows."""
    rows = [
        f"| `{each.name}` | {what} | {_names(item.name for item in items)} |\n"
        for each in INTERFACES
        for what, items in (("methods", each.methods), ("properties", each.properties), ("signals", each.signals))
        if items
    ]
    return "| interface | | |\n| --- | --- | --- |\n" + "".join(rows)


def reference() -> str:
    """Everything in names.py, in words."""
    return "\n".join(_chapter(each) for each in INTERFACES)


def _names(names: object) -> str:
    return ", ".join(f"`{name}`" for name in names)  # type: ignore[attr-defined]


def _chapter(each: Interface) -> str:
    methods = [f"- `{_call(m)}` ({_right(m.right)}): {m.doc}\n" for m in each.methods]
    properties = [
        f"- `{p.name}` `{p.signature}`{f' (to set: {_right(p.write)})' if p.write else ''}: {p.doc}\n"
        for p in each.properties
    ]
    signals = [f"- `{s.name}({_list(s.carries)})`: {s.doc}\n" for s in each.signals]
    parts = (("Methods", methods), ("Properties", properties), ("Signals", signals))
    told = "".join(f"\n{title}:\n\n{''.join(lines)}" for title, lines in parts if lines)
    return f"## {each.name}\n\n{each.doc}\n{told}"


def _right(right: str) -> str:
    return "anybody" if right == "any" else f"right `{right}`"


def _call(method: Method) -> str:
    gives = f" → {_list(method.gives)}" if method.gives else ""
    return f"{method.name}({_list(method.takes)}){gives}"


def _list(args: tuple[Arg, ...]) -> str:
    return ", ".join(f"{arg.name} {arg.signature}" for arg in args)


def wires() -> str:
    """The reference build's wires by the pins of the header."""
    rows = [f"| {pin} | {line} | `{key}` | {to} |\n" for pin, line, key, to in wiring.wires()]
    return "| pin | GPIO | setting | wire it to |\n| --- | --- | --- | --- |\n" + "".join(rows)


def reference_settings() -> str:
    """Its lockd.toml, no more than the wiring."""
    return f"```toml\n{wiring.settings()}```\n"


def boot() -> str:
    """Its lines for config.txt."""
    return "\n".join(["```", *boot_lines(wiring.everything()), "```\n"])


def commands() -> str:
    """Every command of LKP with its fields."""
    rows = [f"| {each.number} | {each.name} | {', '.join(map(_field, each.fields)) or 'nothing'} |\n" for each in ALL]
    return "| c | command | takes |\n| --- | --- | --- |\n" + "".join(rows)


def _field(field: Field) -> str:
    kinds = " or ".join({int: "number", str: "text", bytes: "bytes", bool: "true, false"}[kind] for kind in field.kinds)
    sized = "" if field.kinds == (bool,) else f" {field.low} to {field.high}"
    range_ = ", ".join(field.words) if field.words else f"{kinds}{sized}"
    return f"`{field.name}`{'*' if field.needed else ''} ({range_})"


def roles() -> str:
    """Which role may give which command."""
    names = ("owner", "admin", "user", "guest", "stranger", "invited")
    lines = [(command, *("yes" if rights.may(name, command) else "" for name in names)) for command in rights.TABLE]
    head = f"| | {' | '.join(names)} |\n|{' --- |' * (len(names) + 1)}\n"
    return head + "".join(f"| {' | '.join(line)} |\n" for line in lines)


#: What is drawn where, between its mark and the next END.
DRAWN: tuple[tuple[Path, str, Callable[[], str]], ...] = (
    (ROOT / "README.md", "<!-- drawn from lockd/core/bolt.py by `make docs` -->\n", diagram),
    (ROOT / "README.md", "<!-- drawn from lockd/dbus/names.py by `make docs` -->\n", glance),
    (ROOT / "docs/wiring.md", "<!-- wires drawn from docs/lockd.toml by `make docs` -->\n", wires),
    (ROOT / "docs/wiring.md", "<!-- settings drawn from docs/lockd.toml by `make docs` -->\n", reference_settings),
    (ROOT / "docs/wiring.md", "<!-- config.txt drawn from docs/lockd.toml by `make docs` -->\n", boot),
    (ROOT / "docs/lkp.md", "<!-- commands drawn from lockd/wire/messages.py by `make docs` -->\n", commands),
    (ROOT / "docs/lkp.md", "<!-- rights drawn from lockd/wire/rights.py by `make docs` -->\n", roles),
    (ROOT / "docs/dbus.md", "<!-- drawn from lockd/dbus/names.py by `make docs` -->\n", reference),
)


def drawn(page: str, mark: str, content: str) -> str:
    """The page with the content of now between its marks."""
    before, begin, rest = page.partition(mark)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page lacks {mark!r} or {END!r}")
    return before + begin + content + end + after


if __name__ == "__main__":
    for path, mark, content in DRAWN:
        path.write_text(drawn(path.read_text(), mark, content()))
    wiring.FILE.write_text(wiring.svg())
