"""lockd with a modelled door, that watches what feeds this machine all the same: to measure what that costs."""

from __future__ import annotations

import sys
from typing import Any

from lockd.__main__ import main
from lockd.daemon import app
from lockd.daemon.power import Power


class Watching(Power):
    """As on a real door."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._drivers = True


if __name__ == "__main__":
    app.Power = Watching  # type: ignore[misc]
    sys.exit(main())
