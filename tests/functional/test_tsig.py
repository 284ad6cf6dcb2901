"""TSIG (RFC 8945) as its clients see it: dig, kdig and dnspython with a server's own key."""

from __future__ import annotations

import socket
import subprocess
import time
from unittest import mock

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import pytest

from support.process import wait_until

ZONE = "pl-acme.example.net."
OTHER_SECRET = "bm90IHRoZSBzZWNyZXQgdGhhdCB0aGUgc2VydmVyIGhvbGRz"
RDATA_AROUND_MAC = 13 + 6 + 2 + 2 + 6  # "hmac-sha256.", time, fudge, MAC size; ID, error, other size.


class Client:
    """Signs with one key, asks, and checks the signature of the answer."""

    def __init__(self, hairpin, tsig: dict[str, str], **changed: str):
        self.hairpin = hairpin
        self.tsig = {**tsig, **changed}
        self.ring = dns.tsigkeyring.from_text(
            {self.tsig["name"]: (self.tsig["algorithm"], self.tsig["secret"])})

    def query(self, name: str = ZONE, rtype: str = "SOA", **options) -> dns.message.Message:
        query = dns.message.make_query(name, rtype, **options)
        query.use_tsig(self.ring, keyname=self.tsig["name"] + ".", algorithm=self.tsig["algorithm"])
        return query

    def ask(self, *arguments: str, tcp: bool = False, **options) -> dns.message.Message:
        send = dns.query.tcp if tcp else dns.query.udp
        return send(self.query(*arguments, **options), "127.0.0.1", timeout=10, port=self.hairpin.dns_port)

    def ask_raw(self, wire: bytes) -> dns.message.Message:
        """The answer, its signature not looked at."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.connect(("127.0.0.1", self.hairpin.dns_port))
            client.send(wire)
            # Whatever is not None is passed on to validate(), which is not asked.
            with mock.patch("dns.tsig.validate", return_value=None):
                return dns.message.from_wire(client.recv(4096), keyring=False)

    def run(self, program: str, *arguments: str) -> str:
        key = ":".join(self.tsig[part] for part in ("algorithm", "name", "secret"))
        run = subprocess.run([program, "-p", str(self.hairpin.dns_port), "@127.0.0.1", "-y", key, *arguments],
                             text=True, capture_output=True, check=False, timeout=60)
        return run.stdout + run.stderr


@pytest.fixture
def site(hairpin):
    """A server, and the key it was given."""
    server = hairpin.new_server("acme", "nur1")
    return Client(hairpin, server["tsig"])


def tsig_error(answer: dns.message.Message) -> tuple[str, str, int]:
    """RCODE, the TSIG's own error, the size of its MAC."""
    rdata = answer.tsig[0]
    return dns.rcode.to_text(answer.rcode()), dns.rcode.to_text(rdata.error, tsig=True), len(rdata.mac)


def metric(hairpin, outcome: str) -> int:
    text = hairpin.api.get("/metrics").expect(200).body.decode()
    [line] = [line for line in text.splitlines() if f'dns_tsig_total{{outcome="{outcome}"}}' in line]
    return int(line.split()[-1])


def test_a_signed_query_gets_a_signed_answer(site):
    for tcp in (False, True):
        answer = site.ask(tcp=tcp)  # Throws where the signature is not right.
        assert answer.had_tsig and answer.rcode() == dns.rcode.NOERROR and answer.answer
        assert answer.flags & dns.flags.AA
        refused = site.ask("www.example.com.", "A", tcp=tcp, use_edns=0)
        assert refused.had_tsig and refused.rcode() == dns.rcode.REFUSED
        missing = site.ask(f"missing.{ZONE}", "A", tcp=tcp)
        assert missing.had_tsig and missing.rcode() == dns.rcode.NXDOMAIN
    assert metric(site.hairpin, "ok") == 6


@pytest.mark.parametrize("program", ["dig", "kdig"])
def test_stock_clients_verify_our_answers(site, program):
    for transport in ([], ["+tcp"]):
        shown = site.run(program, ZONE, "SOA", "+norec", *transport)
        assert "NOERROR" in shown and "SOA" in shown and "TSIG" in shown.upper()
        for trouble in ("Couldn't verify", "verif", "WARNING", "ERROR:", "BADSIG", "BADKEY"):
            assert trouble not in shown, shown


@pytest.mark.parametrize("program", ["dig", "kdig"])
def test_stock_clients_are_told_what_is_wrong(site, program):
    wrong = Client(site.hairpin, site.tsig, secret=OTHER_SECRET).run(program, ZONE, "SOA")
    assert "BADSIG" in wrong, wrong
    unknown = Client(site.hairpin, site.tsig, name="nobody.example").run(program, ZONE, "SOA")
    assert "BADKEY" in unknown, unknown
    if program == "dig":  # kdig shows the TSIG's error as the status.
        assert "NOTAUTH" in wrong and "NOTAUTH" in unknown


def test_a_wrong_secret_and_an_unknown_key_are_told_unsigned(site):
    wrong = Client(site.hairpin, site.tsig, secret=OTHER_SECRET)
    with pytest.raises(dns.tsig.PeerBadSignature):
        wrong.ask()
    assert tsig_error(wrong.ask_raw(wrong.query().to_wire())) == ("NOTAUTH", "BADSIG", 0)
    for changed in ({"name": "nobody.example"}, {"algorithm": "hmac-sha512"}, {"algorithm": "hmac-sha1"}):
        unknown = Client(site.hairpin, site.tsig, **changed)
        with pytest.raises(dns.tsig.PeerBadKey):
            unknown.ask()
        assert tsig_error(unknown.ask_raw(unknown.query().to_wire())) == ("NOTAUTH", "BADKEY", 0)
    assert metric(site.hairpin, "badsig") == 2
    assert metric(site.hairpin, "badkey") == 6


def test_a_clock_that_is_off_is_told_signed_and_by_how_much(site):
    for offset, good in ((-290, True), (290, True), (-400, False), (400, False)):
        began = int(time.time())
        query = site.query()
        with mock.patch("time.time", return_value=began + offset):
            wire = query.to_wire()
        answer = site.ask_raw(wire)
        if good:
            assert tsig_error(answer) == ("NOERROR", "NOERROR", 32)
            continue
        assert tsig_error(answer) == ("NOTAUTH", "BADTIME", 32)
        assert answer.tsig[0].time_signed == began + offset
        assert began <= int.from_bytes(answer.tsig[0].other, "big") <= time.time()
    assert metric(site.hairpin, "badtime") == 2


def test_a_truncated_mac_is_good_down_to_half(site):
    for octets, expected in ((31, "NOERROR"), (16, "NOERROR"), (15, "FORMERR"), (0, "FORMERR")):
        wire = site.query().to_wire()
        mac = wire[-38:-6]
        rdlength = RDATA_AROUND_MAC + octets
        cut = (wire[:-40 - (RDATA_AROUND_MAC - 8) - 2] + rdlength.to_bytes(2, "big")
               + wire[-40 - (RDATA_AROUND_MAC - 8):-40] + octets.to_bytes(2, "big") + mac[:octets] + wire[-6:])
        answer = site.ask_raw(cut)
        assert dns.rcode.to_text(answer.rcode()) == expected
        assert answer.had_tsig == (expected == "NOERROR")


def test_what_the_tsig_leaves_no_room_for_is_asked_again_over_tcp(site):
    records = [f'"{"x" * 60}{number:03}"' for number in range(60)]
    site.hairpin.api.put(f"/v1/zones/{ZONE}/rrsets/big.{ZONE}/TXT",
                         {"ttl": 60, "records": records}).expect(200, 201)
    cut = site.ask(f"big.{ZONE}", "TXT")
    assert cut.flags & dns.flags.TC and not cut.answer and cut.had_tsig
    assert len(site.ask(f"big.{ZONE}", "TXT", tcp=True).answer[0]) == 60


def test_a_key_lives_exactly_as_long_as_its_credential(site):
    hairpin = site.hairpin
    url = "/v1/licences/acme/servers/nur1"
    renewed = Client(hairpin, hairpin.api.post(f"{url}/credentials", {}).expect(201).json["tsig"])
    # What was acknowledged is so: no waiting here.
    assert renewed.ask().had_tsig
    with pytest.raises(dns.tsig.PeerBadKey):
        site.ask()

    def rotate(overlap: int) -> Client:
        document = hairpin.api.post(f"{url}/credentials", {"overlap": overlap}).expect(201).json
        return Client(hairpin, document["tsig"])

    def is_unknown(client: Client) -> bool:
        return tsig_error(client.ask_raw(client.query().to_wire())) == ("NOTAUTH", "BADKEY", 0)

    overlapping = rotate(3600)
    assert overlapping.ask().had_tsig and renewed.ask().had_tsig
    last = rotate(1)
    assert last.ask().had_tsig
    wait_until(lambda: is_unknown(renewed) and is_unknown(overlapping), "the overlap is over")

    hairpin.stop()
    hairpin.start()
    assert last.ask().had_tsig
    assert is_unknown(site) and is_unknown(renewed) and is_unknown(overlapping)

    hairpin.api.delete(url).expect(200, 204)
    assert is_unknown(last)


def test_every_message_of_a_signed_transfer_is_signed(make_hairpin):
    hairpin = make_hairpin(**{"dns.transfer": {"allow": ["127.0.0.1"]}}).start()
    client = Client(hairpin, hairpin.new_server("acme", "nur1")["tsig"])
    big = "example.org."
    hairpin.api.post("/v1/zones", {"zone": big}).expect(201)
    text = "@ 60 IN SOA ns.example.org. host.example.org. 1 3600 600 604800 60\n@ 60 IN NS ns.example.org.\n"
    text += "".join(f"h{number} 60 IN TXT {'x' * 100}\n" for number in range(3000))
    hairpin.api.request("PUT", f"/v1/zones/{big}/zonefile", text.encode(),
                        headers={"Content-Type": "text/dns"}).expect(200, 204)
    messages = list(dns.query.xfr("127.0.0.1", big, port=hairpin.dns_port, keyring=client.ring, timeout=20,
                                  keyname=client.tsig["name"] + ".", keyalgorithm=client.tsig["algorithm"]))
    assert len(messages) > 10
    assert all(message.had_tsig for message in messages)
    assert sum(len(rrset) for message in messages for rrset in message.answer) == 3003
    for program in ("dig", "kdig"):
        shown = client.run(program, big, "AXFR")
        assert shown.count("TXT") == 3000, shown[-2000:]
        assert "expected" not in shown and "BAD" not in shown, shown[-2000:]
    assert "Transfer failed" in Client(hairpin, client.tsig, secret=OTHER_SECRET).run("dig", big, "AXFR")
    serial = hairpin.dns.serial(big)
    hairpin.api.put(f"/v1/zones/{big}/rrsets/www.{big}/A", {"ttl": 60, "records": ["192.0.2.1"]}).expect(201)
    shown = client.run("dig", big, f"IXFR={serial}")
    assert "192.0.2.1" in shown and shown.count("SOA") == 4, shown[-2000:]
