"""What others import waits with its code until it is used; and nobody who uses it can tell."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lockd.lightly import changed, functions_of, in_place_of, make_whole, postpone

ROOT = Path(__file__).parent.parent


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A module `slowly`, and a package `slower` with one in it, that tell here when their code runs."""
    told: list[str] = []
    (tmp_path / "slowly.py").write_text("import sys\nsys.told.append(__name__)\nANSWER = 42\n")
    (tmp_path / "slower").mkdir()
    (tmp_path / "slower" / "__init__.py").write_text("import sys\nsys.told.append(__name__)\nANSWER = 43\n")
    (tmp_path / "slower" / "inner.py").write_text("ANSWER = 44\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "told", told, raising=False)
    yield told
    for name in ("slowly", "slower", "slower.inner"):
        sys.modules.pop(name, None)


def test_a_module_runs_when_it_is_first_used(told: list[str]) -> None:
    postpone("slowly")
    import slowly

    assert not hasattr(slowly, "__nothing__")
    assert told == []
    assert slowly.ANSWER == 42
    assert not hasattr(slowly, "nothing")
    postpone("slowly")
    assert told == ["slowly"]


def test_of_a_package_a_module_is_had_alone(told: list[str]) -> None:
    postpone("slower")
    from slower.inner import ANSWER

    assert (ANSWER, told) == (44, [])
    from slower import ANSWER as OUTER

    assert (OUTER, told) == (43, ["slower"])


def test_it_is_made_whole_once_and_what_is_not_there_is_left_to_whoever_wants_it(told: list[str]) -> None:
    postpone("slowly", "not_there_at_all")
    for _ in range(2):
        make_whole("slowly", "not_there_at_all")
    assert told == ["slowly"]
    assert "not_there_at_all" not in sys.modules


def test_modules_stand_in_for_others_meanwhile(told: list[str]) -> None:
    stand_in = ModuleType("slowly")
    with in_place_of({"slowly": stand_in, "slower": None}):
        import slowly

        assert slowly is stand_in
        with pytest.raises(ImportError):
            import slower  # noqa: F401
    assert sys.modules.keys().isdisjoint({"slowly", "slower"})


def test_a_stand_in_has_other_names_and_leaves_the_module_as_it_is(told: list[str]) -> None:
    with in_place_of({"slowly": changed("slowly", ANSWER=1)}):
        import slowly as other
    import slowly

    assert (other.ANSWER, other.sys, slowly.ANSWER, told) == (1, sys, 42, ["slowly"])


def test_a_function_brings_its_module_when_it_is_called() -> None:
    pure = functions_of("statistics")
    assert not hasattr(pure, "__path__")
    assert pure.mean([1, 3]) == 2


def test_on_the_way_to_ready_nothing_is_run_that_only_mistakes_or_handlers_need() -> None:
    """And asyncio is as whole as ever afterwards."""
    script = """
import sys
from lockd.__main__ import _import_lightly
_import_lightly()
import lockd.daemon.app
import lockd.gpio.loud
from lockd.settings_reading import table_of
assert table_of("[a]\\nb = [1, 2]", "here") == {"a": {"b": [1, 2]}}
unused = {"ast", "dis", "tokenize", "_ssl", "asyncio.sslproto", "asyncio.staggered", "importlib.metadata",
          "gpiozero.boards", "gpiozero.input_devices", "gpiozero.output_devices", "gpiozero.tones", "urllib.parse",
          "cryptography.hazmat.primitives.ciphers.base"}
assert not (there := unused & sys.modules.keys()), there
assert "TextWrapper" not in vars(sys.modules["textwrap"])
import asyncio, inspect, logging, pathlib, ssl, typing
assert typing.NamedTuple("Whole", [("field", int)])(1) == (1,)
import gpiozero
assert issubclass(gpiozero.Buzzer, gpiozero.output_devices.OutputDevice)
assert pathlib.Path("/a b").as_uri() == "file:///a%20b"
assert inspect.iscoroutinefunction(asyncio.sleep) and "ast" in sys.modules
async def main():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    assert await process.wait() == 0
asyncio.run(main())
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger().exception("as it is told")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
