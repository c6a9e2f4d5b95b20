"""The job's command on a real Ray of the job's shape: a head that plays nothing, and a worker."""

from __future__ import annotations

import json
import shlex

import pytest
from lab import Shell, scripted
from manifests import one

from arena.experiment import read

pytestmark = pytest.mark.xdist_group("ray")


def test_the_command_plays_on_the_cluster_that_its_job_runs_in(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    from ray._raylet import GcsClient
    from ray.cluster_utils import Cluster

    program, command, study, *options = shlex.split(one("RayJob", "arena-run")["spec"]["entrypoint"])
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        cluster.add_node(num_cpus=1)
        file = shell.write(scripted(1), study.rpartition("/")[2])
        # Ray gives a job's command the address in this variable.
        done = shell.run(command, file, *options, "--json", RAY_ADDRESS=cluster.address)
        (job,) = GcsClient(address=cluster.address).get_all_job_info().values()
    finally:
        cluster.shutdown()
    assert (program, done.returncode) == ("arena", 0), done.stderr
    assert json.loads(done.stdout)["run"] == read(scripted(1), shell.folder / file).id
    assert "arena" in job.entrypoint
