"""The arena's match as an Inspect sample: two debaters speak twice, one judge rules; five calls.

Run by `.venv-inspect`'s Python, in which there is `inspect_ai` and no arena:
`python bench/inspected.py URL BODIES FLIGHT MATCHES SAMPLES`. The prompts are recorded ones of the arena, and come in
its order: the first two speeches side by side, the others one after the other. Inspect writes its log as by default.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval  # noqa: A004  # its name for what runs a task
from inspect_ai.dataset import MemoryDataset
from inspect_ai.dataset import Sample as Question
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, Model, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

SPEECH = GenerateConfig(max_tokens=300, temperature=0.7)
VERDICT = GenerateConfig(max_tokens=1, temperature=0.0, logprobs=True, top_logprobs=20)
ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser}


def prompt(body: dict[str, Any]) -> list[Any]:
    """What the call asks; the assistant's own turns in it are put as the user's, which costs the same."""
    return [ROLES.get(m["role"], ChatMessageUser)(content=m["content"]) for m in body["messages"]]


@solver
def debate(bodies: list[dict[str, Any]]) -> Solver:
    """Four speeches and a verdict; the sample keeps what was said, and its log every call."""
    speeches = cycle([body for body in bodies if not body.get("logprobs")])
    verdicts = cycle([body for body in bodies if body.get("logprobs")])

    async def say(state: TaskState, model: Model) -> None:
        output = await model.generate(prompt(next(speeches)), config=SPEECH)
        state.messages.append(output.message)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        await asyncio.gather(say(state, model), say(state, model))
        await say(state, model)
        await say(state, model)
        state.output = await model.generate(prompt(next(verdicts)), config=VERDICT)
        return state

    return solve


def main() -> None:
    """Evaluate the samples."""
    url, place, flight, matches, samples = sys.argv[1:]
    bodies = [json.loads(body) for body in json.loads(Path(place).read_text())]
    task = Task(dataset=MemoryDataset([Question(input=str(i)) for i in range(int(samples))]), solver=debate(bodies))
    model = get_model("openai/bench", base_url=url, api_key="none", responses_api=False)
    done = eval(
        task, model=model, display="none", max_connections=int(flight), max_samples=int(matches), log_dir="logs"
    )
    if done[0].status != "success":
        sys.exit(f"Inspect: {done[0].status}: {done[0].error.message if done[0].error else 'no reason given'}")


if __name__ == "__main__":
    main()
