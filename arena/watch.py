"""How a run is watched: a live line at a terminal, one plain line an event elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from arena.work import Event, Job


class Tally:
    """What has been done since the start of this command."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.total = self.before = self.done = self.failed = 0
        self.tokens = 0
        self.cost: float | None = 0.0

    def add(self, event: Event) -> None:
        """Count the calls of an event; what the response cache served costs nothing and is not counted."""
        for call in event.calls:
            if not call.cached and not call.error:
                self.tokens += (call.prompt_tokens or 0) + (call.completion_tokens or 0)
                self.cost = None if self.cost is None or call.cost is None else self.cost + call.cost

    @property
    def speed(self) -> float:
        """Tokens read and written a second."""
        return self.tokens / max(0.001, time.monotonic() - self._start)

    def left(self) -> str:
        """Time left, at the pace of this command so far."""
        if not self.done:
            return "?"
        each = (time.monotonic() - self._start) / self.done
        seconds = int(each * (self.total - self.before - self.done))
        return f"{seconds // 60}:{seconds % 60:02d}"

    def money(self) -> str:
        """The cost so far."""
        return "cost unknown" if self.cost is None else f"${self.cost:.4f}"


class Plain:
    """One line an event, no colours: for logs and scripts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tally = Tally()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self, run: str, matches: int) -> None:
        """The run has `matches` matches."""
        self._tally.total = matches
        self._say(f"run {run}: {matches} matches")

    def skip(self, matches: int) -> None:
        """Complete before."""
        self._tally.before += matches

    def note(self, job: Job, event: Event) -> None:
        """An event, in one line."""
        self._tally.add(event)
        match = f"{job.match.key[:8]} {job.match.protocol.name}"
        for turn in event.turns:
            self._say(f"turn {match} round {turn.round} {turn.seat}")
        if event.ruling:
            self._say(f"ruling {match} order {event.ruling.order} {event.ruling.state}")
        if event.failure:
            self._say(f"failed {match} {event.failure.stage} {event.failure.kind}: {event.failure.message}")

    def finish(self, job: Job, whole: bool) -> None:
        """A match ended."""
        tally = self._tally
        tally.done += 1
        tally.failed += not whole
        self._say(
            f"match {job.match.key[:8]} {'done' if whole else 'failed'} {tally.before + tally.done}/{tally.total} "
            f"{tally.speed:.0f} tokens/s {tally.money()} left {tally.left()}"
        )

    def _say(self, line: str) -> None:
        line = "".join(c if c.isprintable() else " " for c in line)  # a message may hold what a server sent
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Live:
    """A progress bar with matches, tokens a second, cost and time left."""

    def __init__(self, console: Console) -> None:
        self._tally = Tally()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task("preparing", total=None, figures="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, run: str, matches: int) -> None:
        """The run has `matches` matches."""
        self._tally.total = matches
        self._progress.update(self._task, description=run, total=matches)

    def skip(self, matches: int) -> None:
        """Complete before."""
        self._tally.before += matches
        self._show()

    def note(self, job: Job, event: Event) -> None:
        """Show the figures; a failure stays above the bar."""
        self._tally.add(event)
        if event.failure:
            line = f"failed {job.match.key[:8]} {job.match.protocol.name}: {event.failure.message}"
            self._progress.console.print(line, markup=False, highlight=False)
        self._show()

    def finish(self, job: Job, whole: bool) -> None:
        """A match ended."""
        self._tally.done += 1
        self._tally.failed += not whole
        self._show()

    def _show(self) -> None:
        tally = self._tally
        failed = f" {tally.failed} failed" if tally.failed else ""
        figures = f"{tally.speed:.0f} tokens/s  {tally.money()}  left {tally.left()}{failed}"
        self._progress.update(self._task, completed=tally.before + tally.done, figures=figures)
