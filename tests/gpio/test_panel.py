"""Each sign is its own, ends, and leaves nothing ticking."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockd.errors import Failure
from lockd.gpio.lines import AGAIN_MOST_S
from lockd.gpio.panel import SIGNS, VOICES, Panel, Voice
from lockd.gpio.pins import Output, Pins
from lockd.settings import PanelSettings, Pin, simulation
from lockd.words import Sign
from tests.gpio.clockwork import Bench

STANDING: list[Sign] = [sign for sign, score in SIGNS.items() if score.times > 1]
PASSING: list[Sign] = [sign for sign, score in SIGNS.items() if score.times == 1 and sign != "quiet"]
#: The longest that any sign may go on.
LONG_S = 600


class Spoken:
    """A panel, and what can be seen and heard of it."""

    def __init__(self, folder: Path, voices: tuple[Voice, ...] = VOICES) -> None:
        settings = simulation()
        panel = PanelSettings(**{voice: getattr(settings.panel, voice) for voice in voices})
        self.bench = Bench(folder, settings.but(panel=panel))
        self.panel = Panel(self.bench.pins, self.bench.settings, self.bench.clock)

    @property
    def now(self) -> tuple[bool, bool, bool]:
        """Green, red, buzzer."""
        self.bench.clock.turn()
        return self.bench.door.green, self.bench.door.red, self.bench.door.buzzer

    def score(self, beats: int) -> list[tuple[bool, bool, bool]]:
        """What is seen and heard in the middle of each of the next tenths of a second."""
        self.bench.clock.turn(0.05)
        heard = []
        for _ in range(beats):
            heard.append(self.now)
            self.bench.clock.turn(0.1)
        return heard

    def close(self) -> None:
        self.panel.close()
        self.bench.close()


@pytest.fixture
def spoken(tmp_path: Path) -> Iterator[Spoken]:
    made = Spoken(tmp_path)
    yield made
    made.close()


def test_every_sign_has_its_own_score() -> None:
    assert set(SIGNS) == set(get_args(Sign))
    scores = [(score.green, score.red, score.buzzer) for score in SIGNS.values()]
    assert len(set(scores)) == len(scores)


@pytest.mark.parametrize("sign", PASSING)
def test_a_passing_sign_is_played_as_written_and_ends(spoken: Spoken, sign: Sign) -> None:
    score = SIGNS[sign]
    beats = max(len(score.green), len(score.red), len(score.buzzer))
    voices = (score.green, score.red, score.buzzer)
    spoken.panel.show(sign)
    played = spoken.score(beats + 1)
    assert played == [tuple(voice[beat : beat + 1] == "#" for voice in voices) for beat in range(beats + 1)]
    assert spoken.bench.clock.idle


@pytest.mark.parametrize("sign", STANDING)
def test_a_standing_sign_comes_back_but_not_for_ever(spoken: Spoken, sign: Sign) -> None:
    spoken.panel.show(sign)
    for _ in range(3):
        spoken.bench.clock.turn(10)
        assert not spoken.bench.clock.idle
    spoken.bench.clock.turn(LONG_S)
    assert spoken.bench.clock.idle
    assert spoken.now == (False, False, False)


@pytest.mark.parametrize("sign", [*PASSING, *STANDING])
def test_quiet_is_quiet_at_once(spoken: Spoken, sign: Sign) -> None:
    spoken.panel.show(sign)
    spoken.panel.show("quiet")
    assert spoken.now == (False, False, False)
    assert spoken.bench.clock.idle


def test_an_answer_cuts_a_key_short_and_a_key_no_answer(spoken: Spoken) -> None:
    spoken.panel.show("key")
    spoken.panel.show("wrong")
    assert spoken.now == (False, True, True)
    spoken.panel.show("key")
    assert spoken.now == (False, True, True)


def test_a_warning_waits_until_the_answer_is_given(spoken: Spoken) -> None:
    spoken.panel.show("granted")
    spoken.panel.show("battery-low")
    heard = spoken.score(40)
    assert heard[:20] == [(True, False, beat < len(SIGNS["granted"].buzzer)) for beat in range(20)]
    assert (False, True, True) in heard[20:]
    assert spoken.bench.clock.idle


def test_a_key_is_felt_during_a_warning(spoken: Spoken) -> None:
    spoken.panel.show("battery-critical")
    spoken.bench.clock.turn(0.5)
    assert spoken.now == (False, True, True)
    spoken.panel.show("key")
    assert spoken.now == (True, False, True)


def test_the_way_in_cuts_a_warning_short_and_quiet_forgets_it(spoken: Spoken) -> None:
    spoken.panel.show("working")
    spoken.panel.show("battery-low")
    spoken.panel.show("quiet")
    assert spoken.score(40) == [(False, False, False)] * 40
    spoken.panel.show("battery-low")
    spoken.panel.show("granted")
    assert spoken.now == (True, False, True)


def test_an_answer_is_given_during_an_alarm_which_goes_on_after_it(spoken: Spoken) -> None:
    spoken.panel.show("alarm")
    spoken.panel.show("granted")
    assert spoken.now == (True, False, True)
    assert (False, True, True) in spoken.score(60)


def test_the_weightier_of_two_standing_signs_stays(spoken: Spoken) -> None:
    spoken.panel.show("alarm")
    spoken.panel.show("ajar")
    alarm = [tuple(mark == "#" for mark in (".", mark, mark)) for mark in SIGNS["alarm"].red]
    assert spoken.score(len(alarm)) == alarm


@pytest.mark.parametrize("voices", [voices for n in range(3) for voices in combinations(VOICES, n)], ids=str)
def test_it_speaks_with_whatever_is_wired(tmp_path: Path, voices: tuple[Voice, ...]) -> None:
    spoken = Spoken(tmp_path, voices)
    spoken.panel.show("locked")
    assert spoken.now == ("green" in voices, "red" in voices, "buzzer" in voices)
    spoken.bench.clock.turn(1)
    assert spoken.bench.clock.idle
    spoken.close()


def test_a_dead_lamp_is_logged_once_and_the_buzzer_goes_on(
    spoken: Spoken, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = Output.set

    def broken(self: Output, on: bool) -> None:
        if self.pin.key == "panel.red":
            raise Failure("panel.red: gone")
        whole(self, on)

    with monkeypatch.context() as patch:
        patch.setattr(Output, "set", broken)
        spoken.panel.show("wrong")
        assert spoken.now == (False, False, True)
        spoken.bench.clock.turn(5)
        assert spoken.panel.troubles() == ["panel.red: gone"]
        spoken.panel.show("jammed")
    assert caplog.messages == ["panel.red fails, and the lock goes on without it: panel.red: gone"]
    spoken.bench.clock.turn(AGAIN_MOST_S)
    assert spoken.panel.troubles() == []
    assert any(red for _, red, _ in spoken.score(100)), "and lights again when it can"
    spoken.bench.clock.turn(LONG_S)
    assert (spoken.now, spoken.bench.clock.idle) == ((False, False, False), True)


def test_a_lamp_that_cannot_be_switched_off_is_off_as_soon_as_it_can_be(
    spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken.panel.show("alarm")
    assert spoken.now == (False, True, True)

    def stuck(lamp: Output, on: bool) -> None:
        raise Failure(f"{lamp.pin.key}: stuck")

    with monkeypatch.context() as patch:
        patch.setattr(Output, "set", stuck)
        spoken.panel.show("quiet")
        assert spoken.now == (False, True, True)
    spoken.bench.clock.turn(AGAIN_MOST_S)
    assert spoken.now == (False, False, False)
    assert spoken.bench.clock.idle


def test_a_lamp_that_cannot_be_claimed_is_named_and_the_others_light_and_so_does_it_when_it_is_free(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    true, held, told = Pins.output, True, 0

    def taken(pins: Pins, pin: Pin) -> Output:
        if held and pin.key == "panel.red":
            raise Failure("panel.red: taken")
        return true(pins, pin)

    monkeypatch.setattr(Pins, "output", taken)

    def tell() -> None:
        nonlocal told
        told += 1

    panel = Panel(bench.pins, bench.settings, bench.clock, tell)
    panel.show("locked")
    assert (bench.on(bench.settings.panel.green), bench.on(bench.settings.panel.buzzer)) == (True, True)
    bench.clock.turn(LONG_S)
    assert (panel.troubles(), told) == (["panel.red: taken"], 1)
    assert caplog.messages == ["panel.red fails, and the lock goes on without it: panel.red: taken"]
    held = False
    bench.clock.turn(AGAIN_MOST_S)
    assert (panel.troubles(), told) == ([], 2)
    panel.show("locked")
    assert bench.on(bench.settings.panel.red)
    panel.close()


@given(st.lists(st.tuples(st.sampled_from(sorted(SIGNS)), st.floats(0, 3)), max_size=20))
def test_whatever_is_said_ends(tmp_path_factory: pytest.TempPathFactory, said: list[tuple[Sign, float]]) -> None:
    spoken = Spoken(tmp_path_factory.getbasetemp())
    for sign, seconds in said:
        spoken.panel.show(sign)
        spoken.bench.clock.turn(seconds)
    spoken.bench.clock.turn(LONG_S)
    assert spoken.bench.clock.idle
    assert spoken.now == (False, False, False)
    spoken.close()


def test_a_muted_buzzer_is_silent_at_once_and_lamps_go_on(spoken: Spoken) -> None:
    spoken.panel.show("alarm")
    assert spoken.now == (False, True, True)
    spoken.panel.mute(frozenset({"buzzer"}))
    assert spoken.now == (False, True, False)
    assert not any(buzzer for _, _, buzzer in spoken.score(60))
    spoken.panel.mute(frozenset())
    assert any(buzzer for _, _, buzzer in spoken.score(60))


def test_muted_keys_have_their_lamp_and_other_signs_their_tone(spoken: Spoken) -> None:
    spoken.panel.mute(frozenset({"key-tones", "phones"}))
    spoken.panel.show("key")
    assert spoken.now == (True, False, False)
    spoken.panel.show("wrong")
    assert spoken.now == (False, True, True)
