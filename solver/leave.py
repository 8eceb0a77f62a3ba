"""How a command ends: with one message and an exit code, of one process or of several.

Nothing heavy is imported here, for this is also the answer to a Ctrl-C while the command line itself is imported.
"""

import sys
import time
from contextlib import suppress

from .launcher import abort, all_end, first_rank

FIRST_SPEAKS = 1.0                                       # s before others end, for mpiexec ends all when one does
PATIENCE = 5.0                                           # s, for the other processes to come to their end too


def leave(message, code, before=""):
    """Say why and end; of several processes that fail alike the first one speaks, one that fails alone ends all others."""

    def say():
        with suppress(OSError):                          # a log on a disk that is full
            print(f"{before}crstream: {message}", file=sys.stderr, flush=True)

    if first_rank():
        say()
    else:
        time.sleep(FIRST_SPEAKS)
    first = all_end(code, PATIENCE)
    if first != code and not first_rank():               # the first one has gone on, or ended well
        say()
    if first is None:
        abort(code)
    raise SystemExit(code)


def interrupted():
    """End as after a Ctrl-C."""
    leave("interrupted", 3)
