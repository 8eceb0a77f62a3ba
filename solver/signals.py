"""Signals that reach a process while it is at work."""

import signal
from contextlib import contextmanager


@contextmanager
def handling(handler, *numbers):
    """Within: `handler` hears these signals.  Only the main thread may ask for that; in any other nothing changes."""
    try:
        before = {number: signal.signal(number, handler) for number in numbers}
    except ValueError:
        before = {}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
