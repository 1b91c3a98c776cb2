"""Where the command begins: Ctrl-C while the rest is imported is no traceback either."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from rocchio.cli.main import main as run  # it imports everything
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
    run()
