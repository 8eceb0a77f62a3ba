"""What is seen of a sweep while it goes on: a bar with the members at work on a terminal, a line per member in a log."""

import sys
import time
from contextlib import suppress

MOST_LINES = 4  # members at work that are named below the bar


class Lines:
    """One plain line per member, for logs and pipes."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr

    def begin(self, plan, done, pool):
        self.plan, self.count, self.total = plan, len(done), len(plan.members)
        self.width = len(str(self.total))
        before = f", {self.count} of them done before" if self.count else ""
        self.note(f"{self.total} members on {pool.name}{before}")

    def started(self, index):
        pass

    def finished(self, outcome):
        self.count += 1
        self.note(self.line(outcome))

    def line(self, outcome):
        """What came of the latest member."""
        return f"{self.count:{self.width}}/{self.total}  {self.plan.label(outcome.index)}: {told(outcome)}"

    def note(self, text):
        with suppress(OSError, ValueError):                                # nobody listens any more: the sweep goes on
            self.stream.write(text + "\n")
            self.stream.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Bar(Lines):
    """A live bar: done, failed, time left, and the members at work with the time they have taken."""

    def begin(self, plan, done, pool):
        from rich import progress as shown
        from rich.console import Console, Group
        from rich.live import Live

        super().begin(plan, done, pool)
        self.failed, self.at_work = sum(not each.solved for each in done.values()), {}
        console = Console(file=self.stream, highlight=False)
        self.bar = shown.Progress(
            shown.TextColumn("sweep"), shown.BarColumn(bar_width=None), shown.MofNCompleteColumn(),
            shown.TimeElapsedColumn(), shown.TextColumn("left"), shown.TimeRemainingColumn(),
            shown.TextColumn("{task.fields[failed]}", style="red"), console=console, expand=True)
        self.task = self.bar.add_task("sweep", total=self.total, completed=self.count, failed=self._failures())
        self.live = Live(console=console, refresh_per_second=4, transient=True, redirect_stdout=False, redirect_stderr=False,
                         get_renderable=lambda: Group(self.bar, *self._work()))

    def started(self, index):
        self.at_work[index] = time.monotonic()

    def finished(self, outcome):
        self.at_work.pop(outcome.index, None)
        self.count += 1
        if not outcome.solved:                                             # what went well the bar tells
            self.failed += 1
            self.note(self.line(outcome))
        self.bar.update(self.task, completed=self.count, failed=self._failures())

    def note(self, text):
        if not hasattr(self, "live") or not self.live.is_started:
            super().note(text)
        else:
            from rich.text import Text

            self.live.console.print(Text(text), soft_wrap=True)

    def _failures(self):
        return f"{self.failed} failed" if self.failed else ""

    def _work(self):
        from rich.text import Text

        now, items = time.monotonic(), list(self.at_work.items())
        lines = [Text(f"  {self.plan.label(i)}  {now - since:.0f} s", style="dim", no_wrap=True, overflow="ellipsis")
                 for i, since in items[:MOST_LINES]]
        more = len(items) - MOST_LINES
        return lines + ([Text(f"  and {more} more", style="dim")] if more > 0 else [])

    def __enter__(self):
        self.live.start()
        return self

    def __exit__(self, *_):
        self.live.stop()


def told(outcome):
    """What came of a member, in a line."""
    if not outcome.solved:
        return f"failed: {outcome.reason}"
    near = ", from a neighbour" if outcome.warm else ""
    return f"{outcome.status}, {outcome.iterations} Newton iterations, {outcome.seconds:.1f} s{near}"


def progress(stream=None):
    """The Bar for a terminal, Lines for anything else."""
    stream = stream or sys.stderr
    return Bar(stream) if stream.isatty() else Lines(stream)
