"""One child process of a simulation: its output in a file, ended before we end."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from lockd.cli.output import clean
from lockd.errors import Failure

#: How long a child may take to end when asked to.
PATIENCE_S = 5.0
#: Has the kernel end a child whose parent was killed (util-linux).
LEASH = ("setpriv", "--pdeathsig", "TERM", "--")


class NotServing(Failure):
    """A child did not start as it should. `said`: the end of its output."""

    def __init__(self, text: str, said: str) -> None:
        super().__init__(text)
        self.said = said


class Child:
    """A program, started with `start`. `name`: in messages; `log`: where its output goes."""

    def __init__(self, name: str, command: tuple[str, ...], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._env = {**os.environ, **(env or {})}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def ended(self) -> bool:
        """Whether it does not run."""
        return self._process is None or self._process.returncode is not None

    async def start(self, *arguments: str, pass_fds: tuple[int, ...] = ()) -> None:
        """Start it with further arguments, in a session of its own so that Ctrl-C reaches us
        alone. Raises Failure when it is not installed."""
        for program in (self._command[0], LEASH[0]):
            if shutil.which(program) is None:
                raise Failure(f"{self.name} cannot be started: {program} is not installed")
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *LEASH, *self._command, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                env=self._env, pass_fds=pass_fds, start_new_session=True,
            )  # fmt: skip

    async def wait(self) -> int:
        """Its exit status, once it has ended; negative: the signal that ended it."""
        return await self._process.wait() if self._process else 0

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        if self._process and self._process.returncode is None:
            self._process.kill()

    async def end(self) -> None:
        """Ask it to end, insist after PATIENCE_S, and wait."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def told(self, lines: int = 8) -> str:
        """The end of its output, for a message."""
        text = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"  {clean(line)}" for line in text[-lines:])

    def failure(self, what: str) -> NotServing:
        """An error that says what it did."""
        return NotServing(f"{self.name} {what}; its log is {self.log}", self.told())
