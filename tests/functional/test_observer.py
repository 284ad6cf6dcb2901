"""dnstap and the query log: what others see of what the name server answers, and that seeing it costs no answer."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pathlib
import re
import signal
import socket
import stat
import tempfile
import threading
import time

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rdatatype
import dns.update
import pytest
from support.dnstap import Capture, DeafReader
from support.process import wait_until
from test_dns import ZONE
from test_operation import reload
from test_transfer import put_zone
from test_transports import Secure

FIELDS = ["time", "transport", "client", "server", "id", "opcode", "name", "class", "type", "query_flags", "rcode",
          "flags", "query_octets", "response_octets", "microseconds"]


@pytest.fixture
def folder():
    """For sockets: their paths have to be short."""
    with tempfile.TemporaryDirectory(prefix="tap-") as made:
        yield pathlib.Path(made)


@pytest.fixture
def capture(folder):
    made = Capture(folder, folder / "dnstap.sock").start()
    yield made
    with contextlib.suppress(AssertionError):
        made.stop()


def serve(make_hairpin, **config):
    hairpin = make_hairpin(**config).start()
    put_zone(hairpin)
    return hairpin


def metric(hairpin, name: str) -> int:
    text = hairpin.api.get("/metrics").expect(200).body.decode()
    return int(re.search(rf"^hairpin_{re.escape(name)} (\d+)$", text, re.MULTILINE)[1])


def connected(hairpin):
    wait_until(lambda: metric(hairpin, "dnstap_connected") == 1, "the reader is connected")


def send(hairpin, message: bytes) -> None:
    """A datagram that nothing may come back for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(message, ("127.0.0.1", hairpin.dns_port))


def lines(path: pathlib.Path) -> list[dict[str, str]]:
    """The lines of a query log, each held to its form."""
    read = []
    for line in path.read_text(encoding="ascii").splitlines():
        fields = [word.split("=", 1) for word in line.split(" ")]
        assert [name for name, _ in fields] == FIELDS, line
        read.append(dict(fields))
    return read


# --- dnstap ---------------------------------------------------------------------------------------


def ask_every_way(secure: Secure) -> None:
    hairpin = secure.hairpin
    hairpin.dns.ask(f"www.{ZONE}", "A")
    hairpin.dns.ask(f"www.{ZONE}", "A", tcp=True)
    secure.kdig(secure.tls_port, "+tls", f"www.{ZONE}", "A")
    secure.kdig(secure.https_port, "+https", f"www.{ZONE}", "A")
    secure.kdig(secure.https_port, "+https", "+https-get", f"www.{ZONE}", "A")
    dns.query.udp(dns.message.make_query("www.example.com.", "A"), "::1", port=hairpin.dns_port, timeout=10)
    update = dns.update.Update(ZONE)
    update.add("new", 60, "A", "192.0.2.9")
    dns.query.udp(update, "127.0.0.1", port=hairpin.dns_port, timeout=10)
    notify = dns.message.make_query(ZONE, "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    dns.query.udp(notify, "127.0.0.1", port=hairpin.dns_port, timeout=10)
    hairpin.dns.run("dig", "AXFR", ZONE)
    response = dns.message.make_query(f"www.{ZONE}", "A")
    response.flags |= dns.flags.QR
    send(hairpin, response.to_wire())
    send(hairpin, b"\x01\x02\x03")


def test_every_way_to_ask_is_told_to_a_reader_that_others_wrote(make_hairpin, ca, capture):
    before = int(time.time())
    secure = Secure(make_hairpin, ca, dnstap={"socket": str(capture.path), "identity": "ns1 here"})
    connected(secure.hairpin)
    ask_every_way(secure)
    assert secure.hairpin.stop() == 0
    capture.stop()
    after = int(time.time())

    messages = capture.messages()
    queries = [each for each in messages if each["type"].endswith("_QUERY")]
    responses = [each for each in messages if each["type"].endswith("_RESPONSE")]
    assert sorted((each["type"], each["socket_protocol"]) for each in responses) == sorted(
        [("AUTH_RESPONSE", "UDP")] * 3 + [("AUTH_RESPONSE", "TCP")] * 2 + [("AUTH_RESPONSE", "DOT")]
        + [("AUTH_RESPONSE", "DOH")] * 2 + [("UPDATE_RESPONSE", "UDP")])
    assert len(queries) == len(responses) + 2  # Nothing came back for two.

    ports = {"UDP": secure.hairpin.dns_port, "TCP": secure.hairpin.dns_port, "DOT": secure.tls_port,
             "DOH": secure.https_port}
    for each in messages:
        assert each["identity"] == b"ns1 here" and each["version"].startswith(b"hairpin ")
        client, server = (ipaddress.ip_address(each[name]) for name in ("query_address", "response_address"))
        assert client.is_loopback and server.is_loopback and client.version == server.version
        assert each["socket_family"] == ("INET" if client.version == 4 else "INET6")
        assert each["query_port"] > 0 and each["response_port"] == ports[each["socket_protocol"]]
        assert before <= each["query_time_sec"] <= after and each["query_time_nsec"] < 10**9
    for each in responses:
        assert "query_message" not in each
        spent = (each["response_time_sec"] - each["query_time_sec"]) * 10**9 \
            + each["response_time_nsec"] - each["query_time_nsec"]
        assert 0 <= spent < 10**10
        answer = dns.message.from_wire(each["response_message"], one_rr_per_rrset=True)
        assert answer.flags & dns.flags.QR
        asked = [query for query in queries if query["query_port"] == each["query_port"]
                 and query["query_message"][:2] == each["response_message"][:2]]
        assert len(asked) == 1 and asked[0]["query_time_nsec"] == each["query_time_nsec"]
        # Where nothing but the opcode was understood the answer has no question.
        question = dns.message.from_wire(asked[0]["query_message"]).sections[0][0]
        in_zone = question.name.is_subdomain(dns.name.from_text(ZONE))
        assert each.get("query_zone") == (dns.name.from_text(ZONE).to_wire() if in_zone else None)
        assert asked[0].get("query_zone") == each.get("query_zone")
    assert sum(each["query_message"] == b"\x01\x02\x03" for each in queries) == 1
    transfer = [each for each in responses if b"\x00\xfc" in each["response_message"][:40]]
    assert len(transfer) == 1

    text = capture.quiet_text()
    assert len(text) == len(messages)
    assert any(" AQ " in line and "127.0.0.1" in line and f"www.{ZONE[:-1]}" in line for line in text), text
    assert any(" AR " in line for line in text)


@pytest.mark.parametrize(("options", "types"), [({"queries": "off"}, {"AUTH_RESPONSE"}),
                                                ({"responses": "off"}, {"AUTH_QUERY"})])
def test_one_half_alone(make_hairpin, capture, options, types):
    hairpin = serve(make_hairpin, dnstap={"socket": str(capture.path), **options})
    connected(hairpin)
    for _ in range(3):
        hairpin.dns.ask(f"www.{ZONE}", "A")
    hairpin.stop()
    capture.stop()
    assert [each["type"] for each in capture.messages()] == list(types) * 3


def test_a_reader_that_is_killed_and_comes_back_delays_no_answer(make_hairpin, capture):
    hairpin = serve(make_hairpin, dnstap={"socket": str(capture.path)})
    connected(hairpin)
    slowest, asked, ends = [0.0], [0], threading.Event()

    def ask():
        while not ends.is_set():
            begin = time.monotonic()
            hairpin.dns.ask(f"www.{ZONE}", "A")
            slowest[0] = max(slowest[0], time.monotonic() - begin)
            asked[0] += 1

    client = threading.Thread(target=ask)
    client.start()
    wait_until(lambda: asked[0] > 50, "questions flow")
    capture.kill()
    wait_until(lambda: metric(hairpin, "dnstap_connected") == 0, "the end is noticed")
    goal = asked[0] + 50
    wait_until(lambda: asked[0] > goal, "questions flow on")
    capture.start()
    connected(hairpin)
    goal = asked[0] + 50
    wait_until(lambda: asked[0] > goal, "and are seen again")
    ends.set()
    client.join(60)
    dropped = metric(hairpin, 'dnstap_frames_total{result="dropped"}')
    written = metric(hairpin, 'dnstap_frames_total{result="written"}')
    assert dropped >= 100 and written >= 200
    assert slowest[0] < 5
    hairpin.stop()
    capture.stop()
    assert 100 <= len(capture.frames()) <= 2 * asked[0]
    assert hairpin.logs().count("no dnstap reader at") == 1
    assert hairpin.logs().count("dnstap: a reader is at") == 1


def test_a_reader_that_never_reads_delays_no_answer_and_not_the_end(make_hairpin, folder):
    reader = DeafReader(folder / "deaf.sock")
    hairpin = serve(make_hairpin, dnstap={"socket": str(folder / "deaf.sock")})
    connected(hairpin)
    big = dns.message.make_query(f"big.{ZONE}", "TXT", use_edns=True)

    def flood():
        with socket.create_connection(("127.0.0.1", hairpin.dns_port), timeout=30) as client:
            for _ in range(100):
                dns.query.send_tcp(client, big)
                answer, _ = dns.query.receive_tcp(client, expiration=time.time() + 30)
                assert big.is_response(answer)

    deadline = time.monotonic() + 60
    while metric(hairpin, 'dnstap_frames_total{result="dropped"}') == 0:
        assert time.monotonic() < deadline
        flood()
    assert hairpin.dns.rdata(f"www.{ZONE}") == ["192.0.2.1"]
    wait_until(lambda: "does not keep up" in hairpin.logs(), "it is told")
    assert hairpin.logs().count("does not keep up") == 1
    begin = time.monotonic()
    assert hairpin.stop() == 0
    assert time.monotonic() - begin < 10
    reader.close()


def test_no_reader_is_told_once_and_nothing_else_happens(make_hairpin, folder):
    hairpin = serve(make_hairpin, dnstap={"socket": str(folder / "nobody.sock")})
    wait_until(lambda: "no dnstap reader at" in hairpin.logs(), "it is told")
    for _ in range(20):
        hairpin.dns.ask(f"www.{ZONE}", "A")
    time.sleep(2)
    assert hairpin.logs().count("no dnstap reader at") == 1
    assert "No such file" in hairpin.logs()
    assert metric(hairpin, 'dnstap_frames_total{result="dropped"}') >= 40


def test_sighup_turns_dnstap_on_and_off(make_hairpin, capture):
    hairpin = serve(make_hairpin)
    hairpin.dns.ask(f"www.{ZONE}", "A")
    assert metric(hairpin, "dns_observed_total") == 0
    hairpin.config["dnstap"] = {"socket": str(capture.path)}
    hairpin.write_config()
    reload(hairpin, "reloaded")
    connected(hairpin)
    hairpin.dns.ask(f"www.{ZONE}", "A")
    wait_until(lambda: metric(hairpin, 'dnstap_frames_total{result="written"}') == 2, "one exchange is told")
    del hairpin.config["dnstap"]
    hairpin.write_config()
    reload(hairpin, "reloaded")
    hairpin.dns.ask(f"www.{ZONE}", "A")
    assert metric(hairpin, "dns_observed_total") == 1
    assert metric(hairpin, "dnstap_connected") == 0
    capture.stop()
    assert len(capture.frames()) == 2


# --- the query log --------------------------------------------------------------------------------


def test_the_query_log_has_a_line_for_each_exchange(make_hairpin, ca, tmp_path):
    path = tmp_path / "queries.log"
    secure = Secure(make_hairpin, ca, query_log={"path": str(path), "sample": 1})
    ask_every_way(secure)
    secure.hairpin.stop()
    read = lines(path)
    assert len(read) == 11
    by_transport = [each["transport"] for each in read]
    assert {name: by_transport.count(name) for name in by_transport} == {"udp": 6, "tcp": 2, "tls": 1, "https": 2}
    first = next(each for each in read if each["transport"] == "udp" and each["rcode"] == "NOERROR")
    assert (first["name"], first["type"], first["rcode"], first["flags"]) == (f"www.{ZONE}", "A", "NOERROR", "aa")
    assert first["client"].startswith("127.0.0.1:") and first["server"] == f"127.0.0.1:{secure.hairpin.dns_port}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["time"])
    assert int(first["microseconds"]) < 10_000_000
    rcodes = {each["opcode"]: each["rcode"] for each in read if each["opcode"] in ("UPDATE", "NOTIFY")}
    assert rcodes == {"UPDATE": "REFUSED", "NOTIFY": "NOTIMP"}  # The UPDATE is not signed.
    assert sorted(each["type"] for each in read if each["transport"] == "tcp") == ["A", "AXFR"]
    silent = [each for each in read if each["rcode"] == "-"]
    assert len(silent) == 2 and all(each["response_octets"] == "0" for each in silent)


def test_a_sample_is_about_one_in_so_many(make_hairpin, tmp_path):
    path = tmp_path / "queries.log"
    hairpin = serve(make_hairpin, query_log={"path": str(path), "sample": 10})
    wire = dns.message.make_query(f"www.{ZONE}", "A").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        for _ in range(2000):
            client.sendto(wire, ("127.0.0.1", hairpin.dns_port))
            client.recv(4096)
    hairpin.stop()
    assert 120 <= len(lines(path)) <= 280


def test_names_that_mean_no_good_forge_no_line(make_hairpin, tmp_path):
    path = tmp_path / "queries.log"
    hairpin = serve(make_hairpin, query_log={"path": str(path), "sample": 1})
    evil = [b"x\ntime=1 transport=udp", b"\x1b[2Jred", b"a b=c\t\r\n\x00\xff\"\\", b"."]
    for label in evil:
        query = dns.message.make_query(dns.name.Name([label, *dns.name.from_text(ZONE).labels]), "A")
        dns.query.udp(query, "127.0.0.1", port=hairpin.dns_port, timeout=10)
    hairpin.stop()
    assert sorted(dns.name.from_text(each["name"]).labels[0] for each in lines(path)) == sorted(evil)


def test_logrotate_moves_the_file_and_sighup_makes_a_new_one(make_hairpin, tmp_path):
    path, moved = tmp_path / "queries.log", tmp_path / "queries.log.1"
    hairpin = serve(make_hairpin, query_log={"path": str(path), "sample": 1})
    hairpin.dns.ask(f"www.{ZONE}", "A")
    wait_until(lambda: path.exists() and len(lines(path)) == 1, "the line is there")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    os.rename(path, moved)
    hairpin.dns.ask(f"www.{ZONE}", "A")
    wait_until(lambda: len(lines(moved)) == 2, "it goes on in the moved file")
    hairpin.process.signal(signal.SIGHUP)
    wait_until(path.exists, "there is a new file")
    hairpin.dns.ask(f"www.{ZONE}", "A")
    wait_until(lambda: len(lines(path)) == 1, "and the line is in it")
    assert len(lines(moved)) == 2


def test_a_log_that_cannot_be_written_is_told_once_and_tried_again(make_hairpin, tmp_path):
    path = tmp_path / "missing" / "queries.log"
    hairpin = serve(make_hairpin, query_log={"path": str(path), "sample": 1})
    for _ in range(5):
        assert hairpin.dns.rdata(f"www.{ZONE}") == ["192.0.2.1"]
    assert hairpin.logs().count("the query log cannot be written") == 1
    wait_until(lambda: metric(hairpin, 'query_log_lines_total{result="dropped"}') == 5, "lines are counted")
    path.parent.mkdir()

    def is_written() -> bool:
        hairpin.dns.ask(f"www.{ZONE}", "A")
        return path.exists() and len(lines(path)) > 0
    wait_until(is_written, "it is written", every=0.2)
    assert "is written again" in hairpin.logs()
    assert hairpin.logs().count("the query log cannot be written") == 1


def test_nothing_is_watched_unless_somebody_says_so(hairpin):
    hairpin.dns.ask("www.example.net", "A")
    assert metric(hairpin, "dns_observed_total") == 0
    assert metric(hairpin, "dnstap_connected") == 0
    assert "observer" not in hairpin.logs()
