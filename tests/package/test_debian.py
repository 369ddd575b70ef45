"""The package's own files agree with lockd, and with each other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lockd import RELEASED, __version__
from lockd.errors import ConfigurationError
from lockd.settings import KEYS, load

ROOT = Path(__file__).parents[2]
DEBIAN = ROOT / "debian"
SCRIPTS = ("lockd.postinst", "lockd.postrm", "build", "check", "tests/simulation", "tests/service")
#: What Debian calls otherwise.
OTHER_NAMES = {"systemd-python": "systemd", "pyserial": "serial"}
RESTRICTIONS = {"allow-stderr", "needs-root", "isolation-container", "breaks-testbed"}
MANUAL = (DEBIAN / "lockd.8").read_text()


def changelog() -> re.Match[str]:
    found = re.match(r"lockd \((\S+)\) (\w+); .*?\n -- .*?>  (.*?)\n", (DEBIAN / "changelog").read_text(), re.DOTALL)
    assert found is not None
    return found


def purge(folder: Path, *, asked: bool = False, action: str = "purge") -> str:
    """What postrm says, when it is run on a machine whose files are in the folder."""
    script = (DEBIAN / "lockd.postrm").read_text()
    for place in ("/var/lib/lockd", "/etc/lockd", "/run/credstore.encrypted"):
        assert place in script
        (folder / place[1:]).mkdir(parents=True, exist_ok=True)
        script = re.sub(rf"(?<![\w/]){place}", f"{folder}{place}", script)
    environment = {"PATH": "/usr/bin:/bin", **({"LOCKD_PURGE_STORE": "yes"} if asked else {})}
    done = subprocess.run(
        ["sh", "-s", action], input=script, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A machine with a store and its key, after dpkg has removed the conffiles."""
    for file in ("var/lib/lockd/lockd.keys", "var/lib/lockd/lockd.db", "etc/lockd/lockd.key"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


def test_the_changelog_has_lockds_version() -> None:
    assert changelog()[1] == __version__


def test_the_changelog_has_the_day_of_the_release() -> None:
    said = subprocess.run(["date", "-d", changelog()[3], "+%s"], capture_output=True, text=True, check=True)
    assert int(said.stdout) * 1_000_000 == RELEASED


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_are_faultless_shell(script: str) -> None:
    subprocess.run(["sh", "-n", DEBIAN / script], check=True)


def test_a_fresh_lock_is_not_wired(tmp_path: Path) -> None:
    """What debian/rules makes of the example: it names what has to be wired, and drives no pin."""
    rules = (DEBIAN / "rules").read_text()
    command = re.search(r"^\tsed -E '(.*)' docs/lockd.toml >build/lockd.toml$", rules, re.MULTILINE)
    assert command is not None
    made = subprocess.run(["sed", "-E", command[1], ROOT / "docs/lockd.toml"], capture_output=True, check=True)
    (tmp_path / "lockd.toml").write_bytes(made.stdout)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "lockd.toml")
    assert [re.search(r"\[bolt\] (\w+): missing", fault)[1] for fault in caught.value.faults] == [  # type: ignore[index]
        "forward", "backward", "locked",
    ]  # fmt: skip


def test_purging_keeps_the_store_and_says_how_to_delete_it(used: Path) -> None:
    said = purge(used)
    assert f"deleting the settings, {used}/etc/lockd/lockd.toml" in said
    assert (used / "var/lib/lockd/lockd.db").exists()
    assert (used / "etc/lockd/lockd.key").exists()
    assert f"rm -r {used}/var/lib/lockd {used}/etc/lockd/lockd.key" in said


def test_purging_deletes_the_store_if_asked_and_says_so(used: Path) -> None:
    said = purge(used, asked=True)
    assert not (used / "var/lib/lockd").exists()
    assert not (used / "etc/lockd").exists()
    assert "deleting" in said


def test_purging_a_lockd_that_never_ran_leaves_nothing(tmp_path: Path) -> None:
    assert purge(tmp_path).splitlines() == [f"lockd: deleting the settings, {tmp_path}/etc/lockd/lockd.toml"]
    assert not (tmp_path / "var/lib/lockd").exists()
    assert not (tmp_path / "etc/lockd").exists()


@pytest.mark.parametrize("gone", ["var/lib/lockd", "var/lib/lockd/lockd.keys", "etc/lockd/lockd.key"])
def test_purging_keeps_what_is_left_of_a_store_whose_disk_may_not_be_mounted(used: Path, gone: str) -> None:
    lost = used / gone
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    before = sorted(path for path in used.rglob("*") if path.is_file())
    assert "keeping" in purge(used)
    assert sorted(path for path in used.rglob("*") if path.is_file()) == before


@pytest.mark.parametrize("action", ["remove", "upgrade", "abort-install"])
def test_nothing_but_a_purge_touches_the_store(used: Path, action: str) -> None:
    assert purge(used, asked=True, action=action) == ""
    assert (used / "var/lib/lockd/lockd.db").exists()
    assert (used / "etc/lockd/lockd.key").exists()


def test_the_way_to_a_whole_purge_is_in_the_manual() -> None:
    assert "LOCKD_PURGE_STORE=yes" in MANUAL


def debians(requirement: str) -> str:
    """The distribution's name of a Python package."""
    name = re.match(r"[a-z0-9-]+", requirement)
    assert name is not None
    return f"python3-{OTHER_NAMES.get(name[0], name[0])}"


def test_every_library_is_depended_on_by_its_debian_name() -> None:
    """dh_python3 makes the Depends of those without which nothing works; they have to be there when it is built."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    source, binary = (DEBIAN / "control").read_text().split("\n\n")
    assert "${python3:Depends}" in binary
    more = {debians(one) for name, extra in project["optional-dependencies"].items() if name != "test" for one in extra}
    assert [name for name in map(debians, project["dependencies"]) if f"\n {name}" not in source] == []
    assert [name for name in more if f"\n {name},\n" not in binary] == []
    assert "python3-lgpio" in binary.partition("Recommends:")[2].partition("Suggests:")[0]


def test_autopkgtest_finds_what_it_is_told_to_run() -> None:
    """Fields and words: autopkgtest's README.package-tests."""
    found = set()
    for stanza in (DEBIAN / "tests/control").read_text().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines())
        assert fields["Depends"] == "@"
        assert set(fields["Restrictions"].split(", ")) <= RESTRICTIONS
        found |= {DEBIAN / "tests" / name for name in fields["Tests"].split(", ")}
    assert found == set((DEBIAN / "tests").iterdir()) - {DEBIAN / "tests/control"}
    assert all(os.access(path, os.X_OK) for path in found)


def test_everything_of_the_service_and_everything_that_is_made_is_installed() -> None:
    taken = [line.split()[0] for file in ("lockd.install", "lockd.manpages") for line in
             (DEBIAN / file).read_text().splitlines()]  # fmt: skip
    found = {file for source in taken for path in ROOT.glob(source) for file in (path, *path.rglob("*"))}
    assert {path for path in (ROOT / "systemd").rglob("*") if path.is_file()} - found == set()
    made = re.findall(r" >(build/\S+)$", (DEBIAN / "rules").read_text(), re.MULTILINE)
    assert {source for source in taken if source.startswith("build/")} == set(made)


def test_every_page_comes_with_the_package() -> None:
    pages = {"README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").iterdir() if path.suffix != ".toml")}
    assert set((DEBIAN / "lockd.docs").read_text().split()) == pages
    assert (DEBIAN / "lockd.examples").read_text() == "docs/lockd.toml\n"


def test_the_daemons_manual_tells_every_option() -> None:
    from lockd.__main__ import USAGE

    plain = MANUAL.replace("\\", "")
    for option in re.findall(r"^  (--[a-z-]+)", USAGE, re.MULTILINE):
        assert option in plain


def test_the_settings_manual_tells_every_key() -> None:
    made = subprocess.run(
        [sys.executable, DEBIAN / "settings-manual"], capture_output=True, text=True, check=True
    ).stdout.replace("\\-", "-")
    for key in KEYS:
        section, _, name = key.path.partition(".")
        assert f".B {name}\n" in made.partition(f".SS [{section}]\n")[2].partition(".SS")[0]


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_the_manuals_are_faultless_roff() -> None:
    command = [sys.executable, DEBIAN / "settings-manual"]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for page in (MANUAL, made):
        drawn = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, text=True, check=True
        )
        assert [line for line in drawn.stderr.splitlines() if "break" not in line and "adjust" not in line] == []
