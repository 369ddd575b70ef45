"""Who may import whom, and how long a module may grow.

`python -m tests.architecture` says how lockd stands.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent

Trees = Mapping[str, ast.Module]

MODULE_LINES, FUNCTION_LINES = 450, 60

BASE = ("codes", "errors", "header", "lightly", "passphrase", "value", "words", "reader", "reading", "settings",
        "settings_rules", "settings_schema",
        "settings_checks", "settings_faults", "settings_reading")
CORE = (*BASE, "core", "wire")
DAEMON = (*CORE, "gpio", "ble", "dbus", "udev", "store", "readers", "daemon")

#: What each part of lockd may import of lockd, besides itself and its version.
MAY_IMPORT = {
    "": (),
    **dict.fromkeys(BASE, BASE),
    "core": BASE,
    "wire": BASE,
    **dict.fromkeys(("gpio", "ble", "dbus", "udev", "store", "readers"), CORE),
    "daemon": DAEMON,
    "__main__": DAEMON,
    "phone": (*BASE, "wire"),
    "cli": (*BASE, "dbus.names", "dbus.client", "store.archive", "phone"),
}

#: Who may import what is not lockd's. A library that is not listed is the standard one.
OWNERS = {
    "bleak": ("phone",),
    "cbor2": ("wire",),
    "cryptography": ("store", "wire"),
    "dbus_next": ("dbus", "ble"),
    "evdev": ("readers",),
    "gpiozero": ("gpio",),
    "keyring": ("phone",),
    "lgpio": ("gpio",),
    "pyudev": ("udev",),
    "rich": ("cli",),
    "segno": ("cli",),
    "serial": ("readers",),
    "shtab": ("cli",),
    "sqlite3": ("store",),
    "systemd": ("daemon",),
    "textual": ("cli",),
}
#: Plain tables, read by lockctl too, which starts without a bus.
WITHOUT_LIBRARIES = ("dbus.names", "dbus.shape")

#: Parts that decide or translate, and never act.
PURE = ("core", "wire")
IMPURE = {
    "asyncio", "concurrent", "contextvars", "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random",
    "secrets", "select", "selectors", "shutil", "signal", "socket", "subprocess", "sys", "tempfile", "threading",
    "time",
}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval"}

#: Half a millisecond for each class that they make, or more: not on the way to the first PIN.
SLOW = {"dataclasses", "enum", "inspect"}
BEFORE_READY = (*BASE, "core", "store", "gpio", "daemon", "__main__")


def trees(root: Path = ROOT) -> dict[str, ast.Module]:
    """Every module of lockd by its name below lockd ("" for lockd itself)."""
    found = {}
    for path in sorted((root / "lockd").rglob("*.py")):
        parts = path.relative_to(root / "lockd").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(), str(path))
    return found


def part(module: str) -> str:
    """The package, or the top-level module, that it belongs to."""
    return module.partition(".")[0]


def within(module: str, places: tuple[str, ...]) -> bool:
    """Whether the module is one of the places or inside of one."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def imports(tree: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each imported module with the names taken from it, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), tuple(alias.name for alias in node.names)


def own_imports(tree: ast.AST, known: Trees) -> set[str]:
    """The modules of lockd that are imported, named as in `trees`."""
    found = set()
    for module, names in imports(tree):
        if within(module, ("lockd",)):
            base = module[len("lockd."):]
            inner = {f"{base}.{name}".lstrip(".") for name in names}
            found |= (inner & known.keys()) or {base}
    return found


def functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each function with its number of lines, decorators and docstring included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, (node.end_lineno or first) - first + 1


def lines(tree: ast.Module) -> int:
    """How far down the last statement stands."""
    return max((node.end_lineno or 0 for node in tree.body), default=0)


def violations(known: Trees) -> list[str]:
    """Everything against the rules, one line each."""
    found = []
    for name, tree in known.items():
        complaints = [*_directions(name, tree, known), *_libraries(name, tree), *_purity(name, tree), *_form(tree)]
        found += [f"lockd.{name}".rstrip(".") + f": {complaint}" for complaint in complaints]
    return found + [f"a cycle: {' -> '.join(cycle)}" for cycle in cycles(known)]


def _directions(name: str, tree: ast.Module, known: Trees) -> Iterator[str]:
    if part(name) not in MAY_IMPORT:
        yield "a part that the rules do not know"
    for other in sorted(own_imports(tree, known) - {""}):
        if part(other) != part(name) and not within(other, MAY_IMPORT.get(part(name), ())):
            yield f"imports lockd.{other}"


def _libraries(name: str, tree: ast.Module) -> Iterator[str]:
    for module, _ in imports(tree):
        library = module.partition(".")[0]
        if module.startswith("."):
            yield f"imports {module} relatively"
        if library in OWNERS and (part(name) not in OWNERS[library] or name in WITHOUT_LIBRARIES):
            yield f"imports {library}"
        if library in SLOW and within(name, BEFORE_READY):
            yield f"imports {module}, which is slow"


def _purity(name: str, tree: ast.Module) -> Iterator[str]:
    if not within(name, PURE):
        return
    for module, _ in imports(tree):
        if module.partition(".")[0] in IMPURE:
            yield f"imports {module}, and is to be pure"
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield f"{node.name} is asynchronous, and is to be pure"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield f"calls {node.func.id}, and is to be pure"


def _form(tree: ast.Module) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield "does not say what it is for"
    if lines(tree) > MODULE_LINES:
        yield f"{lines(tree)} lines, more than {MODULE_LINES}"
    for name, length in functions(tree):
        if length > FUNCTION_LINES:
            yield f"{name} has {length} lines, more than {FUNCTION_LINES}"


def cycles(known: Trees) -> list[list[str]]:
    """Each way back to a module along its imports, once."""
    edges = {name: sorted(own_imports(tree, known) & known.keys()) for name, tree in known.items()}
    found: dict[frozenset[str], list[str]] = {}
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> None:
        if name in path:
            cycle = [*path[path.index(name):], name]
            found.setdefault(frozenset(cycle), cycle)
        elif name not in done:
            for other in edges[name]:
                walk(other, [*path, name])
            done.add(name)

    for name in edges:
        walk(name, [])
    return list(found.values())


def metrics(known: Trees) -> str:
    """Sizes in three lines, for people."""
    sizes = {name: lines(tree) for name, tree in known.items()}
    lengths = {f"{name}.{function}": length for name, tree in known.items() for function, length in functions(tree)}
    tests = sum(len(path.read_text().splitlines()) for path in (ROOT / "tests").rglob("*.py"))
    return "\n".join((
        f"{len(sizes)} modules, {sum(sizes.values())} lines: median {median(sizes.values()):.0f},"
        f" longest {_longest(sizes)}",
        f"{len(lengths)} functions: median {median(lengths.values()):.0f}, longest {_longest(lengths)}",
        f"{tests} lines of tests, {len(cycles(known))} import cycles",
    ))


def _longest(sizes: Mapping[str, int]) -> str:
    name = max(sizes, key=lambda each: sizes[each])
    return f"{sizes[name]} ({name})"


if __name__ == "__main__":
    print(metrics(trees()))
