"""Observers of a march, of which it knows nothing: live line, snapshots, checkpoints, the reaction to Ctrl-C."""

import os
import signal
import sys
import time
from contextlib import contextmanager

from .constants import MYR
from .signals import handling


def describe_time(t):
    """A time in s as text with a fitting unit."""
    years = t / (MYR / 1e6)
    for size, unit in ((1e9, "Gyr"), (1e6, "Myr"), (1e3, "kyr")):
        if abs(years) >= size:
            return f"{years / size:.4g} {unit}"
    return f"{years:.3g} yr"


class LiveLine:
    """One line per step: rewritten in place on a terminal, every few seconds a plain line in a log.

    Silent once its reader has gone (2>&1 | head): a run does not end for that.
    """

    HEADER = "step  t              dt            Newton  mismatch   change  storage  budget"

    def __init__(self, stream=None, every=5.0):
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty()
        self.every, self.last, self.shown = every, 0.0, False

    def __call__(self, march, row):
        now = time.monotonic()
        if not self.shown:
            self._write(self._fitting(self.HEADER) + "\n")
            self.shown = True
        elif not self.terminal and now - self.last < self.every:
            return
        self.last = now
        line = (
            f"{march.counts['steps']:4d}  {describe_time(row['t']):13s}  "
            + (f"{describe_time(row['dt']):13s}" if row["dt"] < 1e300 else f"{'steady':13s}")
            + f"{row['newton']:7d}  {row['residual']:8.1e}  {row['change']:7.1e}  {row['storage']:7.1e}   "
            + f"{float(max(row['budget'])):.0e}"
        )
        self._write(f"\r{self._fitting(line)}\x1b[K" if self.terminal else line + "\n")

    def _fitting(self, line):
        """As much of it as one line of the terminal can hold: what is wrapped cannot be rewritten."""
        if not self.terminal:
            return line
        try:
            columns = os.get_terminal_size(self.stream.fileno()).columns
        except OSError:
            return line
        return line[: columns - 1] if columns else line

    def close(self):
        if self.terminal and self.shown:
            self._write("\n")

    def _write(self, text):
        if self.stream is None:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:
            self.stream = None


class Snapshots:
    """Keeps f at the times asked for."""

    def __init__(self, times, kept=None):
        self.times, self.t, self.f = set(times), [], []
        if kept is not None:
            self.t, self.f = list(kept["t"]), list(kept["f"])

    def __call__(self, march, row):
        if march.state.t in self.times:
            self.t.append(march.state.t)
            self.f.append(march.f().transpose(0, 2, 1))


class Checkpoints:
    """Calls `save(march)` on all processes when on any of them `seconds` have passed since the last time."""

    def __init__(self, save, seconds=60.0):
        self.save, self.seconds, self.last = save, seconds, time.monotonic()

    def __call__(self, march, row):
        if march.layout.ranks.max(time.monotonic() - self.last > self.seconds):
            self.save(march)
            self.last = time.monotonic()


class WallClock:
    """Adds the wall-clock time since the start to the history; a resumed run goes on counting."""

    def __init__(self, history=None):
        self.start = time.monotonic() - ((history or {}).get("wall") or [0.0])[-1]

    def __call__(self, march, row):
        march.state.history.setdefault("wall", []).append(time.monotonic() - self.start)


@contextmanager
def interruptible(march):
    """Within: the first Ctrl-C lets the march finish its step and stop, the second one interrupts at once; and so does SIGTERM,
    by which batch systems and mpiexec end a run.

    A process that was told to ignore Ctrl-C, as those of a sweep are, goes on ignoring it, and ends on SIGTERM as it would.
    """

    def stop(_signal, _frame):
        if march.stop_requested:
            raise KeyboardInterrupt
        march.stop_requested = True
        sys.stderr.write("\nstopping after this step (Ctrl-C again: at once)\n")

    own = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    with handling(stop, *((signal.SIGINT, signal.SIGTERM) if own else ())):
        yield
