"""Every key of lockd.toml in one table: where it goes, what it may be, what it means.

Reading, faults, `lockctl config show` and the example file's test all go by `KEYS`. Defaults are
not here: they are those of the classes in settings.py.
"""

from __future__ import annotations

from typing import get_args

from lockd.settings_rules import (
    AdapterName,
    Chip,
    DeviceFile,
    Flag,
    Input,
    Keyboard,
    KeySource,
    Lines,
    Matches,
    Name,
    Number,
    Output,
    Rule,
    Title,
    Whole,
    Window,
    Word,
    Words,
    Zone,
)
from lockd.value import Value
from lockd.words import OperatingMode, PINQuality, PowerSource, Service


class Key(Value):
    """One key. `path`: "section.key" as in the file; `meaning`: for people; `field`: its place
    in Settings, where that is not its path."""

    path: str
    rule: Rule
    meaning: str
    field: str = ""

    @property
    def place(self) -> str:
        """Where in Settings it is: "section.name", or "name"."""
        return self.field or self.path


KEYS = (
    Key("lock.auto_relock_s", Whole(0, 86400, "seconds"), "Lock again this long after unlocking; 0: never."),
    Key("lock.wrong_code_limit", Whole(1, 255), "So many wrong codes within the window start a lockout."),
    Key("lock.wrong_code_window_s", Whole(10, 86400, "seconds"), "A wrong code older than this is forgotten."),
    Key("lock.wrong_code_day_limit", Whole(1, 1000), "From so many wrong codes within a day on, each starts the longest"
        " lockout; a right code does not end this count."),
    Key("lock.lockout_s", Whole(1, 255, "seconds"), "The first lockout; each further one is twice as long."),
    Key("lock.lockout_max_s", Whole(1, 86400, "seconds"), "No lockout is longer than this."),
    Key("lock.pin_min", Whole(4, 10, "digits"), "The shortest PIN."),
    Key("lock.pin_max", Whole(4, 10, "digits"), "The longest PIN."),
    Key("lock.pin_quality", Word(get_args(PINQuality)), "PINs that are easy to guess, or one digit from another user's:"
        " taken, taken with a warning, or refused."),
    Key("lock.duress_digit", Flag(), "Whether a PIN with its last digit one higher opens under a silent alarm; for PINs"
        " that are set from then on."),
    Key("lock.require_pin_for_remote", Flag(), "Whether locking and unlocking over D-Bus need a PIN too."),
    Key("lock.expiring_timeout_min", Whole(1, 2880, "minutes"), "How long an expiring user lasts after the first use."),
    Key("lock.mode", Word(get_args(OperatingMode)), "The operating mode of a fresh lock."),
    Key("bolt.kind", Word(("motor", "strike")), "A motor on an H-bridge, or an electric strike."),
    Key("bolt.forward", Output(), "Throws the bolt out; for a strike: energises it."),
    Key("bolt.backward", Output(), "Draws the bolt in; a strike has none."),
    Key("bolt.enable", Output(), "The H-bridge's enable input, where it is not wired to on."),
    Key("bolt.locked", Input(), "On while the bolt is fully out."),
    Key("bolt.unlocked", Input(), "On while the bolt is fully in."),
    Key("bolt.travel_s", Number(0.1, 30, "seconds"), "The longest that a whole throw may take."),
    Key("bolt.retries", Whole(0, 10), "How often a throw that did not arrive is tried again."),
    Key("bolt.hold_s", Number(0.1, 60, "seconds"), "How long a strike is energised."),
    Key("bolt.latch", Output(), "Pulls the latch, on doors that have one."),
    Key("bolt.latch_hold_s", Number(0.1, 60, "seconds"), "How long the latch is pulled."),
    Key("door.contact", Input(), "On while the door is closed."),
    Key("door.ajar_s", Whole(0, 86400, "seconds"), "A door open longer than this is ajar; 0: never."),
    Key("tamper.contact", Input(), "On while the outer cover is off.", "tamper"),
    Key("inside.button", Input(), "On while the button on the inside is pressed; it unlocks in every mode.", "inside"),
    Key("spindle.contact", Input(), "On while a key turns in the cylinder.", "spindle"),
    Key("keypad.kind", Word(("none", "matrix")), "Which keypad there is."),
    Key("keypad.rows", Lines((4,), Output("low")), "The keypad's rows from top to bottom; lockd drives them."),
    Key("keypad.columns", Lines((3, 4), Input()), "Its columns from left to right; lockd reads them."),
    Key("keypad.timeout_s", Number(1, 120, "seconds"), "A code left unfinished this long is forgotten."),
    Key("keypad.programming", Flag(), "Whether who types a ProgrammingPIN gives, changes and takes away PINs at the"
        " keypad; no lock has such a PIN until somebody gives one."),
    Key("wiegand.data0", Input(), "Pulsed by a Wiegand keypad or card reader for each bit that is 0, through a level"
        " shifter."),
    Key("wiegand.data1", Input(), "The same for each bit that is 1."),
    Key("nfc.port", DeviceFile(), "The serial port or the I2C bus that a PN532 card reader is on; empty: none."),
    Key("nfc.irq", Input(), "On while a PN532 on I2C has something to say."),
    Key("hid.device", Keyboard(), "The USB keypad or card reader, which lockd takes for itself alone; empty: none."),
    Key("hid.kind", Word(("keypad", "card")), "Whether what it types are codes, or the numbers of cards."),
    Key("fingerprint.port", DeviceFile(), "The serial port that an R503 fingerprint sensor is on; empty: none."),
    Key("fingerprint.touch", Input(), "On while a finger touches it: its WAKEUP line."),
    Key("panel.buzzer", Output(), "A buzzer that sounds by itself while it is on."),
    Key("panel.green", Output(), "The green lamp."),
    Key("panel.red", Output(), "The red lamp."),
    Key("gpio.backend", Word(("lgpio", "mock")), "The Pi's own lines, or a modelled door without any hardware."),
    Key("gpio.chip", Chip(), "Which /dev/gpiochip has the header's lines; auto finds it by its label."),
    Key("gpio.debounce_ms", Whole(0, 500, "milliseconds"), "A contact counts once it has been still this long."),
    Key("users.max", Whole(1, 10000), "How many users fit. Who is above a number that was lowered stays, and can be"
        " changed and removed."),
    Key("users.credentials", Whole(1, 100), "How many credentials one user may have."),
    Key("users.schedules", Whole(1, 253), "How many schedules of a kind one user may have, and how many holidays the"
        " lock."),
    Key("users.rule_window_s", Number(1, 300, "seconds"), "Who needs two or three credentials shows all of them within"
        " this time."),
    Key("store.events", Whole(100, 10_000_000), "How many entries the audit trail keeps before the oldest go."),
    Key("store.key", KeySource(), "The key that seals the store: a systemd credential, else a file in the state"
        " folder (auto); the credential alone; or the file at this path."),
    Key("time.zone", Zone(), "The time zone of schedules; read at the start."),
    Key("time.trust", Word(("auto", "never")), "Whether a battery-backed clock or NTP makes the time trusted."),
    Key("power.battery", Name(("auto", "none")), "The battery that feeds the lock: all of this machine (auto), none,"
        " or one by its name."),
    Key("power.supplies", Matches((*get_args(PowerSource)[:-1], "ignore")), "What supplies are, where their udev"
        " properties do not say; the first that matches counts."),
    Key("power.low_percent", Number(2, 90, "percent"), "A battery below this is low."),
    Key("power.critical_percent", Number(1, 80, "percent"), "Below this it is critical: management is refused, services"
        " sleep, a PIN still opens."),
    Key("power.dead_percent", Number(0, 50, "percent"), "Below this it cannot move the bolt."),
    Key("power.low_volts", Number(0, 60, "volts"), "The same for a battery that says no percentage: below this it"
        " is low,"),
    Key("power.critical_volts", Number(0, 60, "volts"), "critical,"),
    Key("power.dead_volts", Number(0, 60, "volts"), "dead."),
    Key("power.usb_line", Input(), "On while there is power at the USB-C port, on boards without a driver for it."),
    Key("power.nine_volt_line", Input(), "On while a 9 V battery is held to its contacts."),
    Key("power.generator_line", Input(), "On while the generator's handle gives power."),
    Key("power.wireless_line", Input(), "On while a phone charges the lock."),
    Key("power.usb_window", Window(Number(0, 60, "volts")), "What the USB-C port has to give to drive the motor."),
    Key("power.pd_window", Window(Number(0, 60, "volts")), "The same where the port's driver says that the board's own"
        " charger has asked for the volts (USB Power Delivery). Where the motor hangs at the port itself: as"
        " usb_window."),
    Key("power.nine_volt_window", Window(Number(0, 60, "volts")), "The same of a 9 V battery."),
    Key("power.generator_window", Window(Number(0, 60, "volts")), "The same of the generator."),
    Key("power.wireless_window", Window(Number(0, 60, "volts")), "The same of wireless charging."),
    Key("power.mains_window", Window(Number(0, 60, "volts")), "The same of a power supply."),
    Key("power.unplugged_s", Number(0.1, 60, "seconds"), "Outside power that is away no longer than this was never"
        " away."),
    Key("power.stale_s", Whole(10, 86400, "seconds"), "A reading older than this is worth nothing."),
    Key("power.keypad_timeout_s", Number(1, 120, "seconds"), "keypad.timeout_s while emergency power feeds the lock."),
    Key("power.relock", Word(("with-energy", "always", "never")), "Whether the lock locks again by itself after it was"
        " unlocked on emergency power: only with energy for both ways, always, or never."),
    Key("power.sleep", Words(Word(get_args(Service))), "What sleeps while the battery is critical;"
        " phones not while somebody enabled has nothing else to open with."),
    Key("power.warn_days", Whole(1, 365, "days"), "The first warning comes this long before the battery is expected to"
        " be empty."),
    Key("ways.key", Flag(), "Whether a mechanical key opens the door."),
    Key("ways.thumbturn", Flag(), "Whether there is a thumbturn on the inside."),
    Key("ways.code", Input(), "On while the mechanical code wheel stands open."),
    Key("ways.hole", Input(), "On while a pin is in the emergency hole."),
    Key("ways.remote", Flag(), "Whether somebody can reach this machine from afar, by ssh say, and open with"
        " lockctl."),
    Key("ways.home", Flag(), "Whether a bolt that a hand left between its ends is thrown out again when the hand is"
        " gone and the door is seen closed."),
    Key("ways.drill_days", Whole(0, 3650, "days"), "Each emergency way is to be proved this often; 0: no reminder."),
    Key("phone.enabled", Flag(), "Whether phones may come over Bluetooth LE."),
    Key("phone.adapter", AdapterName(), "The Bluetooth adapter; auto takes the first one."),
    Key("phone.name", Title(20), "What people see of the lock on the air and in invitations. Anybody near can"
        " read it."),
    Key("phone.slow_ms", Whole(20, 10000, "milliseconds"), "Between two advertisements."),
    Key("phone.fast_ms", Whole(20, 10000, "milliseconds"), "The same while an invitation is open, and in the first"
        " minute of emergency power."),
    Key("phone.low_battery_ms", Whole(20, 10000, "milliseconds"), "The same while the battery is low."),
)

#: The rule of each path.
RULES = {key.path: key.rule for key in KEYS}
SECTIONS = tuple(dict.fromkeys(path.partition(".")[0] for path in RULES))
