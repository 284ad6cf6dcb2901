"""Fixtures of the conformance tests: a hairpind and its peers with the same zones, once for all tests."""

from __future__ import annotations

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "functional")]

from support.hairpin import PROGRAM, Hairpin  # noqa: E402
from support.tls import TestCa  # noqa: E402

from servers import PEERS, Nsd, Peer  # noqa: E402
from zones import TestZone, make_hidden_zone, make_zones  # noqa: E402


def pytest_configure(config):
    if not PROGRAM.is_file():
        pytest.exit(f"{PROGRAM} is not built: cmake --preset dev && cmake --build --preset dev", returncode=2)


@pytest.fixture(scope="session")
def ca(tmp_path_factory) -> TestCa:
    return TestCa(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def make_hairpin(tmp_path_factory, ca):
    """Makes servers that live until all tests have run; a sanitizer's report in a log fails the last one."""
    made: list[Hairpin] = []

    def make(**config) -> Hairpin:
        # All questions come from one address, many of them about one name.
        made.append(Hairpin(tmp_path_factory.mktemp("hairpin"), ca, {"dns.rate_limit": {"mode": "off"}, **config}))
        return made[-1].start()

    yield make
    for each in made:
        each.end()
    for each in made:
        for sign in ("Sanitizer", "runtime error:", "Assertion"):
            assert sign not in each.logs(), each.logs()[-8000:]


def load(hairpin: Hairpin, zone: TestZone) -> None:
    hairpin.api.post("/v1/zones", {"zone": zone.apex}).expect(201)
    hairpin.api.request("PUT", f"/v1/zones/{zone.apex}/zonefile", zone.text().encode(),
                        headers={"Content-Type": "text/dns"}).expect(200, 204)


@pytest.fixture(scope="session")
def zones() -> list[TestZone]:
    return [*make_zones(), make_hidden_zone()]


@pytest.fixture(scope="session")
def hairpin(make_hairpin, zones) -> Hairpin:
    """One server with all zones."""
    made = make_hairpin(dns={"workers": 1, "tcp_per_client": 1000})
    for zone in zones:
        load(made, zone)
    return made


@pytest.fixture(scope="session")
def peers(tmp_path_factory, zones) -> list[Peer]:
    folder = tmp_path_factory.mktemp("peers")
    made = [kind(folder / kind.name, zones) for kind in PEERS]
    try:
        for peer in made:
            peer.start()
        yield made
    finally:
        for peer in made:
            peer.end()
