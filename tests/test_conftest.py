"""The guard of conftest.py really fails a test that leaves something behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import shared_by

pytest_plugins = ("pytester",)

LEAVES = {
    "nothing": ("async def test_it(): await asyncio.create_task(asyncio.sleep(0))", None),
    "a task": (
        "async def test_it(): keep.append(asyncio.create_task(asyncio.Event().wait()))",
        "tasks left behind",
    ),
    "a task, under hypothesis": (
        "@given(st.booleans())\nasync def test_it(b): keep.append(asyncio.create_task(asyncio.Event().wait()))",
        "tasks left behind",
    ),
    "a thread": (
        "def test_it(): threading.Thread(target=threading.Event().wait, daemon=True, name='stray').start()",
        "threads left behind: stray",
    ),
    "a variable": (
        "def test_it(): os.environ['STRAY'] = 'here'",
        "variables left changed: STRAY",
    ),
    "a process": (
        "def test_it(): keep.append(subprocess.Popen(['sleep', '2']))",
        "processes left behind: sleep",
    ),
}


@pytest.mark.parametrize("what", LEAVES)
def test_a_test_that_leaves_something_behind_fails(what: str, pytester: pytest.Pytester) -> None:
    body, complaint = LEAVES[what]
    conftest = (Path(__file__).parent / "conftest.py").read_text().replace("GRACE_S = 2.0", "GRACE_S = 0.0")
    pytester.makeconftest(conftest)
    pytester.makepyfile(
        "import asyncio, os, subprocess, threading\n"
        "from hypothesis import given, strategies as st\n"
        f"keep = []\n{body}\n"
        "def teardown_module():\n"
        "    for child in keep:\n"
        "        if isinstance(child, subprocess.Popen): child.kill(); child.wait()\n"
    )
    result = pytester.runpytest_subprocess("--asyncio-mode=auto", "-p", "no:cacheprovider")
    if complaint is None:
        result.assert_outcomes(passed=1)
    else:
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines([f"*{complaint}*"])


def test_slow_tests_come_one_after_the_other_though_processors_share_the_tests(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    slow = pytester.mkpydir("tests").joinpath("slow")
    slow.mkdir()
    conftest = (Path(__file__).parent / "conftest.py").read_text()
    (slow.parent / "conftest.py").write_text(conftest)
    for name in "abcd":
        body = f"import os\ndef test_{name}(): open('{pytester.path}/seen', 'a').write(f'{{os.getpid()}}\\n')\n"
        (slow / f"test_{name}.py").write_text(body)
    pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider", "tests").assert_outcomes(passed=4)
    assert len(set((pytester.path / "seen").read_text().split())) == 1


def test_a_file_of_scenarios_goes_to_one_processor_and_a_fast_test_to_any() -> None:
    kill = "tests/pi/test_kill.py"
    assert shared_by(f"{kill}::test_a") == shared_by(f"{kill}::test_b") == kill
    assert shared_by("tests/pi/arm/test_motor.py::test_a") == shared_by("tests/pi/arm/test_start.py::test_b")
    assert shared_by("tests/core/test_core.py::test_a[1]") == "tests/core/test_core.py::test_a[1]"


def test_the_scenario_that_builds_the_disk_is_first_and_fast_tests_are_last(pytester: pytest.Pytester) -> None:
    expected = ["pi/test_backup.py", "slow/test_flood.py", "pi/test_pin.py", "core/test_core.py"]
    for name in reversed(expected):
        file = pytester.path / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("def test_it(): pass\n")
    (pytester.path / "tests/conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    shown = pytester.runpytest_subprocess("-q", "--collect-only", "-p", "no:cacheprovider", "tests").outlines
    order = [line.partition("::")[0].removeprefix("tests/") for line in shown if "::" in line]
    assert order == expected
