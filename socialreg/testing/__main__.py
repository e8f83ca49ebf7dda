"""``python -m socialreg.testing [--port 8001]``: the stand-in alone, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading

from .standin import XStandIn


def main() -> int:
    """Run the stand-in until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m socialreg.testing", description="A local stand-in for X.")
    parser.add_argument("--port", type=int, default=8001, help="port on 127.0.0.1 (default 8001, 0 for a free one)")
    with contextlib.suppress(KeyboardInterrupt), XStandIn(port=parser.parse_args().port) as x:
        sys.stdout.write(f"Stand-in for X at {x.url}/ (Ctrl-C stops it)\n")
        sys.stdout.flush()
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
