"""Runs as jobs of a Ray cluster: they outlive the terminal that launched them, and go by the run's id.

A job's driver runs on the cluster's head and finds there what it needs: the arena installed, the keys in the
environment, the store. The folder of the experiment file goes along, so that prompts, data and plugins beside it do.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray
from ray.job_submission import JobStatus, JobSubmissionClient

from arena.errors import ConfigError
from arena.run import Exit

_LEFT_OUT = [".git", ".venv", "__pycache__", "*.db", "*.db-*", "*.db.*", "out", "results"]
"""Of the folder: neither code nor data that a run reads."""
_PERIOD = 0.5
"""Seconds between two looks at a job that ends."""
_STARTING = 60.0
"""Seconds that a cluster may take to start."""
_NAMED = re.compile(r"(.+-[0-9a-f]{8})(?:\.\d+)?\Z")
"""The id of a run in that of its job."""
_CODES = {JobStatus.SUCCEEDED: Exit.DONE, JobStatus.STOPPED: Exit.INTERRUPTED, JobStatus.FAILED: Exit.INTERNAL}


class Jobs:
    """The jobs of one cluster. Every method raises ConfigError for what the cluster answers with an error."""

    def __init__(self, address: str) -> None:
        """Raises ConfigError where no cluster's dashboard answers, or one with another version of Ray."""
        self._address = address
        logging.getLogger("ray").setLevel(logging.ERROR)
        try:
            self._client = JobSubmissionClient(address)
            there = self._client.get_version()
            found = json.loads(self._client._do_request("GET", "/api/version").text).get("ray_version", there)
        except Exception as error:
            raise ConfigError(f"no Ray cluster's dashboard at {address!r}: {_plain(error)}") from None
        if found != ray.__version__:
            raise ConfigError(
                f"the cluster at {address} has Ray {found} and this machine {ray.__version__}: make them one"
            )

    def launch(self, run: str, file: str, store: str | None) -> bool:
        """Launch a run, or find that it is going on; whether it is new. One that has ended is launched again.

        Raises ConfigError for a store that the nodes cannot reach, and a password in its URL, which the job's listing
        would show.
        """
        _reachable(store)
        before = self._all(run)
        if before and not before[-1].status.is_terminal():
            return False
        path = Path(file)
        there = path.exists()
        command = ["python", "-m", "arena", "run", path.name if there else file, "--address", "auto"]
        env = {"ARENA_JOB": json.dumps({"address": self._address, "id": run})}
        command += ["--db", store] if store else []
        wanted: dict[str, Any] = {"env_vars": env}
        if there:
            wanted |= {"working_dir": str(path.resolve().parent), "excludes": _LEFT_OUT}
        name = f"{run}.{len(before) + 1}" if before else run
        try:
            self._submit(name, shlex.join(command), wanted)
        except Exception as error:
            if len(self._all(run)) > len(before):
                return False  # another launch was first
            raise ConfigError(f"the cluster at {self._address} takes no job: {_plain(error)}") from None
        return True

    def _submit(self, name: str, command: str, wanted: dict[str, Any]) -> None:
        """Submit a job; for a while again where the cluster has only just started and its agents are not up yet."""
        until = time.monotonic() + _STARTING
        while True:
            try:
                self._client.submit_job(entrypoint=command, submission_id=name, runtime_env=wanted)
                return
            except RuntimeError as error:
                if "No available agent" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(_PERIOD)

    def info(self, run: str) -> dict[str, Any]:
        """What the cluster says of a run's latest job."""
        found = self._known(run)
        told = {"status": found.status.value, "message": found.message or "", "code": found.driver_exit_code}
        return {"run": run, "job": found.submission_id, **told, "start": found.start_time, "end": found.end_time}

    def logs(self, run: str, follow: bool = False) -> Iterator[str]:
        """What it printed so far, or until it ends."""
        job = self._known(run).submission_id
        if not follow:
            yield self._client.get_job_logs(job)
            return
        lines = self._client.tail_job_logs(job)
        with asyncio.Runner() as runner:
            while (text := runner.run(anext(lines, None))) is not None:
                yield text

    def stop(self, run: str) -> None:
        """Ask it to end."""
        self._client.stop_job(self._known(run).submission_id)

    def end(self, run: str, patience: float) -> None:
        """Wait so many seconds for it to end by itself, and then make it."""
        until = time.monotonic() + patience
        while not self._known(run).status.is_terminal():
            if time.monotonic() > until:
                self.stop(run)
                until = math.inf
            time.sleep(_PERIOD)

    def code(self, run: str) -> int:
        """Its exit code, once it has ended."""
        while not (found := self._known(run)).status.is_terminal():
            time.sleep(_PERIOD)
        return found.driver_exit_code if found.driver_exit_code is not None else _CODES.get(found.status, Exit.INTERNAL)

    def _known(self, run: str) -> Any:
        """A run's latest job, by the run's id, or by its name where one run alone has it."""
        found = self._all(run)
        if not found:
            named = {name[1] for job in self._client.list_jobs() if (name := _NAMED.match(job.submission_id or ""))}
            same = [one for one in named if one.rpartition("-")[0] == run]
            found = self._all(same[0]) if len(same) == 1 else []
        if not found:
            jobs = sorted(job.submission_id for job in self._client.list_jobs() if job.submission_id)
            there = ", ".join(jobs) or "none"
            raise ConfigError(f"the cluster at {self._address} has no job {run!r}; it has {there}")
        return found[-1]

    def _all(self, run: str) -> list[Any]:
        """The jobs of a run, oldest first.

        The first goes by the run's id; one that goes on with it has a number besides, as Ray keeps the name of a job
        that has ended for a while.
        """
        named = re.compile(rf"{re.escape(run)}(?:\.(\d+))?")
        found = ((named.fullmatch(job.submission_id or ""), job) for job in self._client.list_jobs())
        return [
            job for _, job in sorted(((int(name[1] or 1), job) for name, job in found if name), key=lambda one: one[0])
        ]


def _reachable(store: str | None) -> None:
    if store is None:
        return
    place, _, user = store.partition("://")
    if not user and not Path(store).is_absolute():
        raise ConfigError(f"--db {store}: a job has a folder of its own; give a server's URL, or a path from the root")
    if place and re.match(r"[^/@]*:[^/@]*@", user):
        raise ConfigError("--db: a password in the URL would show in the list of jobs; set PGPASSWORD on the cluster")


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
