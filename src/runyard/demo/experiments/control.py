"""Reinforcement learning: rewards that jump, and a film of the result."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from runyard.demo import curves, documents
from runyard.demo.plan import DAY_MS, MINUTE_MS, ExperimentPlan, RunPlan

NAME = "cart-pole-policy"
NOTE = "PPO on the cart and pole. The reward of an episode is at most 500; see `videos/rollout.webm`."
EPISODES = 600


def plan(now_ms: int) -> ExperimentPlan:
    """Six runs: three seeds of two settings, to be grouped."""
    film = files("runyard.demo").joinpath("rollout.webm").read_bytes()
    runs = [_run(number, np.random.default_rng([16, number]), now_ms, film) for number in range(6)]
    return ExperimentPlan(NAME, NOTE, {"team.goal": "keep the pole up", "domain": "control"}, runs)


def _run(number: int, rng: np.random.Generator, now_ms: int, film: bytes) -> RunPlan:
    clip, seed = (0.1, 0.2)[number % 2], 1 + number // 2
    start_ms = now_ms - int((4.5 - number * 0.6) * DAY_MS)
    end_ms = start_ms + 21 * MINUTE_MS
    steps = np.arange(EPISODES, dtype=np.int64)
    learnt = 500 * curves.rising(steps, rng, top=0.97, half=110 / (clip * 8), noise=0.05, start=0.04)
    reward = np.clip(learnt * rng.choice([1.0, 1.0, 1.0, 0.55], EPISODES), 8, 500).round()
    columns = {
        "episode/reward": reward,
        "episode/mean_reward_50": np.convolve(reward, np.ones(50) / 50, "full")[:EPISODES],
        "policy/entropy": curves.falling(steps, rng, start=0.69, floor=0.12, half=150, noise=0.02),
        "policy/kl": np.abs(rng.normal(0.008 * clip * 10, 0.003, EPISODES)),
        "value/loss": curves.falling(steps, rng, start=95, floor=6, half=140, noise=9),
    }
    text = [f"INFO  episode {step:>4}  reward {reward[step]:5.0f}" for step in steps[::10]]
    return RunPlan(
        f"ppo-clip{clip:g}-seed{seed}",
        start_ms,
        end_ms,
        params={
            "algorithm": "ppo",
            "clip": f"{clip:g}",
            "seed": str(seed),
            "gamma": "0.99",
            "learning_rate": "0.0003",
            "horizon": "2048",
        },
        tags={"mlflow.source.name": "ppo.py", "environment": "CartPole-v1"},
        series=[curves.timed(key, steps, values, start_ms, end_ms) for key, values in columns.items()],
        files={"videos/rollout.webm": film, "logs/stdout.txt": documents.log_text(start_ms, end_ms, text)},
    )
