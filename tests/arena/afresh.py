"""The figures of published sets worked out with pandas from their raw files, without the arena."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Frame = pd.DataFrame
SETTINGS = {"Human Debate": "", "AI Debate": "", "Human Consultancy": "arms", "AI Consultancy": "arms"}


def whole(file: Path) -> Frame:
    """A CSV or JSON Lines file whose every cell is as it is written."""
    if ".csv" in file.name:
        return pd.read_csv(file, dtype=str, keep_default_na=False)
    return pd.DataFrame(map(json.loads, pd.read_csv(file, sep="\0", header=None, quoting=3)[0]))


def michael(judgments: Frame) -> dict[str, Any]:
    """By setting, of the live judgments that the paper includes, as they are told turn by turn."""
    live = judgments[(judgments.judge_kind == "live") & (judgments.included_in_paper == "1")]
    told = {setting: _setting(live[live.setting == setting], bool(arms)) for setting, arms in SETTINGS.items()}
    return {"published": {"source": "nobody"}, "recomputed_half": {name: one for name, one in told.items() if one}}


def _setting(rows: Frame, arms: bool) -> dict[str, Any]:
    if rows.empty:
        return {}
    p = rows.p_correct_final.astype(float)
    first = rows.p_correct_by_turn.str.split(";").str[0].astype(float)
    rounds = rows.n_debate_rounds.astype(int)
    top = np.maximum(p, 1 - p)
    gap = (np.where(p == 0.5, 0.5, p > 0.5) - top).groupby(np.minimum((top * 10).astype(int), 9)).sum()
    parts = {"honest": rows.consultant_honest == "1", "dishonest": rows.consultant_honest == "0"} if arms else {}
    return {
        "n": len(rows),
        "correct": int((p > 0.5).sum()),
        "accuracy": round((p > 0.5).mean(), 4),
        "mean_rounds": round(rounds.mean(), 4),
        "mean_judge_reward": round(rows.judge_reward.astype(float).mean(), 4),
        "ece_final_10bins": round(gap.abs().sum() / len(rows), 4),
        "bits_per_round": round((np.log2(p) - np.log2(first)).sum() / rounds.sum(), 4),
        **{arm: {"n": int(of.sum()), "correct": int((p[of] > 0.5).sum())} for arm, of in parts.items() if of.any()},
    }


def llmbar(decisions: Frame) -> dict[str, Any]:
    """By subset, model and way of asking, in percent."""
    found = {}
    for run, rows in decisions.groupby(["subset", "judge_llm", "strategy"]):
        right = [rows[name] == rows.label for name in ("winner_original_order", "winner_swapped_order")]
        shares = [right[0].mean(), right[1].mean(), (right[0].mean() + right[1].mean()) / 2]
        shares.append((rows.winner_original_order == rows.winner_swapped_order).mean())
        named = ("acc_original", "acc_swapped", "acc_average", "order_agreement")
        found["|".join(run)] = {"n": len(rows), **{k: round(100 * v, 2) for k, v in zip(named, shares, strict=True)}}
    return found


def judgebench(decisions: Frame) -> dict[str, Any]:
    """By kind of judge, judge and who wrote the responses: the sum over both orders says who is right."""
    found = {}
    for run, rows in decisions.groupby(["judge_name", "judge_model", "response_model"]):
        turned = rows.label.map({"A>B": "B>A", "B>A": "A>B"})
        total = _won(rows.decision_order_AB, rows.label) + _won(rows.decision_order_BA, turned)
        right, wrong = int((total > 0).sum()), int((total < 0).sum())
        counts = {
            "n": len(rows),
            "correct": right,
            "incorrect": wrong,
            "tie_or_inconsistent": len(rows) - right - wrong,
        }
        found["|".join(run)] = {**counts, "accuracy": round(100 * right / len(rows), 2)}
    return {"rule": "the sum of both orders", "half": found}


def _won(said: pd.Series, truth: pd.Series) -> pd.Series:
    return (said == truth).astype(int) - (said.isin(["A>B", "B>A"]) & (said != truth)).astype(int)


def llmfao(votes: Frame) -> Frame:
    """Wins and shares of wins, a tie counting one half."""
    points = votes.winner.map({"left": 1.0, "tie": 0.5, "right": 0.0})
    sides = [pd.DataFrame({"item": votes.left, "won": points}), pd.DataFrame({"item": votes.right, "won": 1 - points})]
    counting = pd.concat(sides).groupby("item").won.sum()
    return pd.DataFrame({"algorithm": "counting", "item": counting.index, "score": counting.to_numpy()})


AFRESH: dict[str, tuple[str, str, Callable[[Frame], Any]]] = {
    "michael_2023": ("nyu_debates", "judgments", michael),
    "llmbar_2024": ("llmbar", "decisions", llmbar),
    "judgebench_2025": ("judgebench", "decisions", judgebench),
    "llmfao_2023": ("llmfao_pairwise", "comparisons", llmfao),
}
"""Reproduction -> folder, the file that its figures are worked out from, and how."""
