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
_TRIES = 5
"""To launch again what has only just ended."""
_SETTLED = 4.0
"""Seconds after which a job that goes on will."""
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
        known = self._status(run)
        if known and not known.is_terminal():
            return False
        path = Path(file)
        there = path.exists()
        command = ["python", "-m", "arena", "run", path.name if there else file, "--address", "auto"]
        env = {"ARENA_JOB": json.dumps({"address": self._address, "id": run})}
        command += ["--db", store] if store else []
        wanted: dict[str, Any] = {"env_vars": env}
        if there:
            wanted |= {"working_dir": str(path.resolve().parent), "excludes": _LEFT_OUT}
        try:
            for _ in range(_TRIES if known else 1):
                if known:
                    self._client.delete_job(run)
                self._client.submit_job(entrypoint=shlex.join(command), submission_id=run, runtime_env=wanted)
                if not known or self._stays(run):
                    break
        except Exception as error:
            if (now := self._status(run)) and not now.is_terminal():
                return False  # another launch was first
            raise ConfigError(f"the cluster at {self._address} takes no job: {_plain(error)}") from None
        return True

    def _stays(self, run: str) -> bool:
        """Whether a job that took the name of one before it begins: Ray may not be done yet with the supervisor of that."""
        until = time.monotonic() + _SETTLED
        while time.monotonic() < until:
            found = self._client.get_job_info(run)
            if found.status.is_terminal():
                return "supervisor actor" not in (found.message or "")
            time.sleep(_PERIOD)
        return True

    def info(self, run: str) -> dict[str, Any]:
        """What the cluster says of a job."""
        found = self._known(run)
        told = {"status": found.status.value, "message": found.message or "", "code": found.driver_exit_code}
        return {"run": run, **told, "start": found.start_time, "end": found.end_time}

    def logs(self, run: str, follow: bool = False) -> Iterator[str]:
        """What a job printed so far, or until it ends."""
        self._known(run)
        if not follow:
            yield self._client.get_job_logs(run)
            return
        lines = self._client.tail_job_logs(run)
        with asyncio.Runner() as runner:
            while (text := runner.run(anext(lines, None))) is not None:
                yield text

    def stop(self, run: str) -> None:
        """Ask a job to end."""
        self._known(run)
        self._client.stop_job(run)

    def end(self, run: str, patience: float) -> None:
        """Wait so many seconds for a job to end by itself, and then make it."""
        until = time.monotonic() + patience
        while not self._known(run).status.is_terminal():
            if time.monotonic() > until:
                self._client.stop_job(run)
                until = math.inf
            time.sleep(_PERIOD)

    def code(self, run: str) -> int:
        """The exit code of a job, once it has ended."""
        while not (found := self._known(run)).status.is_terminal():
            time.sleep(_PERIOD)
        return found.driver_exit_code if found.driver_exit_code is not None else _CODES.get(found.status, Exit.INTERNAL)

    def _known(self, run: str) -> Any:
        try:
            return self._client.get_job_info(run)
        except RuntimeError:
            jobs = sorted(job.submission_id for job in self._client.list_jobs() if job.submission_id)
            raise ConfigError(
                f"the cluster at {self._address} has no job {run!r}; it has {', '.join(jobs) or 'none'}"
            ) from None

    def _status(self, run: str) -> JobStatus | None:
        try:
            return self._client.get_job_status(run)
        except RuntimeError:
            return None


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
