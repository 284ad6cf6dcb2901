"""What can be seen from outside of what the name server does."""

from __future__ import annotations

import re
import socket
import struct

import dns.message
import dns.rdatatype

ZONE = "seen.test."
ZONE_FILE = """\
$TTL 60
@      IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 60
@      IN NS  ns1.example.net.
www    IN A   192.0.2.1
"""
SAMPLE = re.compile(r'^([a-z_]+)(?:\{([^}]*)\})? (\S+)$')


def start(make_hairpin, **dns_options):
    hairpin = make_hairpin(dns={"workers": 2, **dns_options}).start()
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    hairpin.api.request("PUT", f"/v1/zones/{ZONE}/zonefile", ZONE_FILE.encode(),
                        headers={"Content-Type": "text/dns"}).expect(200, 204)
    return hairpin


def read_metrics(hairpin) -> dict[str, dict[str, float]]:
    """By name and labels, with every rule of the format that a collector relies on checked."""
    samples: dict[str, dict[str, float]] = {}
    kinds: dict[str, str] = {}
    family = ""
    for line in hairpin.api.get("/metrics").expect(200).body.decode().splitlines():
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in kinds, f"{family} twice"
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name == family and kind in ("counter", "gauge", "histogram")
            kinds[family] = kind
        else:
            name, labels, value = SAMPLE.match(line).groups()
            assert re.sub("_(bucket|sum|count)$", "", name) == family or name == family, line
            assert (labels or "") not in samples.setdefault(name, {}), line
            samples[name][labels or ""] = float(value)
    for name in (name for name, kind in kinds.items() if kind == "histogram"):
        check_histogram(samples, name)
    return samples


def check_histogram(samples, name: str) -> None:
    for labels, count in samples[f"{name}_count"].items():
        buckets = [(float(bound), value)
                   for bucket, value in samples[f"{name}_bucket"].items()
                   for of, bound in [re.fullmatch(r'(.*),le="([^"]*)"', bucket).groups()] if of == labels]
        assert buckets == sorted(buckets), name
        assert [value for _, value in buckets] == sorted(value for _, value in buckets), "not cumulative"
        assert buckets[-1] == (float("inf"), count), name
        assert samples[f"{name}_sum"][labels] >= 0


def octets_over_tcp(hairpin, name: str) -> int:
    """Asks for the address of `name`; the size of the answer as it came, without its length (RFC 1035 section 4.2.2)."""
    query = dns.message.make_query(name, "A", use_edns=0).to_wire()
    with socket.create_connection(("127.0.0.1", hairpin.dns_port), timeout=10) as client:
        client.sendall(struct.pack("!H", len(query)) + query)
        with client.makefile("rb") as stream:
            (size,) = struct.unpack("!H", stream.read(2))
            return len(stream.read(size))


def test_metrics_say_who_asked_what_how_and_how_long_it_took(make_hairpin):
    hairpin = start(make_hairpin)
    before = read_metrics(hairpin)
    for _ in range(20):
        assert hairpin.dns.ask(f"www.{ZONE}", "A").rcode() == 0
    octets = sum(octets_over_tcp(hairpin, name) for name in (f"www.{ZONE}", f"nosuch.{ZONE}", f"www.{ZONE}"))
    hairpin.dns.ask("elsewhere.test.", "A")
    notify = dns.message.make_query(ZONE, dns.rdatatype.SOA)
    notify.set_opcode(dns.opcode.NOTIFY)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(notify.to_wire(), ("127.0.0.1", hairpin.dns_port))
        assert dns.message.from_wire(client.recv(4096)).rcode() == dns.rcode.NOTIMP
    after = read_metrics(hairpin)

    def grown(name: str, labels: str = "") -> float:
        return after[name][labels] - before[name].get(labels, 0)

    assert grown("hairpin_dns_queries_total", 'transport="udp"') == 22
    assert grown("hairpin_dns_queries_total", 'transport="tcp"') == 3
    assert grown("hairpin_dns_opcodes_total", 'opcode="QUERY"') == 24
    assert grown("hairpin_dns_opcodes_total", 'opcode="NOTIFY"') == 1
    assert grown("hairpin_dns_zoneless_total") == 1
    for name in ("hairpin_dns_response_octets", "hairpin_dns_answer_seconds"):
        assert grown(f"{name}_count", 'transport="udp"') == 22
        assert grown(f"{name}_count", 'transport="tcp"') == 3
        assert grown(f"{name}_sum", 'transport="tcp"') > 0
    assert grown("hairpin_dns_response_octets_sum", 'transport="tcp"') == octets
    workers = after["hairpin_dns_worker_queries_total"]
    assert set(workers) == {'worker="0"', 'worker="1"'}
    assert sum(workers.values()) == sum(after["hairpin_dns_queries_total"].values())
