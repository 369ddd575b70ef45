"""One line of what Diagnose says."""

from __future__ import annotations

from typing import Any

from lockd.words import Verdict


def finding(part: str, state: Verdict, text: str, remedy: str = "") -> dict[str, Any]:
    """Keys as in FINDING_FIELDS of the D-Bus API; what is well needs no remedy."""
    ok = state in ("ok", "unchecked")
    return {"part": part, "state": state, "ok": ok, "text": text, "remedy": "" if state == "ok" else remedy}
