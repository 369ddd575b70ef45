"""lockd as a process: start in the order that is safe, serve, reload, end.

Motor pins inactive, store open, keypad listening: READY. Only then D-Bus, which may be absent.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockd.core.effects import (
    Answer,
    Changed,
    DriveBolt,
    DriveLatch,
    Publish,
    ReadSupplies,
    Record,
    Show,
    Spare,
    StopBolt,
)  # fmt: skip
from lockd.core.events import ClockChanged, EffectFailed, Recorded, Sensed, SettingsLoaded, Started
from lockd.core.lock import Lock
from lockd.daemon import notify
from lockd.daemon.clock import Clock
from lockd.daemon.codes import Matcher
from lockd.daemon.desk import Desk
from lockd.daemon.digests import Digests
from lockd.daemon.hardware import Hardware
from lockd.daemon.health import Health
from lockd.daemon.journal import Journal
from lockd.daemon.keypad import Typing
from lockd.daemon.opening import open_store
from lockd.daemon.power import Power
from lockd.daemon.pump import Pump
from lockd.daemon.readers import Readers
from lockd.daemon.tries import Tries
from lockd.daemon.voice import Voice
from lockd.daemon.zone import Zone
from lockd.errors import ConfigurationError, LockdError
from lockd.lightly import make_whole
from lockd.reading import Reading
from lockd.settings import Settings, load
from lockd.value import Value
from lockd.words import Contact

if TYPE_CHECKING:
    from lockd.daemon.backups import Backups
    from lockd.daemon.drivers import Drivers

log = logging.getLogger("lockd")


class Options(Value):
    """The command line. `config` None: nothing but the built-in simulation."""

    config: Path | None
    state_dir: Path
    runtime_dir: Path
    bus: str
    simulate: bool


class Daemon:
    """One running lock. `ends` is given what has to be ended, the last begun first."""

    def __init__(self, options: Options, settings: Settings, ends: ExitStack) -> None:
        self.options = options
        self.settings = settings
        self._stop = asyncio.Event()
        self._broken = self._anew = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._inside_at = float("-inf")
        self.drivers: Drivers | None = None
        self.hardware = Hardware(settings, options.runtime_dir, options.state_dir, self)
        ends.callback(self.hardware.close)
        opened = open_store(options.state_dir, settings.store)
        self._known = not (opened.why_not or opened.snapshot.incomplete)  # whether that is everybody there is
        self.clock = Clock(settings.time, options.simulate, opened.newest)
        self.clock.remember(opened.snapshot)
        self.journal = Journal(opened.vault, opened.why_not, self._settled)
        ends.callback(self.journal.close)
        self.journal.last_seq = opened.snapshot.last_seq
        self.digests = Digests(opened.digester)
        ends.callback(self.digests.close)
        self.voice = Voice()
        self._phone_rows = {k: row.value for k, row in opened.snapshot.state.items() if k.startswith("phone:")}
        levels, self.zone = self.hardware.contacts.levels(), Zone(settings.time.zone)
        lock = Lock(settings, opened.snapshot, levels, self.clock.now(), self.zone)
        self.power = Power(
            self.hardware, settings.power, lambda event: self.pump.submit(event), lambda: self.health.tell()
        )
        matcher = Matcher(opened.digester, lock, self.clock.now)
        self.tries = tries = Tries(
            self.digests, matcher.presented, lambda event: self.pump.submit(event),
            lambda source: lock.lockout_remaining(source, self.clock.now()),
        )  # fmt: skip
        ends.callback(tries.close)
        show = self.hardware.panel.show
        self.typing = Typing(
            lambda: lock.keypad_timeout_s, tries, show, self.power.refresh
        )
        ends.callback(self.typing.close)
        self.readers = Readers(tries, self.typing.press, show, self.power.refresh, lambda: self.health.tell())
        ends.callback(self.readers.close)
        self.health = Health(
            lock, self.hardware, self.journal, self.digests, self.clock, self.voice, opened.why_not, self.power,
            self.readers,
        )
        self.pump = Pump(lock, self.clock.now, {
            Record: self.journal.write,
            DriveBolt: self.hardware.drive,
            StopBolt: self.hardware.stop,
            DriveLatch: self.hardware.latch,
            Show: self.hardware.show,
            Publish: self._publish,
            Changed: self._changed,
            Answer: self._answer,
            ReadSupplies: self.power.read,
            Spare: self._spare,
        }, self._break)  # fmt: skip
        ends.callback(self.pump.close)
        self.desk = Desk(
            settings, self.pump, self.journal, self.digests, matcher, self.clock, self.hardware.door,
            self.voice.changed, self.health.findings, self.health.degraded,
        )  # fmt: skip

    # What the hardware says (hardware.Listener) -------------------------------------------------

    def sensed(self, contact: Contact, on: bool | None) -> None:
        """A contact changed."""
        if contact == "inside" and on is not None:
            self._inside_at = self.clock.now().mono
        self.pump.submit(Sensed(contact, on))

    def troubled(self) -> None:
        """A line cannot be read, or can be again."""
        self.health.tell()

    def moved(self, bolt: float) -> None:
        """The modelled bolt. The mock backend may be had without --simulate, and then nobody is shown its door."""
        if self.options.simulate:
            self.voice.emit("org.lockd1.Simulator", "Moved", bolt)

    def modelled(self, values: Mapping[str, Any]) -> None:
        """The modelled door."""
        if self.options.simulate:
            self.voice.changed("org.lockd1.Simulator", values)

    def supply(self, reading: Reading) -> None:
        """A line, or the modelled supply."""
        self.power.supply(reading)

    # Sinks and answers --------------------------------------------------------------------------

    def _publish(self, effect: Publish) -> None:
        self.voice.publish(effect)
        gone = effect.entry.kind == "LockUserChange" or effect.entry.fields.get("alarm") == "LockFactoryReset"
        if gone and self.drivers is not None:
            self.drivers.tidy()
        if gone and self.desk.phones is not None:
            asyncio.get_running_loop().call_soon(self.desk.phones.look)

    def _changed(self, effect: Changed) -> None:
        self.voice.changed(effect.interface, effect.values)
        if self.desk.phones is not None and effect.interface == "org.lockd1.Power":
            asyncio.get_running_loop().call_soon(self.desk.phones.refresh)

    def _spare(self, effect: Spare) -> None:
        """The modelled world hangs on the bus, and would be out of everybody's reach without it."""
        log.info("asleep while power is short: %s", ", ".join(sorted(effect.services)) or "nothing")
        self.hardware.panel.mute(effect.services)
        if self.desk.phones is not None:
            self.desk.phones.sleep("phones" in effect.services)
        if self.voice.bus is not None and not self.options.simulate:
            self.voice.bus.sleep("bus" in effect.services)

    def _answer(self, effect: Answer) -> None:
        self.desk.answer(effect.request, effect.result, effect.last)

    def _settled(self, event: Recorded | EffectFailed) -> None:
        self.pump.submit(event)
        if isinstance(event, Recorded):
            self.voice.changed("org.lockd1.Log", {"LastSequence": event.seq})
            if self.desk.phones is not None:
                self.desk.phones.recorded()
        self.health.tell()

    # Life ---------------------------------------------------------------------------------------

    async def run(self) -> int:
        """From READY to the end; returns the exit status."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: self._break(context.get("exception", context["message"])))
        try:
            self.pump.submit(Started())
            self.power.ask()
            self.hardware.listen(self.typing.press, self.readers.reader)
            notify.ready(self.health.status())
            self._obey(loop)
            self._begin_late()
            await self._stop.wait()
        finally:
            (notify.reloading if self._anew else notify.stopping)()
            await self._leave()
        return 1 if self._broken else ANEW if self._anew else 0

    def _begin_anew(self) -> None:
        """The store has become another one under us."""
        log.info("the store was restored: lockd begins anew")
        self._anew = True
        self._stop.set()

    def _obey(self, loop: asyncio.AbstractEventLoop) -> None:
        """Signals: those that came since the start too."""
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _break(self, fault: object) -> None:
        """A mistake of our own. What is half done cannot be relied on: motor off, and out, so that
        systemd begins anew from what is on disk."""
        if not self._broken:
            trace = fault if isinstance(fault, Exception) else None
            log.critical("lockd made a mistake and ends: %r", fault, exc_info=trace)
        self._broken = True
        self._stop.set()
        with suppress(LockdError):
            self.hardware.motor.stop()

    def _begin_late(self) -> None:
        """What no PIN needs, imported only now."""
        from lockd.daemon.journald import log_to_journal
        from lockd.daemon.memory import give_back
        from lockd.dbus.bus import Bus

        make_whole("linecache", "textwrap")  # mistakes are told with them, even when no file can be opened any more
        log_to_journal()
        give_back()
        log.info("ready: %s", self.health.status())
        self._begin_readers()
        self.desk.backups = cache(self._backups)  # one for all, as only one may be under way
        self._begin_programming()
        bus = Bus(
            self.options.bus, self.desk, "polkit" if self.options.bus == "system" else "same-user",
            simulator=self.options.simulate, told=self.health.tell,
        )  # fmt: skip
        bus.sleep("bus" in self.pump.lock.spared and not self.options.simulate)
        self.voice.bus = bus
        self._spawn(self.power.watch())
        self._spawn(bus.run())
        if self.settings.phone.enabled:
            self._begin_phones()
        interval = notify.watchdog_s()
        if interval is not None:
            self._spawn(self.health.watch(interval, self._look_round))

    def _backups(self) -> Backups:
        from lockd.daemon.backups import Backups

        return Backups(
            lambda: self.settings, self.pump.lock, self.journal, self.clock, self.desk.ask, self.pump.hold,
            self._begin_anew,
        )  # fmt: skip

    def _begin_phones(self) -> None:
        """Without the store's key nobody's phone is known, and a key of the lock's own could not be kept."""
        from lockd.daemon.phone_book import PhoneBook
        from lockd.daemon.phone_commands import Shared
        from lockd.daemon.phones import Phones, lock_keys
        from lockd.dbus.connection import Connection

        if self.journal.vault is None:
            self.health.phones = lambda: "the store is not open"
            return
        book = PhoneBook(self._phone_rows)
        keys, made = lock_keys(book)
        if made is not None:
            self.pump.submit(made)
        shared = Shared(self.pump.lock, self.desk, self.digests, self.clock, book, keys, self.zone)
        phones = self.desk.phones = Phones(
            lambda receive: Connection.open("system", receive, BLUEZ_LARGEST), self.settings, shared,
            self.pump.submit, self.voice.changed, self.health.tell, self._spawn, self._inside_ago,
        )  # fmt: skip
        phones.sleep("phones" in self.pump.lock.spared)
        self.health.phones = lambda: phones.trouble
        self._spawn(phones.run())

    def _inside_ago(self) -> float | None:
        """Seconds since the inside button was pressed; None: there is none."""
        if self.settings.inside is None:
            return None
        held = self.hardware.contacts.levels().get("inside", False)
        return 0.0 if held else self.clock.now().mono - self._inside_at

    def _look_round(self) -> None:
        """Nobody tells when NTP has set the clock, nor when a line has died."""
        self.hardware.check()
        if self.clock.changed():
            self.pump.submit(ClockChanged())

    def _begin_readers(self) -> None:
        from lockd.daemon.drivers import Drivers
        from lockd.daemon.learning import Learning

        self.drivers = Drivers(self.hardware.pins, self.readers, lambda: learning.named() if self._known else None)
        learning = self.desk.learning = Learning(
            self.pump.lock, self.readers, self.drivers, self.desk.set_credential,
            lambda step: self.voice.emit(USERS, "EnrolProgress", step),
        )  # fmt: skip
        for run in self.drivers.begin(self.settings):
            self._spawn(run)

    def _begin_programming(self) -> None:
        from lockd.daemon.programming import Dialogue

        desk = self.desk
        self.tries.lines = Dialogue(
            self.pump.lock, lambda: desk.settings.lock, desk.enrolment, desk.type_line,
            lambda line: self.tries.type(line, False), self.hardware.panel.show,
        )  # fmt: skip

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part that ends by itself is a mistake of ours."""
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._break(fault)

    def _reload(self) -> None:
        """SIGHUP. A faulty file changes nothing."""
        if self.options.config is None:
            log.warning("there is no configuration file to read again")
            return
        notify.reloading()
        try:
            settings = load(self.options.config, self.options.simulate)
        except ConfigurationError as error:
            for fault in error.faults:
                log.error("not reloaded: %s", fault)
        else:
            self._take(settings)
        notify.ready(self.health.status())

    def _take(self, settings: Settings) -> None:
        """Pins and the store are claimed at start, so what names them stays as it was."""
        held = {name: getattr(self.settings, name) for name in FIXED}
        for name in ("door", "power", "ways", "keypad"):
            wired = {key: value for key, value in vars(getattr(self.settings, name)).items() if key in WIRED}
            held[name] = getattr(settings, name).but(**wired)
        stays = settings.but(**held)
        if stays != settings:
            changed = [name for name in held if getattr(stays, name) != getattr(settings, name)]
            log.warning("changed, but only a restart brings it: %s", ", ".join(f"[{name}]" for name in changed))
        self.settings = self.desk.settings = stays
        self.pump.submit(SettingsLoaded(stays))
        self.power.take(stays.power)
        self.voice.changed(USERS, self.desk.users_properties())
        log.info("the configuration was read again")

    async def _leave(self) -> None:
        """Motor off first; then nothing new from the bus. The rest is ended by `ends`."""
        with suppress(LockdError):
            self.hardware.motor.stop()
        self.tries.lines.close()
        if self.voice.bus is not None:
            await self.voice.bus.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


USERS = "org.lockd1.Users"
#: Bytes of the longest answer of BlueZ's, which knows every device that was ever near.
BLUEZ_LARGEST = 4 * 1024 * 1024
#: What `Daemon.run` gives when lockd is to begin anew.
ANEW = -1
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: Sections that are read once.
FIXED = (
    "bolt", "tamper", "inside", "spindle", "wiegand", "nfc", "hid", "fingerprint", "panel", "gpio", "store",
    "time", "phone",
)  # fmt: skip
#: Lines in other sections.
WIRED = (
    "contact", "code", "hole", "usb_line", "nine_volt_line", "generator_line", "wireless_line", "kind", "rows",
    "columns",
)  # fmt: skip


def run(options: Options, settings: Settings) -> int:
    """Until SIGTERM; returns the exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until READY, as asyncio imports much to handle one

    async def main() -> int:
        with ExitStack() as ends:
            daemon = Daemon(options, settings, ends)
            gc.freeze()  # all of that stays
            gc.enable()
            return await daemon.run()

    status = asyncio.run(main())
    if status == ANEW:  # the same process to whoever started it, with nothing of the old store in memory
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return status
