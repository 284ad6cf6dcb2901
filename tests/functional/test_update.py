"""UPDATE (RFC 2136) as its clients see it: nsupdate, knsupdate and dnspython with a TSIG key."""

from __future__ import annotations

import base64
import contextlib
import itertools
import re
import secrets
import socket
import ssl
import subprocess
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update
import pytest

from support.ports import free_port
from support.process import wait_until

ZONE = "upd.test."
ZONE_TEXT = """\
@ 3600 IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 60
@ 3600 IN NS ns1.example.net.
www 60 IN A 192.0.2.1
www 60 IN A 192.0.2.2
alias 60 IN CNAME www
"""


class Site:
    """A server with one zone, and a key that may change it."""

    def __init__(self, hairpin, zone: str = ZONE, text: str = ZONE_TEXT):
        self.hairpin, self.zone = hairpin, zone
        self.api = hairpin.api
        self.api.post("/v1/zones", {"zone": zone}).expect(201)
        self.api.put(f"/v1/zones/{zone}/zonefile", text, headers={"Content-Type": "text/dns"}).expect(200, 204)
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        self.key = self.new_key("upd.")
        self.ring = dns.tsigkeyring.from_text({"upd.": ("hmac-sha256", self.secret)})

    def new_key(self, name: str):
        return self.api.post("/v1/credentials", {
            "kind": "tsig", "name": name, "algorithm": "hmac-sha256", "secret": self.secret,
            "allow": [{"zone": self.zone, "names": "*", "types": ["*"], "operations": ["update"]}],
            "per_minute": 10_000_000}).expect(201).json

    def update(self) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(self.zone, keyring=self.ring, keyalgorithm="hmac-sha256")

    def send(self, update: dns.update.UpdateMessage, *, tcp: bool = False) -> str:
        """The RCODE of the answer, whose signature is right."""
        ask = dns.query.tcp if tcp else dns.query.udp
        answer = ask(update, "127.0.0.1", port=self.hairpin.dns_port, timeout=20)
        assert answer.had_tsig and answer.opcode() == dns.opcode.UPDATE
        return dns.rcode.to_text(answer.rcode())

    @property
    def serial(self) -> int:
        return self.hairpin.dns.serial(self.zone)

    def rdata(self, owner: str, rtype: str = "A") -> list[str]:
        return self.hairpin.dns.rdata(f"{owner}.{self.zone}", rtype)

    def run(self, program: str, *lines: str, options: tuple[str, ...] = ()) -> tuple[int, str]:
        """Status and output of a stock client with these commands."""
        script = "\n".join([f"server 127.0.0.1 {self.hairpin.dns_port}", f"zone {self.zone}", *lines, "send", ""])
        run = subprocess.run([program, *options, "-y", f"hmac-sha256:upd.:{self.secret}"], input=script, text=True,
                             capture_output=True, check=False, timeout=60)
        return run.returncode, run.stdout + run.stderr


@pytest.fixture
def site(hairpin) -> Site:
    return Site(hairpin)


def metric(hairpin, outcome: str) -> int:
    text = hairpin.api.get("/metrics").expect(200).body.decode()
    return int(re.search(rf'dns_updates_total{{outcome="{outcome}"}} (\d+)', text)[1])


def test_an_update_without_a_key_is_refused_and_changes_nothing(site):
    update = dns.update.UpdateMessage(ZONE)
    update.add("new", 60, "A", "192.0.2.9")
    for ask in (dns.query.udp, dns.query.tcp):
        answer = ask(update, "127.0.0.1", port=site.hairpin.dns_port, timeout=10)
        assert answer.rcode() == dns.rcode.REFUSED and not answer.had_tsig
    stranger = dns.update.UpdateMessage("example.com.")
    answer = dns.query.udp(stranger, "127.0.0.1", port=site.hairpin.dns_port, timeout=10)
    assert answer.rcode() == dns.rcode.NOTAUTH
    assert site.rdata("new") == []
    assert metric(site.hairpin, "refused") == 2 and metric(site.hairpin, "notauth") == 1


def test_a_key_that_is_wrong_is_told_so(site):
    for ring, error in (({"upd.": base64.b64encode(b"x" * 32).decode()}, dns.tsig.PeerBadSignature),
                        ({"nobody.": site.secret}, dns.tsig.PeerBadKey)):
        update = dns.update.UpdateMessage(ZONE, keyring=dns.tsigkeyring.from_text(ring), keyalgorithm="hmac-sha256")
        with pytest.raises(error):
            dns.query.udp(update, "127.0.0.1", port=site.hairpin.dns_port, timeout=10)


def test_an_update_of_somebody_elses_zone_is_not_ours_to_do(site):
    update = dns.update.UpdateMessage("example.com.", keyring=site.ring, keyalgorithm="hmac-sha256")
    assert site.send(update) == "NOTAUTH"
    assert site.send(update, tcp=True) == "NOTAUTH"


def test_a_key_without_permission_for_a_zone_is_refused(site):
    site.api.post("/v1/zones", {"zone": "other.test."}).expect(201)
    update = dns.update.UpdateMessage("other.test.", keyring=site.ring, keyalgorithm="hmac-sha256")
    update.present("www")  # Not even what is in it.
    update.add("new", 60, "A", "192.0.2.9")
    assert site.send(update) == "REFUSED"


@pytest.mark.parametrize("program, options", [("nsupdate", ()), ("nsupdate", ("-v",)), ("knsupdate", ()),
                                              ("knsupdate", ("-v",))])
def test_stock_clients_add_and_delete(site, program, options):
    before = site.serial
    status, shown = site.run(program, f"update add new.{ZONE} 60 A 192.0.2.9",
                             f"update add new.{ZONE} 60 TXT \"a b\" \"c\"", options=options)
    assert status == 0, shown
    assert site.rdata("new") == ["192.0.2.9"] and site.rdata("new", "TXT") == ['"a b" "c"']
    assert site.serial > before
    status, shown = site.run(program, f"update delete new.{ZONE} A", f"update delete www.{ZONE} A 192.0.2.2",
                             options=options)
    assert status == 0, shown
    assert site.rdata("new") == [] and site.rdata("www") == ["192.0.2.1"]
    assert site.hairpin.dns.rcode(f"new.{ZONE}") == "NOERROR"  # The TXT is still there.
    status, shown = site.run(program, f"update delete new.{ZONE}", options=options)
    assert status == 0, shown
    assert site.hairpin.dns.rcode(f"new.{ZONE}") == "NXDOMAIN"


@pytest.mark.parametrize("program", ["nsupdate", "knsupdate"])
def test_stock_clients_are_told_which_prerequisite_failed(site, program):
    for prerequisite, word in ((f"prereq nxdomain www.{ZONE}", "YXDOMAIN"), (f"prereq yxdomain no.{ZONE}", "NXDOMAIN"),
                               (f"prereq nxrrset www.{ZONE} A", "YXRRSET"), (f"prereq yxrrset www.{ZONE} AAAA", "NXRRSET"),
                               (f"prereq yxrrset www.{ZONE} A 192.0.2.1", "NXRRSET")):
        _, shown = site.run(program, prerequisite, f"update add new.{ZONE} 60 A 192.0.2.9")
        assert word in shown, (prerequisite, shown)
    assert site.rdata("new") == []
    status, shown = site.run(program, f"prereq yxrrset www.{ZONE} A 192.0.2.1", f"prereq yxrrset www.{ZONE} A 192.0.2.2",
                             f"prereq nxdomain new.{ZONE}", f"update add new.{ZONE} 60 A 192.0.2.9")
    assert status == 0, shown
    assert site.rdata("new") == ["192.0.2.9"]


def test_an_update_is_done_whole_or_not_at_all(site):
    before = site.serial
    update = site.update()
    update.add("new", 60, "A", "192.0.2.9")
    update.delete("www")
    update.add("elsewhere.example.com.", 60, "A", "192.0.2.9")
    assert site.send(update) == "NOTZONE"
    assert site.rdata("new") == [] and len(site.rdata("www")) == 2 and site.serial == before


def test_what_changes_nothing_keeps_the_serial(site):
    before = site.serial
    for edit in (lambda update: update.add("www", 60, "A", "192.0.2.1"),
                 lambda update: update.delete("nobody"),
                 lambda update: update.delete("www", "A", "192.0.2.77"),
                 lambda update: update.add("alias", 60, "A", "192.0.2.1"),
                 lambda update: update.add("www", 60, "CNAME", "x.example.net."),
                 lambda update: update.delete("@", "NS"),
                 lambda update: update.delete("@", "SOA"),
                 lambda update: None):
        update = site.update()
        edit(update)
        assert site.send(update) == "NOERROR"
    assert site.serial == before
    update = site.update()
    update.add("www", 30, "A", "192.0.2.1")  # Another TTL, of the whole set.
    assert site.send(update, tcp=True) == "NOERROR"
    [rrset] = site.hairpin.dns.ask(f"www.{ZONE}").answer
    assert rrset.ttl == 30 and len(rrset) == 2 and site.serial > before


def test_an_answer_means_that_it_is_durable_and_served(site):
    for number in range(30):
        update = site.update()
        update.replace("moving", 60, "A", f"192.0.2.{number}")
        assert site.send(update, tcp=number % 2 == 1) == "NOERROR"
        assert site.rdata("moving") == [f"192.0.2.{number}"]
    site.hairpin.kill()
    site.hairpin.start()
    assert site.rdata("moving") == ["192.0.2.29"]


def test_updates_in_a_row_on_one_connection_are_all_answered(site):
    updates = []
    for number in range(40):
        update = site.update()
        update.add(f"n{number}", 60, "A", "192.0.2.9")
        updates.append(update)
    with socket.create_connection(("127.0.0.1", site.hairpin.dns_port), timeout=20) as connection:
        wires = [update.to_wire() for update in updates]
        connection.sendall(b"".join(len(wire).to_bytes(2, "big") + wire for wire in wires))
        with connection.makefile("rb") as stream:
            rcodes = {}
            for _ in wires:
                answer = stream.read(int.from_bytes(stream.read(2), "big"))
                rcodes[int.from_bytes(answer[:2], "big")] = answer[3] & 15
    assert rcodes == {update.id: 0 for update in updates}
    assert all(site.rdata(f"n{number}") == ["192.0.2.9"] for number in range(40))


def test_a_datagram_that_comes_again_is_answered_the_same(site):
    update = site.update()
    update.absent("once")
    update.add("once", 60, "A", "192.0.2.9")
    wire = update.to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", site.hairpin.dns_port))
        client.send(wire)
        first = client.recv(4096)
        client.send(wire)
        assert client.recv(4096) == first and first[3] & 15 == 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:  # By another port it is another.
        stranger.settimeout(10)
        stranger.connect(("127.0.0.1", site.hairpin.dns_port))
        stranger.send(wire)
        assert stranger.recv(4096)[3] & 15 == dns.rcode.YXDOMAIN


def test_an_update_over_tls(make_hairpin, ca):
    port = free_port()
    site = Site(make_hairpin(dns={"tls_listen": [f"127.0.0.1:{port}"]}).start())
    update = site.update()
    update.add("new", 60, "A", "192.0.2.9")
    context = ssl.create_default_context(cafile=str(ca.certificate))
    answer = dns.query.tls(update, "127.0.0.1", port=port, timeout=20, ssl_context=context, server_hostname="localhost")
    assert answer.rcode() == dns.rcode.NOERROR and answer.had_tsig
    assert site.rdata("new") == ["192.0.2.9"]


def test_what_the_server_makes_itself_and_what_no_zone_holds(site):
    update = site.update()
    update.add("@", 60, "DNSKEY", "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==")
    assert site.send(update) == "REFUSED"
    update = site.update()
    update.delete("www", "NSEC3PARAM")
    assert site.send(update) == "REFUSED"
    update = site.update()
    update.add("www", 60, "TYPE65280", r"\# 2 0102")
    assert site.send(update) == "NOERROR"
    assert site.rdata("www", "TYPE65280") == [r"\# 2 0102"]


def test_the_audit_says_who_changed_what(site):
    update = site.update()
    update.add("new", 60, "A", "192.0.2.9")
    assert site.send(update) == "NOERROR"
    rows = site.api.get("/v1/audit").expect(200).body.decode()
    assert '"update"' in rows and "127.0.0.1" in rows


def test_a_key_that_is_revoked_changes_nothing_any_more(site):
    update = site.update()
    update.add("new", 60, "A", "192.0.2.9")
    assert site.send(update) == "NOERROR"
    site.api.delete("/v1/credentials/upd.").expect(204)
    with pytest.raises(dns.tsig.PeerBadKey):
        site.send(site.update())


def test_updates_do_not_hold_up_questions(site):
    """While 16 clients change a zone, a question is answered as ever."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(16)]
        for client in clients:
            client.connect(("127.0.0.1", site.hairpin.dns_port))
            client.setblocking(False)
        end = time.monotonic() + 2
        for number in itertools.count():
            update = site.update()
            update.replace(f"n{number % 50}", 60, "A", f"192.0.2.{number % 250}")
            clients[number % 16].send(update.to_wire())
            began = time.monotonic()
            assert site.hairpin.dns.rcode(f"www.{ZONE}") == "NOERROR"
            assert time.monotonic() - began < 5
            if time.monotonic() > end:
                break
    wait_until(lambda: metric(site.hairpin, "done") > number // 2, "the updates are done")
