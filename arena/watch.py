"""How a run is watched: a live line at a terminal, one plain line an event elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from arena.work import Event, Job


class Plain:
    """One line an event, no colours: for logs and scripts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._total = self._before = self._done = self._failed = self._tokens = 0
        self._cost: float | None = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self, run: str, matches: int) -> None:
        """The run has `matches` matches."""
        self._total = matches
        self._say(f"run {run}: {matches} matches")

    def skip(self, matches: int) -> None:
        """So many were complete, or had failed for good, before."""
        self._before += matches

    def note(self, job: Job, event: Event) -> None:
        """Count the calls of an event, but for what the response cache served, and tell of it."""
        for call in event.calls:
            if call.answered and not call.cached:
                self._tokens += (call.prompt_tokens or 0) + (call.completion_tokens or 0)
                self._cost = None if self._cost is None or call.cost is None else self._cost + call.cost
        self._tell(job, event)

    def finish(self, job: Job, whole: bool) -> None:
        """A match ended."""
        self._done += 1
        self._failed += not whole
        ended = "done" if whole else "failed"
        self._say(f"match {_name(job)} {ended} {self._before + self._done}/{self._total}  {self._figures()}")

    def _tell(self, job: Job, event: Event) -> None:
        for turn in event.turns:
            self._say(f"turn {_name(job)} round {turn.round} {turn.seat}")
        if event.ruling:
            what = f"belief after round {event.ruling.round}" if event.ruling.round else "ruling"
            self._say(f"{what} {_name(job)} order {event.ruling.order} {event.ruling.state}")
        if event.failure:
            self._say(_failed(job, event))

    def _figures(self) -> str:
        """Tokens a second, cost and time left at the pace of this command so far."""
        passed = max(0.001, time.monotonic() - self._start)
        cost = "cost unknown" if self._cost is None else f"${self._cost:.4f}"
        left = int(passed / self._done * (self._total - self._before - self._done)) if self._done else None
        time_left = "?" if left is None else f"{left // 60}:{left % 60:02d}"
        failed = f"  {self._failed} failed" if self._failed else ""
        return f"{self._tokens / passed:.0f} tokens/s  {cost}  left {time_left}{failed}"

    def _say(self, line: str) -> None:
        """One line, whatever a server put into a message."""
        clean = "".join(c if c.isprintable() else " " for c in line)
        self._console.print(clean, markup=False, highlight=False, soft_wrap=True)


class Live(Plain):
    """A progress bar with matches, tokens a second, cost and time left; failures stay above it."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            console=console,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        self._task = self._bar.add_task("preparing", total=None, figures="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, run: str, matches: int) -> None:
        """The run has `matches` matches."""
        self._total = matches
        self._bar.update(self._task, description=run, total=matches)

    def skip(self, matches: int) -> None:
        """So many were complete, or had failed for good, before."""
        super().skip(matches)
        self._show()

    def finish(self, job: Job, whole: bool) -> None:
        """A match ended."""
        self._done += 1
        self._failed += not whole
        self._show()

    def _tell(self, job: Job, event: Event) -> None:
        if event.failure:
            self._say(_failed(job, event))
        self._show()

    def _show(self) -> None:
        self._bar.update(self._task, completed=self._before + self._done, figures=self._figures())


def _name(job: Job) -> str:
    return f"{job.match.key[:8]} {job.match.protocol.name}"


def _failed(job: Job, event: Event) -> str:
    failure = event.failure
    assert failure is not None
    return f"failed {_name(job)} {failure.stage} {failure.kind}: {failure.message}"
