"""How a run is watched: a live line at a terminal, one plain line an event elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from arena.work import Event, Job


class Quiet:
    """Nobody is told: for runs inside another command."""

    def begin(self, run: str, matches: int) -> None: ...

    def skip(self, matches: int) -> None: ...

    def note(self, job: Job, event: Event) -> None: ...

    def finish(self, job: Job, whole: bool) -> None: ...

    def beat(self, figures: dict[str, Any]) -> None: ...


class Plain:
    """One line an event, no colours: for logs and scripts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = self._before = self._done = self._failed = 0
        self._figures = ""

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
        """Tell of an event."""
        self._tell(job, event)

    def finish(self, job: Job, whole: bool) -> None:
        """A match ended."""
        self._done += 1
        self._failed += not whole
        ended = "done" if whole else "failed"
        self._say(f"match {_name(job)} {ended} {self._before + self._done}/{self._total}  {self._figures}".rstrip())

    def beat(self, figures: dict[str, Any]) -> None:
        """How the run goes."""
        self._figures = line(figures)

    def _tell(self, job: Job, event: Event) -> None:
        for turn in event.turns:
            self._say(f"turn {_name(job)} round {turn.round} {turn.seat}")
        if event.ruling:
            what = f"belief after round {event.ruling.round}" if event.ruling.round else "ruling"
            self._say(f"{what} {_name(job)} order {event.ruling.order} {event.ruling.state}")
        if event.failure:
            self._say(_failed(job, event))

    def _say(self, line: str) -> None:
        """One line, whatever a server put into a message."""
        clean = line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)
        if self._console.is_terminal:
            self._console.print(clean, markup=False, highlight=False, soft_wrap=True)
        else:
            self._console.file.write(f"{clean}\n")


class Live(Plain):
    """A progress bar with matches, tokens a second, cost and time left; failures stay above it."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
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

    def beat(self, figures: dict[str, Any]) -> None:
        """How the run goes."""
        super().beat(figures)
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
        self._bar.update(self._task, completed=self._before + self._done, figures=self._figures)


def line(figures: dict[str, Any]) -> str:
    """How a run goes: pace, cost, calls in flight and the age of the oldest, retries, failures, time left."""
    cost = "cost unknown" if figures["cost"] is None else f"${figures['cost']:.4f}"
    left = "?" if figures["eta"] is None else f"{int(figures['eta']) // 60}:{int(figures['eta']) % 60:02d}"
    parts = [f"{figures['calls_per_second']:.0f} calls/s {figures['tokens_per_second']:.0f} tokens/s", cost]
    if figures["flying"]:
        parts.append(f"{figures['flying']} in flight, oldest {figures['oldest']:.0f} s")
    parts += [f"{figures['retries']} retries"] if figures["retries"] else []
    parts += [f"{count} {kind}" for kind, count in figures["errors"].items()]
    return "  ".join([*parts, f"left {left}"])


def _name(job: Job) -> str:
    return f"{job.match.key[:8]} {job.match.protocol.name}"


def _failed(job: Job, event: Event) -> str:
    failure = event.failure
    assert failure is not None
    return f"failed {_name(job)} {failure.stage} {failure.kind}: {failure.message}"
