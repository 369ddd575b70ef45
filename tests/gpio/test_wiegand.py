"""Pulses on two lines become cards and keys; whatever else comes there is dropped, counted and bounded."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.errors import Failure, InvalidField
from lockd.gpio import wiegand_frames
from lockd.gpio.lines import AGAIN_MOST_S
from lockd.gpio.pulses import PulseLine
from lockd.gpio.wiegand import DEAF_S, MOST, SETTLED_S, Wiegand
from lockd.gpio.wiegand_frames import END_S, FIELDS, KEYS, NEAREST_S, Card, Garbled, Key, card_data, frames, read
from lockd.gpio.wiegand_model import WiegandReader, frame_of
from lockd.settings import Pin, WiegandSettings
from tests.gpio.clockwork import Bench
from tests.gpio.noise import fuzz
from tests.gpio.wiegand import BIT_S, KNOWN, LINES, Heard, Rig, second_opinion, wired

CARDS = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda length: st.builds(
        lambda facility, number: card_data(length, facility, number),
        st.integers(0, 2 ** FIELDS[length][0] - 1), st.integers(0, 2 ** FIELDS[length][1] - 1),
    )
)  # fmt: skip


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def said(bits: str) -> object:
    return read([(n * BIT_S, int(bit)) for n, bit in enumerate(bits)])


def flipped(bits: str, place: int) -> str:
    return bits[:place] + str(1 - int(bits[place])) + bits[place + 1 :]


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One for many examples."""
    made = Rig(tmp_path_factory.mktemp("lasting"))
    yield made
    made.close()


# Frames


@pytest.mark.parametrize(("data", "bits"), KNOWN)
def test_facility_and_number_are_read_from_known_frames(data: bytes, bits: str) -> None:
    assert said(bits) == Card(data)
    assert frame_of(data) == bits


@pytest.mark.parametrize(("data", "bits"), KNOWN)
def test_a_single_wrong_bit_is_never_a_card(data: bytes, bits: str) -> None:
    assert all(isinstance(said(flipped(bits, place)), Garbled) for place in range(len(bits)))


@pytest.mark.parametrize(("data", "bits"), KNOWN)
def test_swapped_lines_are_never_a_card_and_are_told(data: bytes, bits: str) -> None:
    swapped = said(bits.translate(str.maketrans("01", "10")))
    assert isinstance(swapped, Garbled)
    assert "swap them" in swapped.why


def test_two_wrong_bits_in_one_half_pass_as_wiegand_has_it() -> None:
    """The control of the two above, and what the parity cannot do."""
    (_, bits), *_ = KNOWN
    assert said(flipped(flipped(bits, 3), 5)) != said(bits)
    assert isinstance(said(flipped(flipped(bits, 3), 5)), Card)


@pytest.mark.parametrize("count", sorted(set(range(1, 45)) - {4, 8, *FIELDS}))
def test_other_lengths_are_nothing(count: int) -> None:
    assert said(("01" * count)[:count]) == Garbled(f"a frame of {count} bits")


@pytest.mark.parametrize(("value", "key"), list(enumerate(KEYS)))
def test_keys_come_in_four_bits_and_in_eight(rig: Rig, value: int, key: str) -> None:
    rig.send(f"{value:04b}")
    rig.send(f"{value ^ 15:04b}{value:04b}")
    rig.settle()
    assert (rig.heard.keys, rig.heard.garbage) == (key + key, [])


def test_of_all_eight_bits_only_those_with_the_right_complement_are_keys() -> None:
    keys = {value: said(f"{value:08b}") for value in range(256)}
    right = {value for value, key in keys.items() if not isinstance(key, Garbled)}
    assert right == {(n ^ 15) << 4 | n for n in range(len(KEYS))}


@pytest.mark.parametrize("value", range(len(KEYS), 16))
def test_the_keys_that_a_lock_has_not_mean_nothing(value: int) -> None:
    assert isinstance(said(f"{value:04b}"), Garbled)
    assert isinstance(said(f"{value ^ 15:04b}{value:04b}"), Garbled)


def test_no_card_and_no_key_can_be_shown() -> None:
    assert "188" not in repr(said(frame_of(b"W26-188-24910")))
    assert "5" not in repr(said("0101"))


@pytest.mark.parametrize("data", [
    b"W26-256-00001", b"W26-001-65536", b"W26-01-00001", b"W26-001-00001\n", b"W34-99999-00001", b"W37-00001-524288",
    b"W27-001-00001", b"", b"\x04\xa1", b"W26-\xb2\xb2\xb2-00001",
])  # fmt: skip
def test_what_no_wiegand_card_has_cannot_be_held_to_the_model(data: bytes) -> None:
    with pytest.raises(InvalidField, match="no Wiegand card has that"):
        frame_of(data)


# Pulses


@given(st.lists(CARDS, min_size=1, max_size=4), st.floats(NEAREST_S * 2, END_S * 0.9), st.randoms())
def test_any_cards_come_out_as_they_were_shown_at_any_pace_and_however_their_pulses_are_mixed(
    lasting: Rig, cards: list[bytes], bit_s: float, chance: random.Random
) -> None:
    lasting.heard.cards.clear()
    pulses, at = [], 0.0
    for data in cards:
        for bit in frame_of(data):
            at += bit_s
            pulses.append((at, int(bit)))
        at += 0.2
    told = list(pulses)
    chance.shuffle(told)
    lasting.pulses(told)
    lasting.settle()
    assert (lasting.heard.cards, "") == (cards, "") == second_opinion(pulses)
    assert (lasting.heard.garbage, lasting.heard.trouble) == ([], "")
    assert lasting.bench.clock.idle


@given(st.lists(st.tuples(st.floats(0, 0.3), st.integers(0, 1)), max_size=80))
def test_two_decoders_agree_about_any_pulses(pulses: list[tuple[float, int]]) -> None:
    said = [read(frame) for frame in frames([(round(at, 6), line) for at, line in pulses])]
    limits = {round(limit, 6) for limit in (END_S, NEAREST_S)}
    times = sorted(round(at, 6) for at, _ in pulses)
    if limits.isdisjoint(round(later - sooner, 6) for sooner, later in pairwise(times)):
        cards = [card.data for card in said if isinstance(card, Card)]
        assert (cards, "".join(key.key for key in said if isinstance(key, Key))) == second_opinion(pulses)


def test_the_model_is_read_as_it_is_shown(rig: Rig) -> None:
    for data, _ in KNOWN:
        rig.bench.door.present_card(data)
    rig.settle()
    assert rig.heard.cards == [data for data, _ in KNOWN]


@pytest.mark.parametrize("gap_s", [0.0, NEAREST_S * 0.9])
@pytest.mark.parametrize("line", [0, 1])
def test_a_glitch_spoils_the_frame_it_falls_into_and_no_other(rig: Rig, gap_s: float, line: int) -> None:
    bits = frame_of(b"W26-188-24910")
    pulses = [(n * BIT_S, int(bit)) for n, bit in enumerate(bits)]
    rig.pulses([*pulses, (7 * BIT_S + gap_s, line)])
    rig.send(bits)
    rig.settle()
    assert rig.heard.cards == [b"W26-188-24910"]
    assert rig.heard.garbage == ["pulses too near to each other"]


def test_a_pulse_too_many_or_too_few_is_no_card(rig: Rig) -> None:
    bits = frame_of(b"W26-188-24910")
    for place in range(len(bits)):
        rig.send(bits[:place] + bits[place + 1 :])
        rig.send(bits[:place] + "1" + bits[place:])
        rig.settle()
    assert rig.heard.cards == []
    assert set(rig.heard.garbage) == {"a frame of 25 bits", "a frame of 27 bits"}


def test_a_frame_that_pauses_is_two_that_are_nothing(rig: Rig) -> None:
    bits = frame_of(b"W34-00188-24910")
    rig.send(bits[:17], after_s=END_S * 1.1)
    rig.send(bits[17:])
    rig.settle()
    assert (rig.heard.cards, rig.heard.garbage) == ([], ["a frame of 17 bits"] * 2)


def test_the_end_of_a_frame_that_is_told_of_too_late_is_no_card_of_its_own(rig: Rig) -> None:
    rig.send("01010101", after_s=0.0)
    rig.settle()
    rig.send(frame_of(b"W26-188-24910"))  # on the wire it went on without a pause
    rig.settle()
    assert rig.heard.cards == []
    assert rig.heard.garbage[-1] == "a frame whose end came too late"


def test_frames_that_are_heard_of_in_a_lump_are_told_apart_by_their_times(rig: Rig) -> None:
    for key in "13579#":
        rig.send(f"{KEYS.index(key):04b}", after_s=0.06)
    rig.settle()
    assert rig.heard.keys == "13579#"


def test_a_frame_waits_for_its_last_bit_as_long_as_pulses_are_heard_of(rig: Rig) -> None:
    bits = frame_of(b"W26-188-24910")
    for bit in bits:
        rig.send(bit, bit_s=0.02, after_s=0.0)
        rig.bench.clock.turn(0.02)
    assert rig.heard.cards == []
    rig.bench.clock.turn(SETTLED_S)
    assert rig.heard.cards == [b"W26-188-24910"]


def test_a_reader_at_rest_wakes_nobody_and_a_card_few_times(rig: Rig) -> None:
    rig.bench.clock.turn(3600)
    before = rig.bench.clock.wakeups
    assert rig.bench.clock.idle
    rig.send(frame_of(b"W34-00188-24910"))
    rig.bench.clock.turn(3600)
    assert rig.bench.clock.wakeups - before == 2
    assert rig.bench.clock.idle


def test_noise_is_not_listened_to_and_a_card_after_it_is(rig: Rig) -> None:
    for n in range(100_000):
        rig.lines[n % 2].pulse(n * 1e-5)
        if n % 1000 == 0:
            rig.bench.clock.turn(0.01)
            assert len(rig.reader._pulses) <= MOST
    rig.bench.clock.turn(DEAF_S + SETTLED_S)
    assert rig.heard.garbage[0] == "pulses without end"
    assert len(rig.heard.garbage) < 20
    rig.send(frame_of(b"W26-188-24910"))
    rig.settle()
    assert rig.heard.cards == [b"W26-188-24910"]
    assert rig.bench.clock.idle


def test_while_it_is_deaf_the_library_is_asked_for_no_edges(rig: Rig) -> None:
    rig.pulses((n * 1e-3, 0) for n in range(MOST))
    rig.settle()
    assert [line.when_changed for line in rig.lines] == [None, None]
    rig.bench.clock.turn(DEAF_S)
    assert None not in [line.when_changed for line in rig.lines]


# The lines


def test_a_line_that_does_not_rest_is_named_and_found_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.lines[1].drive_low()  # the reader has lost its power, and its output pulls the line down
    rig.settle()
    assert rig.heard.trouble is not None
    assert rig.heard.trouble.startswith("wiegand.data1 (GPIO 15) does not rest: see that the reader is fed")
    rig.lines[1].drive_high()
    rig.send(frame_of(b"W26-188-24910"))
    rig.settle()
    assert rig.heard.trouble == ""
    rig.close()


def test_lines_that_do_not_rest_from_the_start_are_named_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, wired())
    lines = [bench.line(pin) for pin in (LINES.data0, LINES.data1)]
    heard = Heard()
    claim = bench.pins.claim

    def short(*args: object) -> object:
        made = claim(*args)  # type: ignore[arg-type, var-annotated]
        for line in lines:
            line.drive_low()
        return made

    bench.pins.claim = short  # type: ignore[method-assign, assignment]
    reader = Wiegand(bench.pins, LINES, heard, bench.clock)
    assert heard.trouble is not None
    assert "wiegand.data0 (GPIO 14) and wiegand.data1 (GPIO 15)" in heard.trouble
    reader.close()
    bench.close()


def test_a_shifter_that_inverts_is_said_by_the_lines(tmp_path: Path) -> None:
    lines = WiegandSettings(*(Pin(number, "high", "down", f"wiegand.data{bit}") for bit, number in enumerate((14, 15))))
    rig = Rig(tmp_path, wired().but(wiegand=lines))
    assert [line.edges for line in rig.lines] == ["rising", "rising"]
    rig.send(frame_of(b"W26-188-24910"))
    rig.settle()
    assert (rig.heard.cards, rig.heard.trouble) == ([b"W26-188-24910"], "")
    rig.close()


def test_only_the_edge_into_a_pulse_is_asked_for(rig: Rig) -> None:
    assert [line.edges for line in rig.lines] == ["falling", "falling"]
    for level in ("drive_low", "drive_high"):
        getattr(rig.lines[0], level)()
    assert len(rig.reader._pulses) == 1


def test_a_line_that_cannot_be_claimed_at_the_start_loses_the_reader_until_it_can_be(tmp_path: Path) -> None:
    bench, heard = Bench(tmp_path, wired()), Heard()
    taken = bench.pins._lines[14] = bench.pins.input(Pin(4, key="door.contact"))
    reader = Wiegand(bench.pins, LINES, heard, bench.clock)
    bench.clock.turn(1000)
    assert heard.trouble == "wiegand.data0: GPIO14 is taken by door.contact"
    assert bench.pins._lines.pop(14) is taken
    bench.clock.turn(AGAIN_MOST_S)
    assert heard.trouble == ""
    WiegandReader(bench.factory, LINES, bench.clock).send(frame_of(b"W26-188-24910"))
    bench.clock.turn(1)
    assert heard.cards == [b"W26-188-24910"]
    assert bench.clock.idle
    reader.close()
    bench.close()


def test_a_chip_that_fails_loses_the_reader_and_nothing_else(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> bool:
        raise Failure("wiegand.data0: GPIO14: gone")

    with monkeypatch.context() as patch:
        patch.setattr(PulseLine, "on", property(gone))
        rig.send("1")
        rig.settle()
        assert rig.heard.trouble == "wiegand.data0: GPIO14: gone"
    rig.bench.clock.turn(AGAIN_MOST_S)
    assert rig.heard.trouble == ""
    with monkeypatch.context() as patch:
        patch.setattr(PulseLine, "watch", gone)
        rig.send("1" * MOST)
        rig.settle()
        assert rig.heard.trouble == "wiegand.data0: GPIO14: gone"
        rig.bench.clock.turn(1000)
    rig.bench.clock.turn(AGAIN_MOST_S)
    assert rig.heard.trouble == ""
    rig.send(frame_of(b"W26-188-24910"))
    rig.settle()
    assert rig.heard.cards == [b"W26-188-24910"]
    assert rig.bench.clock.idle


@pytest.mark.parametrize("felt_before", [False, True])
def test_after_the_end_nothing_is_told(rig: Rig, felt_before: bool) -> None:
    rig.send("0101")
    if felt_before:
        rig.bench.clock.turn()
    rig.reader.close()
    rig.settle()
    rig.send("0101")
    rig.settle()
    assert rig.heard.keys == ""
    assert rig.bench.clock.idle


def test_without_a_wiegand_reader_its_driver_is_not_even_imported(tmp_path: Path) -> None:
    program = (
        "import sys; from lockd.daemon import app; "
        "print([name for name in sys.modules if 'wiegand' in name or 'pulses' in name])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "[]\n"


def test_the_model_keeps_its_frames_apart(rig: Rig) -> None:
    model = WiegandReader(rig.bench.factory, LINES, rig.bench.clock)
    for key in "12":
        model.send(f"{KEYS.index(key):04b}")
    rig.settle()
    assert rig.heard.keys == "12"


# Noise; a million inputs of it are in tests/slow/test_pulses.py


def test_noise_makes_no_false_credential(lasting: Rig) -> None:
    lasting.heard.cards.clear()
    told = fuzz(lasting, 1500, seed=1)
    assert min(told["cards"], told["keys"], told["garbage"]) > 15


@pytest.mark.parametrize(("name", "broken"), [
    ("_parity", lambda _bits: True), ("NEAREST_S", 0.0), ("END_S", 0.03), ("FIELDS", {25: (8, 15), **FIELDS}),
])  # fmt: skip
def test_a_broken_decoder_is_found_out_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, broken: object
) -> None:
    rig = Rig(tmp_path)
    monkeypatch.setattr(wiegand_frames, name, broken)
    with pytest.raises(AssertionError):
        fuzz(rig, 1500, seed=1)
    rig.close()
