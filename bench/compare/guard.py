"""What cookies and rate limits add to an answer over the socket: two hairpind, with and without.

Counting cannot be switched off: dns_guard_bench tells what it takes, to be held against the same CPU per answer.
"""

from __future__ import annotations

import pathlib

from compare import content, machine
from compare.peers import Hairpind, Peer
from compare.rounds import abba, median, ratio
from compare.table import print_table
from support.tls import TestCa

COOKIES = {"": "no cookie", "client": "its first cookie", "server": "a valid server cookie"}
BARE: dict[str, object] = {"cookies": "off", "rate_limit.mode": "off"}
# The load comes from one address: each question has its account, and none of them is ever full.
GUARDED: dict[str, object] = {"cookies": "on", "rate_limit.mode": "on", "rate_limit.answers": 1_000_000}


# Where a process's pages lie, and so what shares a line of the cache, is chance: no interval from one pair tells that.
PAIRS = 4


def _measure(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, rounds: int, seconds: float,
             samples: dict[str, dict[str, list]]) -> None:
    """One pair of servers, bare and guarded, with each cookie in turn; adds to `samples`, by cookie and server."""
    peers: list[Peer] = []
    try:
        for name, options in (("bare", BARE), ("guarded", GUARDED)):
            state = folder / name
            state.mkdir(parents=True)
            hairpin = Hairpind(state, ca, options)
            hairpin.name = name
            peers.append(hairpin.start(cores.server))
            hairpin.load_zone(1, content.SERVERS)
        questions = content.write_questions(folder)["random"]
        # None; as a client does that met no server yet; as one does from then on.
        for cookie in COOKIES:
            for name, own in abba(peers, questions, cores, rounds=rounds, seconds=seconds, cookie=cookie).items():
                samples[cookie].setdefault(name, []).extend(own)
    finally:
        for peer in peers:
            peer.stop()


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    pairs, rounds, seconds = (1, 3, 0.5) if quick else (PAIRS, 6, 1.5)
    samples: dict[str, dict[str, list]] = {cookie: {} for cookie in COOKIES}
    for pair in range(pairs):
        _measure(folder / str(pair), ca, cores, rounds=rounds, seconds=seconds, samples=samples)
    for cookie, by_peer in samples.items():
        rows = []
        for name, own in by_peer.items():
            middle, low, high = ratio(own, by_peer["bare"], lambda s: s.cpu_us)
            rows.append([name, f"{median(own, lambda s: s.per_second):,.0f}",
                         f"{median(own, lambda s: s.cpu_us):.2f}", f"{middle:.3f} [{low:.3f}, {high:.3f}]",
                         f"{median(own, lambda s: s.octets):.0f}", sum(s.lost for s in own), sum(s.wrong for s in own)])
        print_table(
            f"DNS over UDP, random names of one zone, every client sends {COOKIES[cookie]}; "
            f"{len(by_peer['bare'])} of {pairs * rounds} rounds of {seconds} s, {pairs} pairs of servers",
            ["server", "answers/s", "CPU us/answer", "CPU to bare's", "octets", "lost", "wrong"], rows)
