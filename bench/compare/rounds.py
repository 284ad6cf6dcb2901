"""Rounds of all peers in turn, forward and backward, and what they amount to.

A machine's speed changes from second to second, so that two figures taken apart say little. Here
every round measures every peer, the order turns around each time (ABBA), and what is told is the
ratio of sums with an interval from resampling the rounds.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import random
import statistics
import subprocess

from compare import machine
from compare.peers import LOAD, Peer


@dataclasses.dataclass(frozen=True)
class Sample:
    """One peer in one round."""

    answered: int
    seconds: float
    cpu_seconds: float
    wrong: int
    lost: int
    p50_us: int
    p99_us: int
    octets: float
    foreign: float  # The share of the server's core that others took.

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds

    @property
    def cpu_us(self) -> float:
        return self.cpu_seconds / max(1, self.answered) * 1e6

    @property
    def is_clean(self) -> bool:
        return self.foreign < 0.05


def run_load(arguments: list[object], pid: int, cores: machine.Cores) -> tuple[dict, float, float]:
    """Runs a load generator on its core: (its figures, CPU seconds of `pid`, foreign share)."""
    load = subprocess.Popen(["taskset", "-c", str(cores.generator), *map(str, arguments)],
                            stdout=subprocess.PIPE, text=True)
    assert load.stdout is not None
    if load.stdout.readline().strip() != "measuring":
        raise RuntimeError(f"{arguments[0]} did not start")
    watch, began = machine.CoreWatch(cores.server), machine.cpu_seconds(pid)
    line = load.stdout.readline()
    spent, busy = machine.cpu_seconds(pid) - began, watch.busy()
    if load.wait() != 0:
        raise RuntimeError(f"{arguments[0]} failed")
    figures = json.loads(line)
    return figures, spent, max(0.0, busy - spent / figures["seconds"])


def one_dns(peer: Peer, questions: pathlib.Path, cores: machine.Cores, seconds: float, *, cookie: str) -> Sample:
    machine.wait_for_quiet(cores)
    arguments: list[object] = [LOAD / "dns_load", "--server", f"127.0.0.1:{peer.port}",
                               "--questions", questions, "--seconds", seconds]
    arguments += ["--echo"] if peer.is_echo else []
    arguments += ["--cookie", cookie] if cookie else []
    figures, spent, foreign = run_load(arguments, peer.pid, cores)
    return Sample(figures["answered"], figures["seconds"], spent, figures["wrong"], figures["lost"],
                  figures["p50_us"], figures["p99_us"], figures["octets"], foreign)


def abba(peers: list[Peer], questions: pathlib.Path, cores: machine.Cores, *, rounds: int,
         seconds: float, cookie: str = "") -> dict[str, list[Sample]]:
    """Samples by peer; the n-th sample of each is from the n-th round. Spoilt rounds are left out."""
    samples: dict[str, list[Sample]] = {peer.name: [] for peer in peers}
    kept: list[dict[str, Sample]] = []
    spoilt: list[dict[str, Sample]] = []
    for number in range(rounds):
        order = peers if number % 2 == 0 else peers[::-1]
        taken = {peer.name: one_dns(peer, questions, cores, seconds, cookie=cookie) for peer in order}
        (kept if all(sample.is_clean for sample in taken.values()) else spoilt).append(taken)
    # A machine that is never quiet still gets its figures, from the quieter rounds.
    if len(kept) < 3:
        kept += sorted(spoilt, key=lambda taken: max(s.foreign for s in taken.values()))[:3]
    for taken in kept:
        for name, sample in taken.items():
            samples[name].append(sample)
    return samples


def ratio(of: list[Sample], to: list[Sample], figure) -> tuple[float, float, float]:
    """(ratio of sums, low, high): 95 % interval by resampling rounds."""
    pairs = list(zip(of, to, strict=True))

    def of_sums(chosen):
        return sum(figure(a) for a, _ in chosen) / sum(figure(b) for _, b in chosen)

    chance = random.Random(1)
    resampled = sorted(of_sums(chance.choices(pairs, k=len(pairs))) for _ in range(1000))
    return of_sums(pairs), resampled[25], resampled[974]


def median(samples: list[Sample], figure) -> float:
    return statistics.median(figure(sample) for sample in samples)
