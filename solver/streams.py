"""The standard streams of a command: what becomes of them must not become of the work."""

import io
import os
import sys
from contextlib import suppress


class Unheard(io.FileIO):
    """A stream whose reader may go (| head): what is said then is lost, and the work and its exit code are not."""

    def write(self, data):
        try:
            return super().write(data)
        except BrokenPipeError:
            drop_output(self)
            return len(data)


def open_streams():
    """See that both streams can be written to: closed ones (2>&-) and those whose reader has gone lead nowhere, and ? stands
    for what an encoding has not."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:                               # else the next file that is opened would get its number
            nowhere = os.open(os.devnull, os.O_WRONLY)
            if nowhere != number:
                os.dup2(nowhere, number)
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8"))
        elif stream is getattr(sys, f"__{name}__"):      # not one that a caller has put there
            raw = Unheard(number, "w", closefd=False)
            at_once = stream.write_through               # python -u
            setattr(sys, name, io.TextIOWrapper(raw if at_once else io.BufferedWriter(raw), stream.encoding, "replace",
                                                line_buffering=stream.line_buffering, write_through=at_once))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def drop_output(stream):
    """Forget what could not be printed on a stream, so that Python does not try again when it ends."""
    with suppress(OSError, ValueError):                  # ValueError: captured, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
