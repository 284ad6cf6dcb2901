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


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    rounds, seconds = (3, 0.5) if quick else (24, 1.5)
    peers: list[Peer] = []
    try:
        for name, options in (("bare", BARE), ("guarded", GUARDED)):
            state = folder / name
            state.mkdir()
            hairpin = Hairpind(state, ca, options)
            hairpin.name = name
            peers.append(hairpin.start(cores.server))
            hairpin.load_zone(1, content.SERVERS)
        questions = content.write_questions(folder)["random"]
        # None; as a client does that met no server yet; as one does from then on.
        for cookie in ("", "client", "server"):
            samples = abba(peers, questions, cores, rounds=rounds, seconds=seconds, cookie=cookie)
            rows = []
            for peer in peers:
                own = samples[peer.name]
                middle, low, high = ratio(own, samples["bare"], lambda s: s.cpu_us)
                rows.append([peer.name, f"{median(own, lambda s: s.per_second):,.0f}",
                             f"{median(own, lambda s: s.cpu_us):.2f}", f"{middle:.3f} [{low:.3f}, {high:.3f}]",
                             f"{median(own, lambda s: s.octets):.0f}", sum(s.lost for s in own), sum(s.wrong for s in own)])
            print_table(
                f"DNS over UDP, random names of one zone, every client sends {COOKIES[cookie]}; "
                f"{len(samples['bare'])} of {rounds} rounds of {seconds} s",
                ["server", "answers/s", "CPU us/answer", "CPU to bare's", "octets", "lost", "wrong"], rows)
    finally:
        for peer in peers:
            peer.stop()
