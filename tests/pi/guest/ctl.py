"""lockctl with another radio: the links are the kernel's own, from the adapter that --adapter names.

One bluetoothd serves both ends of a link here, and on one processor hears of them in an order that bleak does not get
over: of the phone's end it never says that it is connected.
"""

import sys

from att import Radio

from lockd.cli import bledeeds
from lockd.cli.main import main

if __name__ == "__main__":
    bledeeds.Bluetooth = Radio  # type: ignore[assignment,misc]
    sys.exit(main())
