"""The golden transcripts are what lockd says today, and can be replayed from nothing but their own values."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lockd.wire import cose
from lockd.wire.framing import CLEAR_ERROR, DATA, fragments
from lockd.wire.noise import Handshake, KeyPair
from tests.wire import transcripts

NAMES = sorted(transcripts.SCENES)


@pytest.mark.parametrize("name", NAMES)
def test_lockd_says_the_same(name: str) -> None:
    assert (transcripts.FOLDER / f"{name}.json").read_text() == transcripts.text(name)


def test_there_are_no_others() -> None:
    assert sorted(path.stem for path in transcripts.FOLDER.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_they_can_be_replayed(name: str) -> None:
    told = json.loads((transcripts.FOLDER / f"{name}.json").read_text())
    for message in told["messages"]:
        frames = fragments(message["type"], int(told["tag"], 16), bytes.fromhex(message["body"]), told["mtu"])
        assert [frame.hex() for frame in frames] == message["frames"]
    if name != "wrong-lock-key":
        replay(told)


@pytest.mark.parametrize("name", transcripts.SIGNED)
def test_what_is_signed_in_them_can_be_signed_again(name: str) -> None:
    told = json.loads((transcripts.FOLDER / f"{name}.json").read_text())
    field, kind = transcripts.SIGNED[name]
    data = next(bytes.fromhex(each["says"][field]["hex"]) for each in told["messages"] if field in each.get("says", {}))
    issuer = {which: bytes.fromhex(key) for which, key in told["issuer"].items()}
    assert cose.sign(kind, cose.payload(data), issuer["public"], issuer["private"]) == data


def by_javascript(*files: Path) -> subprocess.CompletedProcess[str]:
    """An implementation of its own, after the page, with what a browser has."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    program = Path(__file__).with_name("lkp.mjs")
    return subprocess.run([node, "--no-warnings", program, *files], capture_output=True, text=True, check=False)


def test_another_implementation_replays_them() -> None:
    ran = by_javascript(*transcripts.FOLDER.iterdir())
    assert (ran.stdout, ran.stderr) == (f"{len(NAMES)} replayed\n", "")


@pytest.mark.parametrize(("field", "words"), [("body", "frames"), ("plain", "plain"), ("handshake_hash", "hash")])
def test_and_would_see_a_digit_that_is_wrong(field: str, words: str, tmp_path: Path) -> None:
    told = json.loads((transcripts.FOLDER / "guest-pass.json").read_text())
    message = next(each for each in told["messages"] if "handshake_hash" in each)
    message[field] = f"{message[field][:-1]}{int(message[field][-1], 16) ^ 1:x}"
    (tmp_path / "altered.json").write_text(json.dumps(told))
    ran = by_javascript(tmp_path / "altered.json")
    assert (ran.returncode, f"Error: {words}: " in ran.stderr) == (1, True)


def replay(told: dict[str, Any]) -> None:
    """Both ends from the keys; every message sealed anew."""
    psk = bytes.fromhex(told["psk"]) if told["psk"] else None
    ends = {}
    for who in ("phone", "lock"):
        static, ephemeral = (KeyPair(bytes.fromhex(told[who][which])) for which in ("private", "ephemeral"))
        lock_key, prologue = bytes.fromhex(told["phone"]["lock_key"]), bytes.fromhex(told["prologue"])
        ends[who] = Handshake(who == "phone", static, ephemeral, lock_key, prologue, psk)
    ciphers: dict[str, Any] = {}
    for message in told["messages"]:
        who, other = message["from"], "lock" if message["from"] == "phone" else "phone"
        body, plain = bytes.fromhex(message["body"]), bytes.fromhex(message.get("plain", ""))
        if message["type"] == DATA:
            assert ciphers[who][0].seal(plain) == body
            assert ciphers[other][1].open(body) == plain
        elif message["type"] != CLEAR_ERROR:
            assert ends[who].write(plain) == body
            assert ends[other].read(body) == plain
        if "handshake_hash" in message:
            assert ends["lock"].hash.hex() == ends["phone"].hash.hex() == message["handshake_hash"]
            ciphers = {name: end.split() for name, end in ends.items()}
