"""What every script needs that drives `adze serve`, with whatever model: the server, and checks that are counted."""
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cli"))
os.environ.setdefault("ADZE", str(ROOT / "build" / "release" / "adze"))
from program import ADZE  # noqa: E402, F401
from served import Server  # noqa: E402, F401


class Checks:
    """Counts what is as it should be, and prints what is not."""

    def __init__(self):
        self.passed = self.failed = 0

    def equal(self, what, found, expected):
        self.true(what, found == expected, f"{found!r} instead of {expected!r}")

    def true(self, what, holds, otherwise=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{what}: {otherwise}")

    def refused(self, what, kind, ask):
        """`ask` must raise `kind`."""
        try:
            ask()
        except kind:
            self.passed += 1
        else:
            self.true(what, False, f"was not refused with {kind.__name__}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, 0 skipped")
        sys.exit(self.failed > 0)
