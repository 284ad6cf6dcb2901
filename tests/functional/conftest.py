"""Fixtures of the functional tests. HAIRPIN_BUILD names the build to test (build/dev)."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support.acme_rig import Rig  # noqa: E402
from support.fake_ca import FakeCa  # noqa: E402
from support.hairpin import PROGRAM, Hairpin  # noqa: E402
from support.pebble import Pebble  # noqa: E402
from support.ports import free_port  # noqa: E402
from support.tls import TestCa  # noqa: E402


def pytest_configure(config):
    if not PROGRAM.is_file():
        pytest.exit(f"{PROGRAM} is not built: cmake --preset dev && cmake --build --preset dev", returncode=2)


@pytest.fixture(scope="session")
def ca(tmp_path_factory) -> TestCa:
    return TestCa(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def make_hairpin(tmp_path, ca):
    """Makes servers that end with the test; a sanitizer's report in a log fails the test."""
    made: list[Hairpin] = []

    def make(**config) -> Hairpin:
        folder = tmp_path / f"hairpin-{len(made)}"
        folder.mkdir()
        made.append(Hairpin(folder, ca, config))
        return made[-1]

    yield make
    for each in made:
        each.end()
    for each in made:
        for sign in ("Sanitizer", "runtime error:", "Assertion"):
            assert sign not in each.logs(), each.logs()[-8000:]


@pytest.fixture
def hairpin(make_hairpin) -> Hairpin:
    """One running server without a CA."""
    return make_hairpin().start()


@pytest.fixture
def make_pebble(tmp_path, ca):
    made: list[Pebble] = []

    def make(dns_port: int, **options) -> Pebble:
        folder = tmp_path / f"pebble-{len(made)}"
        folder.mkdir()
        made.append(Pebble(folder, ca, dns_port, **options))
        return made[-1].start()

    yield make
    for each in made:
        each.stop()


@pytest.fixture(name="rig")
def new_rig(tmp_path, ca) -> Rig:
    """acme/ alone, with a name server on a free port. It has no CA yet."""
    return Rig(tmp_path / "rig", ca.certificate, free_port())


@pytest.fixture(name="fake")
def running_fake_ca(ca, rig):
    """A CA that misbehaves on demand, as the rig's CA. A request that RFC 8555 forbids fails the test."""
    fake = FakeCa(ca).start()
    rig.directory = fake.directory
    yield fake
    fake.stop()
    assert fake.broken == []


@pytest.fixture(name="second")
def running_second_ca(ca):
    """Another one."""
    fake = FakeCa(ca).start()
    yield fake
    fake.stop()
    assert fake.broken == []
