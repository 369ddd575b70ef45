"""The D-Bus API as data: every name, signature, right and explanation in one place.

The daemon answers, introspects and authorises by these tables; lockctl and the README's page are
written from them. A method that is not in a table does not exist; one without a right is refused.
"""

from __future__ import annotations

from lockd.dbus.shape import Interface, Method, Property, Signal, args
from lockd.words import SCHEDULES_AT_ONCE

BUS_NAME = "org.lockd1"
PATH = "/org/lockd1"
ERROR = "org.lockd1.Error."
ALL = 0xFFFE
ALL_SCHEDULES = 0xFE

#: Keys of the event dictionaries and their types.
EVENT_FIELDS = {
    "seq": "t", "time": "t", "kind": "s", "type": "s", "source": "s", "detail": "s", "error": "s", "alarm": "s",
    "state": "s", "phase": "s", "grant": "t", "user": "u", "credentials": "a(su)", "by": "s", "count": "u",
    "data_type": "s", "operation": "s", "index": "u", "property": "s", "value": "s",
    "power": "s", "level": "s", "percent": "d", "volts": "d", "seconds": "u", "throws": "u", "remaining": "u",
    "days": "u", "ways": "s", "watt_hours": "d", "label": "s",
}

#: Keys of the user dictionaries and their types.
USER_FIELDS = {
    "index": "u", "name": "s", "unique_id": "u", "status": "s", "type": "s", "rule": "s",
    "credentials": "a(su)", "spare": "a(su)", "duress": "a(su)", "limited": "a(su)", "creator": "s", "modifier": "s",
    "next": "u",
}

#: Options of the Lock methods.
OPERATION_OPTIONS = {"pin": "s", "wait": "b"}
#: Keys that SetUser takes.
SET_USER_OPTIONS = {"name": "s", "unique_id": "u", "status": "s", "type": "s", "rule": "s"}
#: Keys that SetCredential takes: the first two when it makes a new user.
SET_CREDENTIAL_OPTIONS = {
    "user_status": "s", "user_type": "s", "uses": "u", "from": "t", "until": "t", "spare": "b", "duress": "b",
}
#: Keys of GetCredentialStatus's answer.
STATUS_FIELDS = {
    "exists": "b", "user": "u", "creator": "s", "modifier": "s", "uses": "u", "left": "u", "from": "t", "until": "t",
    "spare": "b", "duress": "b", "duress_digit": "b", "next": "u",
}
#: Keys of Explain's answer.
EXPLANATION_FIELDS = {"allowed": "b", "reason": "s", "detail": "s", "next_open": "t", "until": "t"}
#: Keys of the answers of GetWeekDaySchedule, GetYearDaySchedule and GetHolidaySchedule.
WEEK_FIELDS = {"days": "y", "start_hour": "y", "start_minute": "y", "end_hour": "y", "end_minute": "y"}
YEAR_FIELDS = {"start": "t", "end": "t"}
HOLIDAY_FIELDS = {"start": "t", "end": "t", "mode": "s"}
#: Keys of ListSchedules's answers: those of the entry's kind.
SCHEDULE_FIELDS = {"type": "s", "user": "u", "index": "u", **WEEK_FIELDS, **HOLIDAY_FIELDS}
#: Options of Enrol.
ENROL_OPTIONS = {"timeout": "u"}
#: Keys of EnrolProgress.
ENROL_FIELDS = {"step": "s", "type": "s", "user": "u", "index": "u", "text": "s"}
#: Keys of Verify's answer.
REPORT_FIELDS = {"ok": "b", "first": "t", "last": "t", "bad": "t", "reason": "s"}
#: Keys of Diagnose's answers.
FINDING_FIELDS = {"part": "s", "state": "s", "ok": "b", "text": "s", "remedy": "s"}
#: Keys of Drill's and Ways's answers, of History's, and of PowerChange.
WAY_FIELDS = {"way": "s", "ready": "b", "why": "s", "proved": "t", "overdue": "b", "text": "s"}
SAMPLE_FIELDS = {"time": "t", "percent": "d", "volts": "d", "throws": "u"}
POWER_FIELDS = {"source": "s", "level": "s", "percent": "d", "voltage": "d", "session": "b"}

#: Keys of ListLabels's answers, and of ListOpen's.
LABEL_FIELDS = {"label": "s", "kind": "s", "lengths": "s", "accept": "u", "number": "u", "windows": "u"}
CODE_FIELDS = {"label": "s", "kind": "s", "start": "t", "end": "t", "length": "u"}

#: Keys that CreateInvite takes, and those of List's answers.
INVITE_OPTIONS = {"role": "s", "user": "u", "name": "s"}
PHONE_FIELDS = {
    "id": "s", "label": "s", "role": "s", "user": "u", "index": "u", "created": "t", "connected": "b",
}
#: Keys of ListBarred's answers.
BARRED_FIELDS = {"id": "s", "kind": "s"}

_OPTIONS = args("options a{sv}", OPERATION_OPTIONS)
_EVENT = args("event a{sv}", EVENT_FIELDS)

LOCK = Interface(
    "org.lockd1.Lock",
    "The lock itself: what it does, and what it sees.",
    methods=(
        Method("LockDoor", "operate", "Throw the bolt. Options: pin s, wait b (default true: reply when the bolt has"
               " arrived).", _OPTIONS),
        Method("UnlockDoor", "operate", "Draw the bolt, and pull the latch if there is one. Options as LockDoor.",
               _OPTIONS),
        Method("UnlockWithTimeout", "operate", "UnlockDoor, and lock again this many seconds after.",
               args("timeout u, options a{sv}", OPERATION_OPTIONS)),
        Method("UnboltDoor", "operate", "Draw the bolt and leave the latch alone. Options as LockDoor.", _OPTIONS),
        Method("Home", "operate", "Find the bolt's position again after a jam or a fault: to locked, or to unlocked"
               " while the door is open."),
    ),
    properties=(
        Property("LockState", "s", "What the bolt's own contacts say: NotFullyLocked, Locked, Unlocked, Unlatched or"
                 " Unknown."),
        Property("Motion", "s", "What the bolt is doing: Idle, Locking, Unlocking, Unlatching or Homing."),
        Property("Fault", "s", "What is wrong with the bolt: None, Jammed, Stalled, PositionUnknown, ActuatorDisabled"
                 " or PowerLost."),
        Property("DoorState", "s", "DoorOpen, DoorClosed, DoorForcedOpen, DoorAjar or Unknown."),
        Property("ActuatorEnabled", "b", "Whether the motor can be driven at all."),
        Property("OperatingMode", "s", "Normal, Vacation (from outside only by remote), Privacy (nothing from"
                 " outside), NoRemoteLockUnlock or Passage (no code needed, no relock); that of a holiday while it"
                 " lasts.", "configure"),
        Property("AutoRelockTime", "u", "Seconds from unlocking to locking again (at most 86400); 0: off.",
                 "configure"),
        Property("WrongCodeEntryLimit", "y", "Wrong codes within the window that start a lockout (1-255).",
                 "configure"),
        Property("UserCodeTemporaryDisableTime", "y", "Seconds of the first lockout (1-255); each further one is twice"
                 " as long, up to lock.lockout_max_s.", "configure"),
        Property("RequirePINforRemoteOperation", "b", "Whether LockDoor, UnlockDoor and their kin need a pin.",
                 "configure"),
        Property("ExpiringUserTimeout", "u", "Minutes that an ExpiringUser lasts after the first use (1-2880).",
                 "configure"),
        Property("LockoutRemaining", "u", "Seconds until the last lockout ends, whichever source (keypad, D-Bus)"
                 " tried too many wrong PINs; 0: none. Told when one begins and when all have ended."),
    ),
    signals=(
        Signal("LockOperation", "The bolt was moved, by whom and how.", _EVENT),
        Signal("LockOperationError", "A try to move it was refused or failed, and why.", _EVENT),
        Signal("DoorLockAlarm", "Something needs a person.", _EVENT),
        Signal("DoorStateChange", "The door's contact changed.", _EVENT),
    ),
)

USERS = Interface(
    "org.lockd1.Users",
    "Who may come in, and when. Indexes are 1-based; 0xFFFE means all, of schedules 0xFE. Secrets are write-only.",
    methods=(
        Method("SetUser", "manage", "Add or Modify a user. Fields: name s, unique_id u, status s, type s, rule s.",
               args("operation s, index u, fields a{sv}", SET_USER_OPTIONS)),
        Method("GetUser", "manage", "One user; a free place answers only index and next (the next one in use, 0:"
               " none).", args("index u"), args("user a{sv}", USER_FIELDS)),
        Method("ListUsers", "manage", "Every user. spare, duress and limited (in uses or time) name those of his"
               " credentials that are so.", (), args("users aa{sv}", USER_FIELDS)),
        Method("ClearUser", "manage", "Remove a user with his credentials and schedules; 0xFFFE: all, when"
               " called twice within 30 s: the first is a ConstraintError.", args("index u")),
        Method("SetCredential", "manage", "Add or Modify a credential: PIN or ProgrammingPIN (digits), RFID (a card's"
               " UID or number), Fingerprint (the sensor's slot, 2 bytes, big-endian) or Phone (the key of"
               " one that an invitation made known, to set its terms)."
               " User 0 makes a new user, and only then fields may hold user_status s and user_type s. The others:"
               " uses u (it opens so often, at most 255), from t and until t (only between these, in seconds since"
               " 1970), spare b (a spare PIN, at most 2 of a user), duress b (a PIN that opens under a silent alarm)."
               " What is not given stays as it was; 0 ends a limit. Setting it anew gives its uses back. Answers the"
               " user and the next free index.",
               args("operation s, type s, index u, data ay, user u, fields a{sv}", SET_CREDENTIAL_OPTIONS),
               args("user u, next u")),
        Method("RatePIN", "manage", "What is wrong with a PIN that this user (0: a new one) is to get, in words: it"
               " counts, it repeats, it is a date, it is one digit from somebody else's. Nothing is set or kept.",
               args("data ay, user u"), args("faults as")),
        Method("Enrol", "manage", "Give a user the next card that is shown (type RFID), or teach the sensor his finger"
               " (Fingerprint). EnrolProgress tells what to do meanwhile. Options: timeout u (seconds until somebody"
               " is there, 5 to 60, default 30). Answers the index of the new credential.",
               args("type s, user u, options a{sv}", ENROL_OPTIONS), args("index u")),
        Method("GetCredentialStatus", "manage", "exists b, user u, creator s, modifier s, uses u and left u (if they"
               " are limited), from t, until t (if there are such), spare b, duress b (a duress PIN), duress_digit b"
               " (it has a duress variant), next u. Never the data.",
               args("type s, index u"), args("status a{sv}", STATUS_FIELDS)),
        Method("ClearCredential", "manage", "Remove a credential; type \"\": of every type; index 0xFFFE: all, when"
               " called twice, as with ClearUser. A user's last one takes him along.", args("type s, index u")),
        Method("Explain", "manage", "Whether a user could come in at a time (seconds since 1970; 0: now): allowed b,"
               " reason s (a sentence), detail s (the record's word for it), next_open t (when his hours begin, where"
               " these keep him out) and until t (when they end), seconds since 1970; 0: never, or unknown.",
               args("user u, time t"), args("explanation a{sv}", EXPLANATION_FIELDS)),
        Method("SetWeekDaySchedule", "manage", "Hours of a user's week. days: those on which it begins: Sunday 1,"
               " Monday 2, Tuesday 4, Wednesday 8, Thursday 16, Friday 32, Saturday 64, added up; by the lock's clock."
               " An end before the start is past midnight, an equal one makes a whole day; the end itself is outside.",
               args("index u, user u, days y, start_hour y, start_minute y, end_hour y, end_minute y")),
        Method("GetWeekDaySchedule", "manage", "The values as they were set; NotFound for a free place.",
               args("index u, user u"), args("schedule a{sv}", WEEK_FIELDS)),
        Method("ClearWeekDaySchedule", "manage", "Remove it; index 0xFE: all of this user.", args("index u, user u")),
        Method("SetYearDaySchedule", "manage", "Days of a user's calendar, in seconds since 1970; the end itself is"
               " outside.", args("index u, user u, start t, end t")),
        Method("GetYearDaySchedule", "manage", "As GetWeekDaySchedule.", args("index u, user u"),
               args("schedule a{sv}", YEAR_FIELDS)),
        Method("ClearYearDaySchedule", "manage", "As ClearWeekDaySchedule.", args("index u, user u")),
        Method("SetHolidaySchedule", "manage", "Another operating mode from start to end, in seconds since 1970. Of"
               " several at once the lowest index counts. A mode that is set while it lasts holds at once, and stays.",
               args("index u, start t, end t, mode s")),
        Method("GetHolidaySchedule", "manage", "As GetWeekDaySchedule.", args("index u"),
               args("schedule a{sv}", HOLIDAY_FIELDS)),
        Method("ClearHolidaySchedule", "manage", "Remove it; 0xFE: all.", args("index u")),
        Method("ListSchedules", "manage", "Every entry of the users from index `first` to `last`; those of 0 are the"
               " holidays. By user, type and index: type s (WeekDaySchedule, YearDaySchedule or HolidaySchedule), user"
               " u, index u, and the values as they were set. With the user who makes it"
               f" {SCHEDULES_AT_ONCE} entries or more an answer ends: ask again from the next one.",
               args("first u, last u"), args("schedules aa{sv}", SCHEDULE_FIELDS)),
    ),
    properties=(
        Property("NumberOfTotalUsersSupported", "u", "Users that fit."),
        Property("NumberOfPINUsersSupported", "u", "PINs that fit."),
        Property("NumberOfRFIDUsersSupported", "u", "Cards that fit."),
        Property("NumberOfCredentialsSupportedPerUser", "u", "Credentials that one user may have."),
        Property("NumberOfWeekDaySchedulesSupportedPerUser", "u", "Schedules of the week that one user may have."),
        Property("NumberOfYearDaySchedulesSupportedPerUser", "u", "Schedules of the calendar that one user may have."),
        Property("NumberOfHolidaySchedulesSupported", "u", "Holidays that fit."),
        Property("MinPINCodeLength", "y", "The fewest digits of a PIN."),
        Property("MaxPINCodeLength", "y", "The most digits of a PIN."),
        Property("MinRFIDCodeLength", "y", "The fewest bytes of a card's data."),
        Property("MaxRFIDCodeLength", "y", "The most bytes of a card's data."),
        Property("PINQuality", "s", "What is done about a PIN that is easy to guess: allow, warn (SetCredential takes"
                 " it, and RatePIN says why not to) or refuse."),
    ),
    signals=(
        Signal("LockUserChange", "A user, a credential or a schedule was added, changed or removed.", _EVENT),
        Signal("EnrolProgress", "What Enrol waits for: step s (present: show the card or lay the finger down; lift it;"
               " again: lay it down once more; done; failed), type s, user u; index u when done, text s when failed.",
               args("progress a{sv}", ENROL_FIELDS)),
    ),
)

CODES = Interface(
    "org.lockd1.Codes",
    "Codes granted from afar: made by whoever holds the issuing key, while the lock is off-line (docs/codes.md).",
    methods=(
        Method("CreateKey", "manage", "Make a new issuing key, of 32 bytes. It is answered this once; every code that"
               " was made with the one before is void.", (), args("key ay")),
        Method("RaiseEpoch", "manage", "Every code there is is void; those to come are made for the new epoch."),
        Method("SetLabel", "manage", "Add or change a label. Kind: once, span or weekly; lengths: the hours that its"
               " codes may last, ascending, with commas (none for once); accept: hours from its start within which a"
               " code has to be used first.", args("label s, kind s, lengths s, accept u")),
        Method("RevokeLabel", "manage", "Every code of this label is void; those to come carry its new number.",
               args("label s")),
        Method("RemoveLabel", "manage", "The same, and there are none to come.", args("label s")),
        Method("ListLabels", "manage", "Every label: label s, kind s, lengths s, accept u, number u, windows u (how"
               " many it keeps waiting at a time; all together 56 at the most).", (),
               args("labels aa{sv}", LABEL_FIELDS)),
        Method("ListOpen", "manage", "Every code that was used first and goes on: label s, kind s, start t, end t"
               " (seconds since 1970), length u (hours).", (), args("codes aa{sv}", CODE_FIELDS)),
    ),
    properties=(
        Property("Key", "s", "The name of the issuing key; empty: there is none."),
        Property("Epoch", "u", "What codes are made for now; 0: there is no issuing key."),
    ),
)

LOG = Interface(
    "org.lockd1.Log",
    "The audit trail.",
    methods=(
        Method("Read", "read-log", "Up to `max` entries (at most 1000), from number `from` on, that one included.",
               args("from t, max u"), args("events aa{sv}", EVENT_FIELDS)),
        Method("Verify", "read-log", "Walk the whole chain: ok b, first t, last t, bad t (0: none), reason s.", (),
               args("report a{sv}", REPORT_FIELDS)),
    ),
    properties=(Property("LastSequence", "t", "The number of the newest entry; 0: none."),),
)

POWER = Interface(
    "org.lockd1.Power",
    "What feeds the lock, how long it will, and the ways in when it does not.",
    methods=(
        Method("Drill", "configure", "Begin a drill: each emergency way that is used within the next 10 minutes is"
               " recorded as proved. Answers all of them, as Ways does.", (), args("ways aa{sv}", WAY_FIELDS)),
        Method("Ways", "read-log", "Every emergency way of this lock: way s, ready b, why s (it is not), proved t"
               " (seconds since 1970; 0: never), overdue b, text s (how).", (), args("ways aa{sv}", WAY_FIELDS)),
        Method("History", "read-log", "The battery over time, oldest first: time t (seconds since 1970), percent d,"
               " volts d, throws u (so far).", args("days u"), args("samples aa{sv}", SAMPLE_FIELDS)),
    ),
    properties=(
        Property("Source", "s", "What feeds the lock: Mains, Battery, EmergencyUsb, Emergency9V, Generator, Wireless or"
                 " Unknown."),
        Property("BatteryLevel", "s", "Ok, Low, Critical, Dead or Unknown."),
        Property("BatteryPercent", "d", "0 to 100; not a number while unknown."),
        Property("Voltage", "d", "Volts of what feeds the lock; not a number while unknown."),
        Property("ReadingAge", "u", "Seconds since that was read; 4294967295: never.", changes="false"),
        Property("RemainingOperations", "u", "Throws that the battery is good for, estimated low; 4294967295:"
                 " unknown."),
        Property("RemainingOperationsMost", "u", "The same, estimated high."),
        Property("RemainingDays", "u", "Days until the battery is empty at the pace so far; 4294967295: unknown."),
        Property("SessionActive", "b", "Whether emergency power feeds the lock because the battery cannot."),
        Property("DrillOverdue", "b", "Whether an emergency way was never proved to work, or not for too long."),
        Property("Throws", "u", "Throws of the motor in its life.", changes="false"),
        Property("MotorSeconds", "u", "Seconds that it was on for them.", changes="false"),
        Property("ThrowsPerDay", "d", "Throws a day of late; not a number while unknown.", changes="false"),
        Property("DrainPerDay", "d", "Percent a day that the battery lost of late, with all that it fed; not a number"
                 " while unknown.", changes="false"),
    ),
    signals=(
        Signal("PowerChange", "The source, the level or the session changed: source s, level s, percent d, voltage d,"
               " session b; absent where unknown.", args("power a{sv}", POWER_FIELDS)),
    ),
)

PHONES = Interface(
    "org.lockd1.Phones",
    "Phones over Bluetooth LE. They are off until [phone] says otherwise.",
    methods=(
        Method("CreateInvite", "manage", "Open an invitation for one phone, for 120 s and in place of any other one."
               " Options: role s (owner, admin or user, which is usual), user u (whose phone it is; 0: a new user),"
               " name s (of the new user). The first owner is invited with the inside button held, or let go within"
               " 30 s. Answers what is to be shown as a QR code, which is a secret, and the invitation's number.",
               args("options a{sv}", INVITE_OPTIONS), args("uri s, id s")),
        Method("CancelInvite", "manage", "Close it unused.", args("id s")),
        Method("List", "manage", "Every phone that may come in: id s, label s, role s, user u, index u (of its"
               " credential of type Phone), created t (seconds since 1970), connected b. A guest (no label, index 0)"
               " has opened with a pass of the user's.", (), args("phones aa{sv}", PHONE_FIELDS)),
        Method("Revoke", "manage", "Forget a phone, and end its session if it is connected. A user's last credential"
               " takes him along. A guest is barred, as by Bar.", args("id s")),
        Method("Bar", "manage", "Let no pass of a guest hold any more, whoever signs it, or one pass alone, be it used"
               " yet or not; his session ends. id: the guest's public key (64 of 0-9 and a-f) or the pass's number (32"
               " of them). ResourceExhausted: 256 are barred already.", args("id s")),
        Method("Unbar", "manage", "Let them hold again, but for what a list or the epoch made void. id: as ListBarred"
               " tells it.", args("id s")),
        Method("ListBarred", "manage", "Every guest and pass that is barred, the latest last: id s (as for Bar; a"
               " guest's id in List is how it begins), kind s (guest or pass).", (),
               args("barred aa{sv}", BARRED_FIELDS)),
    ),
    properties=(
        Property("Advertising", "b", "Whether phones can find the lock now."),
        Property("AdapterPresent", "b", "Whether there is a Bluetooth adapter for it."),
    ),
)

MANAGER = Interface(
    "org.lockd1.Manager",
    "lockd itself.",
    methods=(
        Method("Diagnose", "read-log", "What lockd knows about its own health: part s, state s (ok, warning, fault or"
               " unchecked), ok b (neither warning nor fault), text s, remedy s.", (),
               args("findings aa{sv}", FINDING_FIELDS)),
        Method("SetTime", "configure", "The owner's word for the time, in seconds since 1970: trusted until the next"
               " boot.", args("time t")),
        Method("RotateKey", "configure", "Make a new data key and seal everything with it again."),
        Method("Backup", "reset", "Write the store but for its log, sealed, into one end of a pair of stream sockets."
               " The caller has written the header and the 32 bytes of the key to its other end, and reads there the"
               " length (4 bytes, big-endian) and the backup.", args("handle h")),
        Method("Restore", "reset", "Verify a backup and tell what it would do; then do it, and begin anew. The caller"
               " has written the key, the length and the backup to its end, and reads the length and text of what would"
               " be done (JSON). Only if it then writes the word \"restore\" is it done; if it ends there, nothing is.",
               args("handle h")),
        Method("FactoryReset", "reset", "Erase every user, credential, schedule and setting kept in the store. The word"
               " must be \"erase everything\". The audit trail stays and says so.", args("word s")),
    ),
    properties=(
        Property("Version", "s", "lockd's version.", changes="const"),
        Property("TimeState", "s", "What the clock is worth: Trusted, Floor or Unknown.", changes="false"),
        Property("Degraded", "as", "What does not work now, one line each; empty: all is well."),
    ),
)

SIMULATOR = Interface(
    "org.lockd1.Simulator",
    "Hands on the modelled door. Only with --simulate.",
    methods=(
        Method("Press", "any", "Press keys: 0-9, # enters, * clears.", args("keys s")),
        Method("PresentCard", "any", "Hold a card with this data to the reader. Where Wiegand lines are wired it is in"
               " ASCII: W26-FFF-NNNNN, W34-FFFFF-NNNNN or W37-FFFFF-NNNNNN (facility and card number).",
               args("data ay")),
        Method("OpenDoor", "any", "Pull the door open; by force if the bolt is out."),
        Method("CloseDoor", "any", "Push it shut."),
        Method("TurnKey", "any", "Turn the mechanical key: lock or unlock.", args("direction s")),
        Method("TurnThumb", "any", "Turn the thumbturn on the inside: lock or unlock.", args("direction s")),
        Method("OpenCodeWheel", "any", "Dial the mechanical code, which draws the bolt, or put the wheel out of it.",
               args("open b")),
        Method("PushPin", "any", "Push a pin into the emergency hole, which draws the bolt, or pull it out.",
               args("in b")),
        Method("Jam", "any", "Put something in the bolt's way, or take it away.", args("jammed b")),
        Method("SetBattery", "any", "What the battery gives: percent of its charge, and volts at rest.",
               args("percent d, volts d")),
        Method("SetWear", "any", "How worn the battery is: 1 new; 2: all costs twice the percent.", args("factor d")),
        Method("SetGauge", "any", "How its fuel gauge works: ok, silent (answers, but says nothing by itself), frozen,"
               " absurd or absent.", args("mode s")),
        Method("PassTime", "any", "Let hours pass at rest: the battery runs down, or is charged.", args("hours u")),
        Method("Plug", "any", "Plug in outside power: EmergencyUsb, Emergency9V, Generator, Wireless or Mains."
               " Negative volts: the wrong way round.", args("source s, volts d")),
        Method("Crank", "any", "Turn the generator's handle for so many seconds.", args("seconds d")),
        Method("Flap", "any", "The plug's contact comes and goes so often, within a millisecond each time.",
               args("times u")),
        Method("Unplug", "any", "Pull it out."),
        Method("Loosen", "any", "Plug it in loosely: it slips out in the middle of the next throw."),
        Method("Tamper", "any", "Take the outer cover off, or put it back.", args("removed b")),
        Method("PressInside", "any", "Press the button on the inside."),
        Method("SetTimeState", "any", "What the clock is worth: Trusted, Floor or Unknown.", args("state s")),
    ),
    properties=(
        Property("Bolt", "d", "Where the bolt is: 0 locked, 1 unlocked."),
        Property("DoorOpen", "b", "Whether the modelled door stands open."),
        Property("Jammed", "b", "Whether something is in the bolt's way."),
        Property("CoverOff", "b", "Whether the outer cover is off."),
        Property("CodeWheelOpen", "b", "Whether the mechanical code is dialled."),
        Property("PinInHole", "b", "Whether a pin is in the emergency hole."),
        Property("MotorOn", "b", "Whether the motor turns."),
        Property("Buzzer", "b", "Whether the buzzer sounds."),
        Property("Green", "b", "Whether the green lamp is lit."),
        Property("Red", "b", "Whether the red lamp is lit."),
        Property("Charge", "d", "The battery's charge in percent, whatever its gauge says."),
        Property("Volts", "d", "What it gives at this moment."),
        Property("Wear", "d", "How worn it is: 1 new."),
        Property("Gauge", "s", "How its fuel gauge works."),
        Property("Plugged", "s", "What is plugged in from outside; empty: nothing."),
        Property("PluggedVolts", "d", "What that gives; negative: the wrong way round."),
    ),
    signals=(Signal("Moved", "The bolt is here: 0 locked, 1 unlocked.", args("bolt d")),),
)

INTERFACES = (LOCK, USERS, CODES, LOG, POWER, PHONES, MANAGER, SIMULATOR)
