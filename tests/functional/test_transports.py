"""DNS over TLS and over HTTPS: stock clients, real secondaries, and peers that mean no good."""

from __future__ import annotations

import base64
import concurrent.futures
import pathlib
import re
import signal
import socket
import ssl
import struct
import subprocess
import time

import dns.message
import dns.query
import dns.rcode
import pytest
from support.ports import free_port
from support.process import wait_until
from support.secondaries import BindOverTls
from test_dns import ZONE
from test_transfer import put_zone, set_a

DNS_MESSAGE = "application/dns-message"


class Secure:
    """A server that listens for everything, and how its clients are called."""

    def __init__(self, make_hairpin, ca, **more):
        self.tls_port, self.https_port = free_port(), free_port()
        self.ca = ca
        config = {"dns": {"tls_listen": [f"127.0.0.1:{self.tls_port}"],
                          "https_listen": [f"127.0.0.1:{self.https_port}"]},
                  "dns.transfer": {"allow": ["127.0.0.0/8"]}}
        for section, options in more.items():
            config.setdefault(section, {}).update(options)
        self.hairpin = make_hairpin(**config).start()
        put_zone(self.hairpin)

    def run(self, program: str, port: int, *arguments: str) -> str:
        run = subprocess.run([program, "-p", str(port), "@127.0.0.1", *arguments], text=True,
                             capture_output=True, check=False, timeout=60)
        assert run.returncode == 0, f"{program} {' '.join(arguments)}: {run.stdout}{run.stderr}"
        return run.stdout

    def kdig(self, port: int, *arguments: str) -> str:
        return self.run("kdig", port, f"+tls-ca={self.ca.certificate}", "+tls-hostname=localhost", *arguments)

    def dig(self, port: int, *arguments: str) -> str:
        return self.run("dig", port, "+norec", f"+tls-ca={self.ca.certificate}", "+tls-hostname=localhost", *arguments)

    def curl(self, target: str, *arguments: str) -> tuple[int, dict[str, str], bytes]:
        """Status, header fields and body."""
        run = subprocess.run(["curl", "-s", "-i", "--cacert", str(self.ca.certificate), *arguments,
                              f"https://localhost:{self.https_port}{target}"],
                             capture_output=True, check=True, timeout=60)
        head, _, body = run.stdout.partition(b"\r\n\r\n")
        first, *fields = head.decode().split("\r\n")
        named = dict(line.split(": ", 1) for line in fields)
        return int(first.split()[1]), {name.lower(): value for name, value in named.items()}, body

    def metric(self, name: str) -> int:
        text = self.hairpin.api.get("/metrics").expect(200).body.decode()
        return int(re.search(rf"^hairpin_{re.escape(name)} (\d+)", text, re.MULTILINE)[1])

    def connect(self, port: int | None = None, *, alpn: str = "dot") -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.ca.certificate))
        context.set_alpn_protocols([alpn])
        raw = socket.create_connection(("127.0.0.1", port or self.tls_port), timeout=10)
        return context.wrap_socket(raw, server_hostname="localhost")

    def ask(self, connection: ssl.SSLSocket, name: str = f"www.{ZONE}") -> dns.message.Message:
        query = dns.message.make_query(name, "A")
        dns.query.send_tcp(connection, query)
        answer, _ = dns.query.receive_tcp(connection, expiration=time.time() + 10)
        assert query.is_response(answer)
        return answer


@pytest.fixture
def secure(make_hairpin, ca):
    return Secure(make_hairpin, ca)


@pytest.mark.parametrize("program", ["kdig", "dig"])
@pytest.mark.parametrize("way", [("+tls",), ("+https",), ("+https-get",)])
def test_stock_clients_ask_in_private(secure, program, way):
    ask = getattr(secure, program)
    port = secure.tls_port if way == ("+tls",) else secure.https_port
    if program == "kdig" and way == ("+https-get",):
        way = ("+https", "+https-get")
    assert "192.0.2.1" in ask(port, *way, f"www.{ZONE}", "A", "+short")
    assert ask(port, *way, f"big.{ZONE}", "TXT", "+short").count("xxx") >= 60
    assert "NXDOMAIN" in ask(port, *way, f"missing.{ZONE}", "A")
    assert "REFUSED" in ask(port, *way, "www.example.com", "A")
    transport = "tls" if way == ("+tls",) else "https"
    assert secure.metric(f'dns_queries_total{{transport="{transport}"}}') == 4


def test_answers_are_padded_in_private_and_only_there(secure):
    def size(text: str) -> int:
        return int(re.search(r";; Received (\d+) B", text)[1])
    private = secure.kdig(secure.tls_port, "+tls", "+padding", f"www.{ZONE}", "A")
    assert "PADDING" in private and size(private) == 468
    private = secure.kdig(secure.https_port, "+https", "+padding", f"big.{ZONE}", "TXT")
    assert "PADDING" in private and size(private) % 468 == 0
    for transport in ("+notcp", "+tcp"):
        clear = secure.run("kdig", secure.hairpin.dns_port, transport, "+padding=100", f"www.{ZONE}", "A")
        assert "PADDING" not in clear and size(clear) < 100


def s_client(port: int, *arguments: str) -> str:
    run = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *arguments], text=True,
                         capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    return run.stdout + run.stderr


def test_alpn_and_versions(secure):
    assert "ALPN protocol: dot" in s_client(secure.tls_port, "-alpn", "dot")
    assert "TLSv1.3" in s_client(secure.tls_port)
    assert "No ALPN negotiated" in s_client(secure.tls_port)
    assert "TLSv1.2" in s_client(secure.tls_port, "-tls1_2", "-alpn", "dot")
    assert "no application protocol" in s_client(secure.tls_port, "-alpn", "h2")
    assert "ALPN protocol: h2" in s_client(secure.https_port, "-alpn", "h2,http/1.1")
    assert "no application protocol" in s_client(secure.https_port, "-alpn", "dot")
    assert "no peer certificate available" in s_client(secure.tls_port, "-tls1_1")


def test_a_session_is_resumed_and_early_data_is_not_taken(secure, tmp_path):
    session = tmp_path / "session"
    arguments = ("-alpn", "dot", "-tls1_2")
    s_client(secure.tls_port, *arguments, "-sess_out", str(session))
    assert "Reused" in s_client(secure.tls_port, *arguments, "-sess_in", str(session))
    # One of HTTPS is not: each application has its own.
    s_client(secure.https_port, "-tls1_2", "-sess_out", str(session))
    assert "Reused" not in s_client(secure.tls_port, *arguments, "-sess_in", str(session))
    assert "Early data was not sent" in s_client(secure.tls_port, "-alpn", "dot")


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_what_http_clients_see(secure, version, tmp_path):
    wire = dns.message.make_query(f"www.{ZONE}", "A", id=0).to_wire()
    query = tmp_path / "query"
    query.write_bytes(wire)
    encoded = base64.urlsafe_b64encode(wire).rstrip(b"=").decode()
    get = f"/dns-query?dns={encoded}"
    as_dns = ("-H", f"Content-Type: {DNS_MESSAGE}")
    post = (*as_dns, "--data-binary", f"@{query}")

    for target, arguments in ((get, ()), ("/dns-query", post)):
        status, fields, body = secure.curl(target, version, *arguments)
        assert status == 200 and fields["content-type"] == DNS_MESSAGE
        assert fields["cache-control"] == "max-age=60"
        assert dns.message.from_wire(body).answer[0][0].to_text() == "192.0.2.1"
    status, fields, body = secure.curl(get, version, "--head")
    assert status == 200 and not body
    denied = dns.message.make_query(f"missing.{ZONE}", "A", id=0).to_wire()
    target = "/dns-query?dns=" + base64.urlsafe_b64encode(denied).rstrip(b"=").decode()
    assert secure.curl(target, version)[1]["cache-control"] == "max-age=60"

    large = tmp_path / "large"
    large.write_bytes(bytes(65_536))
    for expected, target, arguments in (
            (404, "/", ()),
            (405, "/dns-query", ("-X", "PUT", *post)),
            (400, "/dns-query", ()),
            (400, "/dns-query?dns=AAA=", ()),
            (400, "/dns-query", (*as_dns, "--data-binary", "short")),
            (415, "/dns-query", ("--data-binary", f"@{query}")),
            (406, get, ("-H", "Accept: application/json")),
            (413, "/dns-query", (*as_dns, "--data-binary", f"@{large}")),
            (414, "/dns-query?dns=" + "A" * 9_000, ())):
        status, fields, _ = secure.curl(target, version, *arguments)
        assert (status, target) == (expected, target)
        assert fields["content-type"] == "application/problem+json"
    assert secure.metric('dns_https_responses_total{status="4xx"}') == 9
    assert secure.metric('dns_https_responses_total{status="2xx"}') == 4


def test_many_questions_on_one_http2_connection(secure):
    query = dns.message.make_query(f"www.{ZONE}", "A", id=0).to_wire()
    target = "/dns-query?dns=" + base64.urlsafe_b64encode(query).rstrip(b"=").decode()
    url = f"https://localhost:{secure.https_port}{target}&n=[1-200]"
    run = subprocess.run(["curl", "-s", "--http2", "--parallel", "--cacert", str(secure.ca.certificate), "-o",
                          "/dev/null", "-w", "%{http_code} %{http_version}\n", url],
                         text=True, capture_output=True, check=True, timeout=60)
    assert run.stdout.split("\n")[:-1] == ["200 2"] * 200
    assert secure.metric("dns_https_connections_total") <= 10


def test_zones_are_not_transferred_over_https(secure):
    query = dns.message.make_query(ZONE, "AXFR", id=0, use_edns=0).to_wire()
    target = "/dns-query?dns=" + base64.urlsafe_b64encode(query).rstrip(b"=").decode()
    status, fields, body = secure.curl(target)
    answer = dns.message.from_wire(body)
    assert status == 200 and fields["cache-control"] == "no-store"
    assert answer.rcode() == dns.rcode.REFUSED and not answer.answer
    assert [(each.otype, each.to_wire()[:2]) for each in answer.options] == [(15, b"\0\x12")]


def test_stock_clients_transfer_a_zone_through_tls(secure):
    whole = secure.dig(secure.tls_port, "+tls", ZONE, "AXFR")
    assert whole.count("SOA") == 2 and "192.0.2.1" in whole
    assert secure.kdig(secure.tls_port, "+tls", ZONE, "AXFR").count("192.0.2.1") >= 1
    assert secure.metric('dns_transfers_total{outcome="whole"}') == 2


def test_stock_clients_transfer_through_tls_by_key_where_nothing_else_will_do(make_hairpin, ca):
    secure = Secure(make_hairpin, ca, **{"dns.transfer": {"transport": "tls", "allow": []}})
    key = secure.hairpin.api.post("/v1/credentials", {"kind": "tsig", "name": "private.", "allow": [
        {"zone": ZONE, "operations": ["transfer"]}]}).expect(201).json
    signer = f"{key['algorithm']}:{key['name']}:{key['secret']}"
    for client in (secure.dig, secure.kdig):
        whole = client(secure.tls_port, "+tls", "-y", signer, ZONE, "AXFR")
        assert whole.count("SOA") == 2 and "192.0.2.1" in whole
    assert secure.metric('dns_transfers_total{outcome="whole"}') == 2
    for refused in (("kdig", secure.tls_port, f"+tls-ca={ca.certificate}", "+tls-hostname=localhost"),
                    ("kdig", secure.hairpin.dns_port, "-y", signer)):
        program, port, *arguments = refused
        run = subprocess.run([program, "-p", str(port), "@127.0.0.1", *arguments, ZONE, "AXFR"], text=True,
                             capture_output=True, check=False, timeout=60)
        assert "REFUSED" in run.stdout + run.stderr, "one of the two is missing: TLS or the key"


def test_where_transfers_need_tls_bind_still_follows(make_hairpin, ca, tmp_path):
    secure = Secure(make_hairpin, ca, **{"dns.transfer": {"transport": "tls"}})
    assert "Transfer failed" in secure.hairpin.dns.run("dig", "AXFR", ZONE)
    secondary = BindOverTls(tmp_path / "bind", secure.hairpin.dns_port, [ZONE], tls_port=secure.tls_port,
                            ca_file=ca.certificate)
    try:
        secondary.start()
        for number in range(1, 4):
            set_a(secure.hairpin, "moving", f"192.0.2.{number}")
            secondary.follow(ZONE, secure.hairpin.dns.serial(ZONE))
            assert secondary.dns.rdata(f"moving.{ZONE}") == [f"192.0.2.{number}"]
    finally:
        secondary.end()
    assert secure.metric('dns_transfers_total{outcome="whole"}') >= 1
    assert secure.metric('dns_queries_total{transport="tls"}') >= 2


def test_a_new_certificate_is_shown_at_once_and_ends_no_connection(secure, ca):
    def fingerprint(connection: ssl.SSLSocket) -> bytes:
        return connection.getpeercert(binary_form=True)
    with secure.connect() as before:
        secure.ask(before)
        new = ca.issue("renewed")
        secure.hairpin.config["http"].update(certificate=str(new.certificate), key=str(new.key))
        secure.hairpin.write_config()
        secure.hairpin.process.signal(signal.SIGHUP)

        def is_shown() -> bool:
            with secure.connect() as after:
                return fingerprint(after) != fingerprint(before) and bool(secure.ask(after).answer)
        wait_until(is_shown, "the new certificate is shown")
        with secure.connect(secure.https_port, alpn="h2") as web:
            assert fingerprint(web) != fingerprint(before)
        assert secure.ask(before).answer


def test_peers_that_mean_no_good_delay_nobody(secure):
    """Half a handshake, nonsense, silence, half a message, no reading: others go on at once."""
    def raw() -> socket.socket:
        return socket.create_connection(("127.0.0.1", secure.tls_port), timeout=10)
    bad = [raw() for _ in range(10)]
    for each in bad[:5]:
        each.sendall(b"\x16\x03\x01\x02\x00\x01\x00")  # The beginning of a ClientHello.
    bad += [raw() for _ in range(5)]
    for each in bad[10:]:
        each.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"\xff" * 100)
    with secure.connect() as half, secure.connect() as greedy:
        half.sendall(b"\0\x40half a message")
        query = dns.message.make_query(f"big.{ZONE}", "TXT").to_wire()
        greedy.sendall((struct.pack(">H", len(query)) + query) * 500)

        def ask(_: int) -> bool:
            with secure.connect() as connection:
                return bool(secure.ask(connection).answer)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert all(pool.map(ask, range(40)))
        assert secure.hairpin.dns.rdata(f"www.{ZONE}") == ["192.0.2.1"]
    for each in bad:
        each.close()
    wait_until(lambda: secure.metric("dns_tls_connections") == 0, "all connections are gone")
    assert secure.metric("dns_tls_handshakes_failed_total") >= 5


def test_pipelined_questions_through_tls(secure):
    with secure.connect() as connection:
        queries = [dns.message.make_query(f"www.{ZONE}", "A") for _ in range(100)]
        connection.sendall(b"".join(struct.pack(">H", len(each.to_wire())) + each.to_wire() for each in queries))
        for query in queries:
            answer, _ = dns.query.receive_tcp(connection, expiration=time.time() + 10)
            assert query.is_response(answer)


def test_nothing_is_listened_on_where_nothing_is_said(hairpin):
    text = hairpin.api.get("/metrics").expect(200).body.decode()
    assert "hairpin_dns_tls_connections_total 0" in text
    assert "dns over" not in hairpin.logs()
    assert pathlib.Path(hairpin.config_path).read_text().count("tls_listen") == 0
