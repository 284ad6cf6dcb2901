"""UPDATE beside Knot and BIND, request by request: the same RCODE, and the same zone afterwards.

Every request meets the same zone. Where the others do something else, EXPLAINED says by which sentence
of the RFC we do what we do; a difference that no row explains fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from support.ports import free_port
from support.process import Process, wait_until

from updates import (ANY, AXFR, CONTENT, DNAME, IN, KEY, MAILB, NONE, NS, SECRET_BASE64, TYPE_ANY, ZONE, ZONE_TEXT,
                     Record, Request, Server, bind_config, knot_config, requests, reset_request)

SEED, SINGLES, MIXES = 2136, 800, 400
META = (AXFR, MAILB, TYPE_ANY)


@pytest.fixture(scope="module")
def ours(make_hairpin) -> Server:
    hairpin = make_hairpin(dns={"workers": 1})
    api = hairpin.api
    api.post("/v1/zones", {"zone": ZONE}).expect(201)
    api.put(f"/v1/zones/{ZONE}/zonefile", ZONE_TEXT, headers={"Content-Type": "text/dns"}).expect(200, 204)
    api.post("/v1/credentials", {"kind": "tsig", "name": KEY, "algorithm": "hmac-sha256", "secret": SECRET_BASE64, "allow": [
        {"zone": ZONE, "names": "*", "types": ["*"], "operations": ["update", "transfer"]}],
        "per_minute": 10_000_000}).expect(201)
    return Server("hairpin", hairpin.dns_port)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Those of Knot and BIND that are installed."""
    servers, processes = [], []
    for name, program, config, arguments in (
            ("knot", "knotd", knot_config, lambda conf: ["-c", conf]),
            ("bind", "named", bind_config, lambda conf: ["-c", conf, "-g", "-n", "1"])):
        path = shutil.which(program, path="/usr/sbin:/usr/bin")
        if path is None:
            continue
        folder, port = tmp_path_factory.mktemp(name), free_port()
        (folder / "zone").write_text(ZONE_TEXT)
        (folder / "conf").write_text(config(folder, port))
        process = Process([path, *arguments(folder / "conf")], folder / "log", cwd=folder)
        processes.append(process)
        server = Server(name, port)

        def is_up(server=server) -> bool:
            try:
                return bool(server.content())
            except Exception:  # noqa: BLE001 - whatever a server that is not up does to dnspython
                return False

        wait_until(is_up, f"{name} answers")
        servers.append(server)
    yield servers
    for process in processes:
        process.end()


def any_record(request: Request, is_it: Callable[[Record], bool]) -> bool:
    return any(is_it(record) for record in request.prerequisites + request.updates)


def is_outside(record: Record) -> bool:
    return record.owner.endswith(".")


def has_outside(request: Request) -> bool:
    return any_record(request, is_outside)


def adds_dname_above_others(request: Request) -> bool:
    return any(each.rclass == IN and each.rtype == DNAME for each in request.updates)


def adds_what_is_there(request: Request) -> bool:
    """With the TTL of another record, or its own changed."""
    added = [each for each in request.updates if each.rclass == IN]
    there = {(owner, rtype) for owner, records in CONTENT.items() for rtype, _ in records} | {("@", NS)}
    return any((each.owner, each.rtype) in there or added.count(each) > 1 for each in added)


# (server, by which sentence we do what we do, whether that is about this request)
EXPLAINED: list[tuple[str, str, Callable[[Request], bool]]] = [
    ("bind", "3.4.1.3: that an owner is outside of the zone is said before its class, type and RDATA are looked at",
     has_outside),
    ("knot", "3.4.1.3: that an owner is outside of the zone is said before its class, type and RDATA are looked at",
     has_outside),
    ("knot", "3.4.1.3: with class ANY, 'if (rr.ttl != 0 ..) return (FORMERR)'",
     lambda request: any(each.rclass == ANY and each.ttl != 0 for each in request.updates)),
    ("knot", "3.4.1.2: MAILA, MAILB 'or any other QUERY metatype' is FORMERR",
     lambda request: any(each.rtype == MAILB for each in request.updates)),
    ("knot", "3.2.5: a value of a type that no zone holds is one that this zone does not have: NXRRSET",
     lambda request: any(each.rclass == IN and each.rtype in META for each in request.prerequisites)),
    ("knot", "2.5.4: a record is deleted by its RDATA, and none is no RDATA of this type: FORMERR (2.2)",
     lambda request: any(each.rclass == NONE and not each.rdata for each in request.updates)),
    ("knot", "3.4.2.2: 'In case of duplicate RDATAs .. the Zone RR is replaced by Update RR', and so is its TTL",
     adds_what_is_there),
    ("knot", "RFC 6672 section 5.2: 'Adding a DNAME RR to a zone occludes any domain names that may exist' below",
     adds_dname_above_others),
]


def explanation(name: str, request: Request) -> str | None:
    return next((why for server, why, is_it in EXPLAINED if server == name and is_it(request)), None)


def outcome(server: Server, request: Request) -> tuple[str, set[str]]:
    assert server.send(reset_request()) == "NOERROR", server.name
    return server.send(request), server.content()


def test_every_request_is_answered_and_done_as_by_others_or_the_rfc_says_why(ours, others):
    assert others, "neither knotd nor named is installed"
    wrong, used = [], set()
    for request in requests(SEED, SINGLES, MIXES):
        rcode, zone = outcome(ours, request)
        for other in others:
            their_rcode, their_zone = outcome(other, request)
            if (rcode, zone) == (their_rcode, their_zone):
                continue
            why = explanation(other.name, request)
            if why is not None:
                used.add(why)
                continue
            wrong.append(f"{request.text()}\n    hairpin {rcode}, {other.name} {their_rcode}; "
                         f"only here {sorted(zone - their_zone)}, only there {sorted(their_zone - zone)}")
    assert not wrong, f"{len(wrong)} differences in {SINGLES + MIXES}:\n" + "\n".join(wrong[:60])
    stale = [why for _, why, _ in EXPLAINED if why not in used]
    assert not stale, f"rows that explain nothing: {stale}"
