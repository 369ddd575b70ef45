"""A modelled PN532: wakes, answers, and waits for a card as the real one does."""

from __future__ import annotations

ACK = bytes.fromhex("0000ff00ff00")


def framed(body: bytes) -> bytes:
    return bytes((0, 0, 0xFF, len(body), -len(body) & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0))


def listed(uid: bytes) -> bytes:
    """The answer to InListPassiveTarget for a card of type A."""
    return framed(bytes((0xD5, 0x4B, 1, 1, 0x00, 0x04, 0x08, len(uid))) + uid)


class Pn532:
    """`card`: what lies on the antenna; `asked`: the commands so far."""

    def __init__(self) -> None:
        self.card = b""
        self.asked: list[int] = []
        self.version = bytes((0x32, 1, 6, 7))
        self.asleep = True
        self.waiting = False
        self._heard = b""

    def lay(self, uid: bytes) -> bytes:
        """A card comes; what the chip says to that."""
        self.card = uid
        if not (self.waiting and uid):
            return b""
        self.waiting = False
        return listed(uid)

    def take(self, data: bytes) -> bytes:
        self._heard += data
        said = b""
        while (at := self._heard.find(b"\x00\x00\xff")) >= 0 and len(self._heard) >= at + 5:
            if b"\x55\x55" in self._heard[:at]:
                self.asleep = False
            size = self._heard[at + 3]
            if len(self._heard) < at + size + 7:
                break
            body, self._heard = self._heard[at + 5 : at + 5 + size], self._heard[at + size + 7 :]
            said += self._answer(body)
        return said

    def _answer(self, body: bytes) -> bytes:
        if self.asleep:
            return b""
        command = body[1]
        self.asked.append(command)
        self.waiting = False
        if command == 0x4A:
            self.waiting = not self.card
            return ACK + (listed(self.card) if self.card else b"")
        data = {0x02: self.version, 0x14: b"", 0x32: b"", 0x52: b"\x00"}.get(command)
        return ACK + framed(b"\x7f" if data is None else bytes((0xD5, command + 1)) + data)
