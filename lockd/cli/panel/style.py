"""Colours and places of the front panel, for 80x24 and for larger terminals."""

from __future__ import annotations

GREEN, RED, YELLOW, DIM = "#5af78e", "#ff5c57", "#f2c14e", "#5c6773"

CSS = """
Screen { background: #14181d; color: #d5dbe3; }
#title { height: 1; background: #f2c14e; color: #14181d; text-style: bold; padding: 0 1; }
#top { height: 12; }
Door { width: 1fr; height: 1fr; margin: 0 1 0 1; }
Keypad { width: 23; height: 1fr; border: round #5c6773; padding: 0 1; }
Keypad Lamps { height: 2; width: 1fr; }
Keypad Grid { grid-size: 3 4; grid-gutter: 1 1; grid-rows: 1; height: 7; margin: 1 0 0 0; }
Key { width: 1fr; height: 1; background: #2b3440; color: #ffffff; text-align: center; content-align: center middle; }
Key:hover { background: #3d4a5a; }
Key.pressed { background: #f2c14e; color: #14181d; }
Key.enter { background: #1f5134; }
Key.clear { background: #5a2a28; }
Key.enter.pressed, Key.clear.pressed { background: #f2c14e; }
Contacts { width: 23; height: 1fr; border: round #5c6773; padding: 0 1; }
#log { height: 1fr; border: round #5c6773; background: #14181d; padding: 0 1; scrollbar-size-vertical: 1;
    scrollbar-color: #43505f; scrollbar-background: #14181d; }
Status { height: 2; background: #242c36; }
KeyBar { height: 3; color: #8b96a3; padding: 0 1; link-color: #b3bcc7; link-style: none; link-background: #14181d;
    link-color-hover: #14181d; link-background-hover: #f2c14e; }
Keypad, Contacts, #log { border-title-color: #8b96a3; border-subtitle-color: #f2c14e; }

.-short #log { border: none; border-top: solid #5c6773; }
.-tall #top { height: 18; }
.-tall Keypad Grid { grid-rows: 3; grid-gutter: 0 1; height: 12; }
.-tall Key { height: 3; border-top: tall #43505f; border-bottom: tall #1b222b; }
.-tall Key.enter { border-top: tall #2f7a50; border-bottom: tall #12301f; }
.-tall Key.clear { border-top: tall #86403c; border-bottom: tall #361918; }
.-wide Contacts { width: 30; }
.-wide Keypad { width: 29; padding: 0 2; }
"""

#: Kind of an event -> its colour in the log.
COLOURS = {
    "LockOperation": "#5af78e", "LockOperationError": "#f2c14e", "DoorLockAlarm": "bold #ff5c57",
    "DoorStateChange": "#7fb2ff", "LockUserChange": "#c9a5ff", "System": "#8b96a3",
}
ERROR, OWN, HINT = "#ff9d5c", "#8b96a3", "bold #f2c14e"
