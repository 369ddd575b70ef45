"""Who may call what, as literal rows: of each method and each property that can be set a call that does
something, and who it is done for. Whoever is not named in a row is refused. tests/package holds the rows
against the daemon's own table, so that none can be forgotten."""

from __future__ import annotations

from lockd.dbus.names import INTERFACES, SIMULATOR

#: Callers by the group they are in; a stranger is in none.
CALLERS = {"stranger": "", "dweller": "lockd", "keeper": "lockd-admin", "root": ""}

ALL: frozenset[str] = frozenset({"root", "keeper", "dweller"})
KEEPERS: frozenset[str] = frozenset({"root", "keeper"})
#: Others are asked for a password there, which nobody types here.
ROOT: frozenset[str] = frozenset({"root"})

#: interface.method -> its arguments as busctl takes them, and who may. In this order every call succeeds.
METHODS = {
    "Lock.UnlockDoor": ("a{sv} 0", ALL),
    "Lock.LockDoor": ("a{sv} 0", ALL),
    "Lock.UnlockWithTimeout": ("ua{sv} 60 0", ALL),
    "Lock.Home": ("", ALL),
    "Lock.UnboltDoor": ("a{sv} 0", ALL),
    "Users.SetUser": ("sua{sv} Add 9 0", KEEPERS),
    "Users.GetUser": ("u 9", KEEPERS),
    "Users.ListUsers": ("", KEEPERS),
    "Users.RatePIN": ("ayu 6 57 56 55 54 53 52 9", KEEPERS),
    "Users.SetCredential": ("ssuayua{sv} Add PIN 9 6 57 56 55 54 53 52 9 0", KEEPERS),
    "Users.SetWeekDaySchedule": ("uuyyyyy 1 9 127 8 0 17 30", KEEPERS),
    "Users.GetWeekDaySchedule": ("uu 1 9", KEEPERS),
    "Users.ClearWeekDaySchedule": ("uu 1 9", KEEPERS),
    "Users.SetYearDaySchedule": ("uutt 1 9 1800000000 1800086400", KEEPERS),
    "Users.GetYearDaySchedule": ("uu 1 9", KEEPERS),
    "Users.ClearYearDaySchedule": ("uu 254 9", KEEPERS),
    "Users.SetHolidaySchedule": ("utts 1 3800000000 3800086400 Vacation", KEEPERS),
    "Users.GetHolidaySchedule": ("u 1", KEEPERS),
    "Users.ClearHolidaySchedule": ("u 1", KEEPERS),
    "Users.ListSchedules": ("uu 0 65533", KEEPERS),
    "Users.Explain": ("ut 9 0", KEEPERS),
    "Users.GetCredentialStatus": ("su PIN 9", KEEPERS),
    "Users.ClearCredential": ("su PIN 9", KEEPERS),
    "Users.ClearUser": ("u 65534", KEEPERS),
    "Codes.CreateKey": ("", KEEPERS),
    "Codes.SetLabel": ("sssu spare once '' 1", KEEPERS),
    "Codes.RevokeLabel": ("s spare", KEEPERS),
    "Codes.RemoveLabel": ("s spare", KEEPERS),
    "Codes.RaiseEpoch": ("", KEEPERS),
    "Codes.ListLabels": ("", KEEPERS),
    "Codes.ListOpen": ("", KEEPERS),
    "Log.Read": ("tu 1 5", KEEPERS),
    "Log.Verify": ("", KEEPERS),
    "Power.Ways": ("", KEEPERS),
    "Power.History": ("u 30", KEEPERS),
    "Power.Drill": ("", KEEPERS),
    "Phones.CreateInvite": ("a{sv} 0", KEEPERS),
    "Phones.CancelInvite": ("s 00", KEEPERS),
    "Phones.List": ("", KEEPERS),
    "Phones.Revoke": ("s 00", KEEPERS),
    "Phones.Bar": ("s " + "00" * 16, KEEPERS),
    "Phones.ListBarred": ("", KEEPERS),
    "Phones.Unbar": ("s " + "00" * 16, KEEPERS),
    "Manager.Diagnose": ("", KEEPERS),
    "Manager.SetTime": ("t 1800000000", KEEPERS),
    "Manager.RotateKey": ("", KEEPERS),
    "Manager.FactoryReset": ("s 'erase everything'", ROOT),
}

#: busctl sends no file descriptors; whose right these are, is tried on a bus without a Pi.
HANDED = {"Manager.Backup", "Manager.Restore"}

#: Nobody is there who would show a card; whose right it is, is tried on a bus without a Pi.
ATTENDED = {"Users.Enrol"}

#: interface.property -> a value, and who may set it.
PROPERTIES = {
    "Lock.AutoRelockTime": ("u 0", KEEPERS),
    "Lock.WrongCodeEntryLimit": ("y 7", KEEPERS),
    "Lock.UserCodeTemporaryDisableTime": ("y 60", KEEPERS),
    "Lock.ExpiringUserTimeout": ("u 60", KEEPERS),
    "Lock.OperatingMode": ("s Normal", KEEPERS),
    "Lock.RequirePINforRemoteOperation": ("b false", KEEPERS),
}


def missing() -> set[str]:
    """What the daemon offers on the system bus and has no row here, or the other way round."""
    offered = {one.name.removeprefix("org.lockd1."): one for one in INTERFACES if one is not SIMULATOR}
    methods = {f"{name}.{method.name}" for name, one in offered.items() for method in one.methods}
    settable = {f"{name}.{kept.name}" for name, one in offered.items() for kept in one.properties if kept.write}
    return (methods ^ (METHODS.keys() | ATTENDED | HANDED)) | (settable ^ PROPERTIES.keys())


def script() -> str:
    """For a shell: makes every call, and says of each `<name> ok` or `<name> <what the bus said>`."""
    busctl = "busctl --system --timeout=40"
    calls = [
        f"try {name} {busctl} {verb} org.lockd1 /org/lockd1 org.lockd1.{name.replace('.', ' ')} {words}"
        for rows, verb in ((PROPERTIES, "set-property"), (METHODS, "call"))
        for name, (words, _) in rows.items()
    ]
    say = 'try() { name=$1; shift; said=$("$@" 2>&1 >/dev/null) && echo "$name ok" || echo "$name $said"; }'
    return "\n".join([say, *calls])
