"""A process that sleeps, dies at once (`die`), or does not listen (`deaf`)."""

from __future__ import annotations

import signal
import sys
import time

if __name__ == "__main__":
    if "die" in sys.argv:
        sys.exit(3)
    if "deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("asleep", flush=True)
    time.sleep(60)
