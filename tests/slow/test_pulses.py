"""A million inputs of pulses at a Wiegand reader's lines, and of contacts at a matrix keypad: no exception, no false
credential (tests/gpio/noise.py, tests/gpio/chords.py).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.gpio import chords
from tests.gpio.noise import fuzz
from tests.gpio.wiegand import Rig

INPUTS = int(os.environ.get("LOCKD_PULSE_INPUTS", "1000000"))
SEED = int(os.environ.get("LOCKD_SEED", "1"))

pytestmark = pytest.mark.slow


def test_a_million_inputs_make_no_false_credential(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    told = fuzz(rig, INPUTS, SEED)
    print(told)
    assert told["inputs"] == INPUTS
    assert min(told["cards"], told["keys"], told["garbage"]) > INPUTS // 100
    assert rig.bench.clock.idle
    rig.close()


def test_a_million_contacts_make_no_key_that_was_not_down_alone(tmp_path: Path) -> None:
    told, false = chords.fuzz(tmp_path, INPUTS, SEED)
    print(f"matrix keypad: {INPUTS} inputs, {told} keys told, {false} false ones")
    assert told > INPUTS // 100
    assert false == 0
