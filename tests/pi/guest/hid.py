"""A USB keypad as the kernel's input layer makes one: it types each line that is written to /run/hid, and enter."""

import os

import evdev
from evdev import ecodes

FIFO = "/run/hid"
KEYS = {digit: ecodes.ecodes[f"KEY_{digit}"] for digit in "0123456789"}


def press(keyboard: evdev.UInput, code: int) -> None:
    for value in (1, 0):
        keyboard.write(ecodes.EV_KEY, code, value)
        keyboard.syn()


os.mkfifo(FIFO)
try:
    with evdev.UInput({ecodes.EV_KEY: [*KEYS.values(), ecodes.KEY_ENTER]}, vendor=0x1234, product=0xABCD) as keyboard:
        while True:
            with open(FIFO) as lines:
                for line in lines:
                    for digit in line.strip():
                        press(keyboard, KEYS[digit])
                    press(keyboard, ecodes.KEY_ENTER)
finally:
    os.unlink(FIFO)
