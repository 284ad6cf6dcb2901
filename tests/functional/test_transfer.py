"""Zone transfers: stock clients, and real secondaries that follow a zone as it changes."""

from __future__ import annotations

import itertools
import random
import re
import signal
import socket
import struct
import threading
import time

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.versioned
import dns.xfr
import dns.zone
import pytest
from support.process import wait_until
from support.secondaries import KINDS
from test_dns import ZONE, ZONE_FILE

ALLOWED = {"dns.transfer": {"allow": ["127.0.0.0/8", "::1"]}}


def put_zone(hairpin, text: str = ZONE_FILE) -> None:
    if hairpin.api.get(f"/v1/zones/{ZONE}").status == 404:
        hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    hairpin.api.request("PUT", f"/v1/zones/{ZONE}/zonefile", text.encode(),
                        headers={"Content-Type": "text/dns"}).expect(200, 204)


def set_a(hairpin, owner: str, *addresses: str, ttl: int = 60) -> None:
    hairpin.api.put(f"/v1/zones/{ZONE}/rrsets/{owner}.{ZONE}/A",
                    {"ttl": ttl, "records": list(addresses)}).expect(200, 201, 204)


def whole_zone(port: int, zone: str = ZONE) -> dns.zone.Zone:
    content = dns.zone.Zone(zone, relativize=False)
    dns.query.inbound_xfr("127.0.0.1", content, port=port, timeout=20, lifetime=60)
    return content


def records(zone: dns.zone.Zone) -> list[tuple[str, int, str]]:
    return sorted((name.to_text().lower(), ttl, f"{dns.rdatatype.to_text(rdata.rdtype)} {rdata.to_text().lower()}")
                  for name, ttl, rdata in zone.iterate_rdatas())


def transfers(hairpin, outcome: str) -> int:
    text = hairpin.api.get("/metrics").expect(200).body.decode()
    return int(re.search(rf'dns_transfers_total\{{outcome="{outcome}"\}} (\d+)', text)[1])


@pytest.fixture
def primary(make_hairpin):
    """A server that gives its zones to loopback."""
    hairpin = make_hairpin(**ALLOWED).start()
    put_zone(hairpin)
    return hairpin


def test_nobody_may_transfer_by_default(hairpin):
    put_zone(hairpin)
    assert "Transfer failed" in hairpin.dns.run("dig", "AXFR", ZONE)
    assert "Transfer failed" in hairpin.dns.run("dig", ZONE, "-t", "IXFR=1")
    for rtype in ("AXFR", "IXFR"):
        answer = ask(hairpin, ZONE, rtype)
        assert answer.rcode() == dns.rcode.REFUSED and not answer.answer
        assert [(option.otype, option.to_wire()[:2]) for option in answer.options] == [(15, b"\0\x12")]
        assert ask(hairpin, "foreign.test.", rtype).rcode() == dns.rcode.NOTAUTH
    assert transfers(hairpin, "refused") > 0 and transfers(hairpin, "whole") == 0


def ask(hairpin, zone: str, rtype: str, serial: int = 1, *, tcp: bool = True) -> dns.message.Message:
    query = dns.message.make_query(zone, rtype, use_edns=0)
    query.flags = 0
    if rtype == "IXFR":
        query.authority.append(dns.rrset.from_text(zone, 0, "IN", "SOA", f". . {serial} 0 0 0 0"))
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, "127.0.0.1", port=hairpin.dns_port, timeout=10)


def test_dig_and_kdig_read_whole_zones(primary):
    for program in ("dig", "kdig"):
        said = primary.dns.run(program, ZONE, "AXFR")
        assert said.count("SOA") >= 2 and said.count('"xxx') == 60, said
        assert "192.0.2.3" in said and "12345 13 2" in said and "010203" in said  # Glue, DS, an unknown type.


def test_dig_and_kdig_read_what_has_changed(primary):
    serial = primary.dns.serial(ZONE)
    set_a(primary, "www", "192.0.2.200")
    for program in ("dig", "kdig"):
        said = primary.dns.run(program, ZONE, "-t", f"IXFR={serial}")
        lines = [line for line in said.splitlines() if line and not line.startswith(";")]
        # SOA, old SOA, the record that went, SOA, the record that came, SOA.
        assert len(lines) == 6 and "192.0.2.1" in said and "192.0.2.200" in said, said
    current = primary.dns.serial(ZONE)
    said = primary.dns.run("dig", ZONE, "-t", f"IXFR={current}")
    assert len([line for line in said.splitlines() if line and not line.startswith(";")]) == 1, said
    assert transfers(primary, "incremental") == 2


def test_over_udp_ixfr_shows_the_serial_and_axfr_nothing(primary):
    answer = ask(primary, ZONE, "IXFR", 1, tcp=False)
    assert answer.rcode() == dns.rcode.NOERROR
    assert [(rrset.rdtype, len(rrset)) for rrset in answer.answer] == [(dns.rdatatype.SOA, 1)]
    assert ask(primary, ZONE, "AXFR", tcp=False).rcode() == dns.rcode.REFUSED


def test_dnspython_follows_by_differences(primary):
    zone = dns.versioned.Zone(ZONE, relativize=False)
    where = {"port": primary.dns_port, "timeout": 20, "lifetime": 60}
    dns.query.inbound_xfr("127.0.0.1", zone, **where)
    assert records(zone) == records(whole_zone(primary.dns_port))
    for number in range(20):
        for each in range(number % 4 + 1):
            set_a(primary, f"n{each}", *(f"192.0.2.{number * 4 + more + 1}" for more in range(each + 1)))
        query, serial = dns.xfr.make_query(zone)
        assert serial is not None
        dns.query.inbound_xfr("127.0.0.1", zone, query, **where)
        assert records(zone) == records(whole_zone(primary.dns_port))
    assert transfers(primary, "incremental") == 20


def test_a_zone_made_anew_is_sent_whole(primary):
    zone = dns.versioned.Zone(ZONE, relativize=False)
    where = {"port": primary.dns_port, "timeout": 20, "lifetime": 60}
    dns.query.inbound_xfr("127.0.0.1", zone, **where)
    primary.api.delete(f"/v1/zones/{ZONE}").expect(204)
    put_zone(primary, ZONE_FILE + "anew IN A 192.0.2.250\n")
    query, _ = dns.xfr.make_query(zone)
    dns.query.inbound_xfr("127.0.0.1", zone, query, **where)
    assert records(zone) == records(whole_zone(primary.dns_port))
    assert transfers(primary, "incremental") == 0


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_secondary_converges_after_bursts_of_changes(primary, tmp_path, kind):
    chance = random.Random(kind)
    licence = primary.new_server()
    other = "pl-acme.example.net."
    secondary = KINDS[kind](tmp_path / kind, primary.dns_port, [ZONE, other])
    try:
        secondary.start()
        for _ in range(6):
            for _ in range(chance.randrange(1, 15)):
                burst(primary, chance)
            primary.as_holder(licence["token"]).post(
                "/v1/self/heartbeat", {"private": [f"192.168.1.{chance.randrange(1, 250)}"]}).expect(200)
            for zone in (ZONE, other):
                secondary.follow(zone, primary.dns.serial(zone))
                assert records(whole_zone(secondary.port, zone)) == records(whole_zone(primary.dns_port, zone)), \
                    secondary.log()[-4000:]
        # Replaced as a whole, which is a difference too.
        put_zone(primary, ZONE_FILE + "other IN A 192.0.2.99\n")
        secondary.follow(ZONE, primary.dns.serial(ZONE))
        assert records(whole_zone(secondary.port)) == records(whole_zone(primary.dns_port))
        assert transfers(primary, "incremental") >= 4, secondary.log()[-4000:]
    finally:
        secondary.end()


def burst(hairpin, chance: random.Random) -> None:
    """One change of one to three RRsets."""
    rrsets = []
    for owner in chance.sample(["a", "b.a", "*.w", "c", "Mixed.Case", "sub2"], chance.randrange(1, 4)):
        if owner == "sub2":
            rrsets.append({"owner": f"sub2.{ZONE}", "type": "NS", "ttl": 60,
                           "records": [f"ns.sub{chance.randrange(3)}.{ZONE}"]})
        else:
            addresses = {f"192.0.2.{chance.randrange(1, 250)}" for _ in range(chance.randrange(0, 4))}
            rrsets.append({"owner": f"{owner}.{ZONE}", "type": "A", "ttl": chance.choice([60, 300]),
                           "records": sorted(addresses)})
    hairpin.api.patch(f"/v1/zones/{ZONE}/rrsets", {"rrsets": rrsets}).expect(200)


def test_a_secondary_without_permission_gets_nothing(make_hairpin, tmp_path):
    hairpin = make_hairpin(**{"dns.transfer": {"allow": ["192.0.2.0/24"]}}).start()
    put_zone(hairpin)
    secondary = KINDS["nsd"](tmp_path / "nsd", hairpin.dns_port, [ZONE])
    try:
        secondary.launch()
        wait_until(lambda: transfers(hairpin, "refused") > 0, "the secondary has asked")
        assert secondary.serial(ZONE) == 0
    finally:
        secondary.end()


def test_sighup_takes_a_new_permission(make_hairpin):
    hairpin = make_hairpin().start()
    put_zone(hairpin)
    assert ask(hairpin, ZONE, "AXFR").rcode() == dns.rcode.REFUSED
    hairpin.config["dns.transfer"] = {"secondaries": ["127.0.0.1:5353"]}
    hairpin.write_config()
    hairpin.process.signal(signal.SIGHUP)
    wait_until(lambda: ask(hairpin, ZONE, "SOA").answer and
               records_or_none(hairpin), "a transfer is given after SIGHUP")
    hairpin.config["dns.transfer"] = {"secondaries": []}
    hairpin.write_config()
    hairpin.process.signal(signal.SIGHUP)
    wait_until(lambda: not records_or_none(hairpin), "no transfer is given after SIGHUP")


def records_or_none(hairpin):
    try:
        return records(whole_zone(hairpin.dns_port))
    except dns.xfr.TransferError:
        return None


def test_each_transfer_is_of_one_serial_while_changes_go_on(primary):
    done = threading.Event()

    def change():
        for number in range(100_000):
            if done.is_set():
                return
            address = f"192.0.{number // 250 % 250}.{number % 250 + 1}"
            pair = [{"owner": f"{name}.{ZONE}", "type": "A", "ttl": 60, "records": [address]} for name in ("first", "zlast")]
            primary.api.patch(f"/v1/zones/{ZONE}/rrsets", {"rrsets": pair}).expect(200)

    set_a(primary, "first", "192.0.0.1")
    set_a(primary, "zlast", "192.0.0.1")
    changing = threading.Thread(target=change)
    changing.start()
    try:
        follower = dns.versioned.Zone(ZONE, relativize=False)
        serials = set()
        end = time.monotonic() + 120
        for number in itertools.count():
            # However slow the machine makes the changes, they are to be met in the middle.
            if number >= 60 and (len(serials) > 10 or time.monotonic() > end):
                break
            query, _ = dns.xfr.make_query(follower)
            dns.query.inbound_xfr("127.0.0.1", follower, query, port=primary.dns_port, timeout=20, lifetime=60)
            for zone in (follower, whole_zone(primary.dns_port)) if number % 3 == 0 else (follower,):
                assert zone.find_rdataset(f"first.{ZONE}", "A") == zone.find_rdataset(f"zlast.{ZONE}", "A")
                serials.add(zone.find_rdataset(ZONE, "SOA")[0].serial)
        assert len(serials) > 10
    finally:
        done.set()
        changing.join()


LARGE = ZONE_FILE + "".join(f'n{number} IN TXT "{"y" * 200}"\n' for number in range(20_000))


def open_transfer(hairpin, receive_octets: int) -> socket.socket:
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
    client.settimeout(30)
    client.connect(("127.0.0.1", hairpin.dns_port))
    query = dns.message.make_query(ZONE, "AXFR").to_wire()
    client.sendall(struct.pack(">H", len(query)) + query)
    return client


def test_a_stalled_reader_is_let_go_and_a_slow_one_is_not(primary):
    put_zone(primary, LARGE)
    stalled = open_transfer(primary, 4096)
    slow = open_transfer(primary, 4096)
    began = time.monotonic()
    received = b""
    # Slow for longer than any window, then as fast as it comes.
    while time.monotonic() - began < 24:
        received += slow.recv(4096)
        time.sleep(0.02)
        assert primary.dns.rdata(f"www.{ZONE}")  # Nobody else waits.
    while piece := slow_piece(slow, received):
        received += piece
    wait_until(lambda: transfers(primary, "whole") == 1, "the slow one is through")
    text = primary.api.get("/metrics").expect(200).body.decode()
    assert int(re.search(r"dns_tcp_timed_out_total (\d+)", text)[1]) >= 1
    messages, at = 0, 0
    while at < len(received):
        size, = struct.unpack(">H", received[at:at + 2])
        at += 2 + size
        messages += 1
    assert messages > 200
    stalled.close()
    slow.close()


def slow_piece(client: socket.socket, received: bytes) -> bytes:
    """More of the stream, until the last SOA has come."""
    at = 0
    while at + 2 <= len(received):
        at += 2 + struct.unpack(">H", received[at:at + 2])[0]
    client.settimeout(2 if at == len(received) else 30)
    try:
        return client.recv(1 << 20)
    except TimeoutError:
        return b""
