"""What lockd itself says: whether it answers, of which version it is, and its own findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from lockd import __version__
from lockd.cli.connect import START, connected
from lockd.cli.doctor.finding import Finding, fault, ok, unchecked, warning
from lockd.cli.link import Lockd
from lockd.dbus.names import MANAGER, SIMULATOR
from lockd.errors import AccessDenied, LockdError, UnsupportedCommand
from lockd.value import Value
from lockd.words import Verdict


class Answer(Value):
    """`problem`: why lockd did not answer. `findings`: as Diagnose gives them, None if they are not for us."""

    problem: str = ""
    version: str = ""
    simulated: bool = False
    findings: tuple[Mapping[str, Any], ...] | None = None


async def ask(bus: str | None) -> Answer:
    """Of the lockd that is meant, if it runs: it is not started for this."""
    try:
        async with connected(bus, starts=False) as lockd:
            version = str(await lockd.get(MANAGER.name, "Version"))
            simulated = await _is_simulated(lockd)
            return Answer("", version, simulated, await _findings(lockd))
    except LockdError as error:
        return Answer(str(error))


async def _is_simulated(lockd: Lockd) -> bool:
    try:
        await lockd.get_all(SIMULATOR.name)
    except UnsupportedCommand:
        return False
    return True


async def _findings(lockd: Lockd) -> tuple[Mapping[str, Any], ...] | None:
    try:
        return tuple(await lockd.call(MANAGER.name, "Diagnose"))
    except AccessDenied:
        return None


def findings(answer: Answer) -> Iterator[Finding]:
    """All of it."""
    if answer.problem:
        yield fault(answer.problem.removesuffix(START).rstrip(":; "), START).but(check="answer")
        return
    yield _version(answer).but(check="version")
    if answer.findings is None:
        refused = unchecked("you may not read what lockd finds", "run it as root, or be a member of lockd-admin")
        yield refused.but(check="findings")
    for each in answer.findings or ():
        yield Finding(_state(each), str(each.get("text")), str(each.get("remedy", "")), check=str(each.get("part")))


def _state(finding: Mapping[str, Any]) -> Verdict:
    """lockd's word; an older one has only `ok`."""
    word = finding.get("state")
    known = next((each for each in get_args(Verdict) if each == word), None)
    return known or ("ok" if finding.get("ok") else "fault")


def _version(answer: Answer) -> Finding:
    if answer.version == __version__:
        return ok(f"lockd {__version__} answers")
    return warning(f"lockd {answer.version} runs, and this is lockctl {__version__}", "sudo systemctl restart lockd")
