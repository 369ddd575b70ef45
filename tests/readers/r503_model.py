"""A modelled fingerprint sensor of the R503 family: slots, buffers, and the finger that lies on it."""

from __future__ import annotations

HEADER = bytes.fromhex("ef01ffffffff")


def packet(content: bytes, kind: int = 7) -> bytes:
    body = bytes((kind,)) + (len(content) + 2).to_bytes(2) + content
    return HEADER + body + sum(body).to_bytes(2)


class R503:
    """`finger`: who lies on it, empty: nobody; `poor`: so many images come out too poor yet."""

    def __init__(self, slots: int = 200) -> None:
        self.slots = slots
        self.templates: dict[int, str] = {}
        self.finger = ""
        self.poor = 0
        self.password = bytes(4)
        self.asked: list[int] = []
        self._image = ""
        self._buffers = {1: "", 2: ""}
        self._template = ""
        self._heard = b""

    def take(self, data: bytes) -> bytes:
        self._heard += data
        said = b""
        while (at := self._heard.find(HEADER)) >= 0 and len(self._heard) >= at + 9:
            end = at + 9 + int.from_bytes(self._heard[at + 7 : at + 9])
            if len(self._heard) < end:
                break
            body, self._heard = self._heard[at + 6 : end], self._heard[end:]
            right = sum(body[:-2]).to_bytes(2) == body[-2:]
            said += packet(self._answer(body[3], body[4:-2]) if right else b"\x01")
        return said

    def _answer(self, code: int, params: bytes) -> bytes:  # noqa: C901 - one case an instruction
        self.asked.append(code)
        match code:
            case 0x13:
                return b"\x00" if params == self.password else b"\x13"
            case 0x0F:
                return b"\x00" + bytes(4) + self.slots.to_bytes(2) + bytes(10)
            case 0x01:
                self._image = self.finger
                return b"\x00" if self.finger else b"\x02"
            case 0x02:
                if self.poor:
                    self.poor -= 1
                    return b"\x07"
                self._buffers[params[0]] = self._image
                return b"\x00"
            case 0x04:
                for slot, finger in self.templates.items():
                    if finger == self._buffers[1]:
                        return b"\x00" + slot.to_bytes(2) + b"\x00\x64"
                return b"\x09" + bytes(4)
            case 0x05:
                self._template = self._buffers[1]
                return b"\x00" if self._buffers[1] == self._buffers[2] else b"\x0a"
            case 0x06:
                self.templates[int.from_bytes(params[1:3])] = self._template
                return b"\x00"
            case 0x0C:
                self.templates.pop(int.from_bytes(params[:2]), None)
                return b"\x00"
            case 0x1F:
                bits = bytearray(32)
                for slot in self.templates:
                    if slot // 256 == params[0]:
                        bits[slot % 256 // 8] |= 1 << slot % 8
                return b"\x00" + bytes(bits)
        return b"\x01"
