"""Answers per second and CPU per answer: Hairpin, Knot and a bare echo, one worker each."""

from __future__ import annotations

import pathlib

from compare import content, machine
from compare.peers import Echo, Hairpind, Knot, Peer
from compare.rounds import Sample, abba, median, ratio
from compare.table import print_table
from support.tls import TestCa


def _row(name: str, samples: dict[str, list[Sample]]) -> list[object]:
    own = samples[name]
    cells: list[object] = [
        name, f"{median(own, lambda s: s.per_second):,.0f}", f"{median(own, lambda s: s.cpu_us):.2f}"]
    for other in ("knot", "echo"):
        if other == name or other not in samples:
            cells.append("")
            continue
        middle, low, high = ratio(own, samples[other], lambda s: s.cpu_us)
        cells.append(f"{middle:.2f} [{low:.2f}, {high:.2f}]")
    return [*cells, f"{median(own, lambda s: s.p50_us):.0f}", f"{median(own, lambda s: s.p99_us):.0f}",
            f"{median(own, lambda s: s.octets):.0f}", sum(s.lost for s in own), sum(s.wrong for s in own)]


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    state = folder / "dns"
    state.mkdir()
    rounds, seconds = (3, 0.5) if quick else (16, 1.5)
    peers: list[Peer] = [Echo(state, cores.server), Knot(state, cores.server, zones=1, servers=content.SERVERS)]
    try:
        hairpin = Hairpind(state, ca).start(cores.server)
        peers.append(hairpin)
        hairpin.load_zone(1, content.SERVERS)
        for mix, questions in content.write_questions(state).items():
            samples = abba(peers, questions, cores, rounds=rounds, seconds=seconds)
            kept = len(samples["echo"])
            print_table(
                f"DNS over UDP, {mix} names of one zone of {content.SERVERS:,} servers; "
                f"{kept} of {rounds} rounds of {seconds} s",
                ["server", "answers/s", "CPU us/answer", "CPU to knot's", "CPU to echo's", "p50 us", "p99 us",
                 "octets", "lost", "wrong"],
                [_row(peer.name, samples) for peer in peers])
    finally:
        for peer in peers:
            peer.stop()
