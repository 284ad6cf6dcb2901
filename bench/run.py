"""The comparisons between processes. Usage: run.py [--quick] [dns] [guard] [heartbeat] [dyndns] [visible] [updates] [orders] [certificates] [scale]

HAIRPIN_BUILD names the build (tools/bench sets it). State is in build/bench/.
"""

from __future__ import annotations

import argparse
import pathlib
import platform
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "functional")]

from compare import certificates, dns, guard, machine, orders, reports, scale, updates, visible  # noqa: E402
from support.tls import TestCa  # noqa: E402

PARTS = {"dns": dns.run, "guard": guard.run, "heartbeat": reports.run_heartbeats, "dyndns": reports.run_dyndns,
         "visible": visible.run, "updates": updates.run, "orders": orders.run, "certificates": certificates.run, "scale": scale.run}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures Hairpin beside Knot DNS and a bare echo.")
    parser.add_argument("--quick", action="store_true", help="few short rounds: does it work at all?")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all without one")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    cores = machine.Cores.of_this_machine()
    if cores.generator == cores.server:
        print("only one core: generator and server share it, and only CPU times mean something")
    folder = ROOT / "build" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"Linux {platform.release()}, {cores.server - cores.generator + 1} cores; "
          f"load from core {cores.generator}, servers on core {cores.server}, all on loopback")
    ca = TestCa(folder)
    for name in options.parts or PARTS:
        PARTS[name](folder, ca, cores, quick=options.quick)


if __name__ == "__main__":
    main()
