"""`hairpin zone import`: zones move in from Knot, NSD and BIND, and from servers that lie."""

from __future__ import annotations

import itertools
import os
import re
import socket
import subprocess
import time

import dns.query
import dns.rdatatype
import dns.tsigkeyring
import dns.zone
import pytest
from support.hairpin import BUILD
from support.liar import answer, framed, liar
from support.primaries import KEY_NAME, KINDS, SECRET, SigningBind, key_clause
from support.process import PATIENCE

PROGRAM = BUILD / "cli" / "hairpin"
ZONE = "moving.test."
ZONE_FILE = """\
$TTL 300
@        IN SOA ns1.moving.test. hostmaster.moving.test. 2026112401 3600 600 604800 60
@        IN NS  ns1
@        IN NS  ns2.example.org.
@        IN MX  10 mail
@        IN TXT "v=spf1 -all" "two strings"
@        IN CAA 0 issue "ca.example"
ns1      IN A   198.51.100.53
mail     IN A   198.51.100.25
mail     IN AAAA 2001:db8::25
www      60 IN CNAME mail
_sip._tcp IN SRV 1 2 5060 mail
*.wild   IN TXT "any"
a.ent    IN TXT "below an empty non-terminal"
old      IN DNAME new
sub      IN NS  ns.sub
sub      IN DS  12345 13 2 0102030405060708091011121314151617181920212223242526272829303132
ns.sub   IN A   198.51.100.54
svc      IN HTTPS 1 . alpn=h2 port=8443
odd      IN TYPE65280 \\# 3 010203
name     IN NAPTR 1 2 "s" "SIP+D2U" "" _sip._udp
""" + "".join(f'n{number} IN TXT "{"y" * 200}"\n' for number in range(600))


def run_import(*arguments: object, hairpin=None, ca=None, environment=None) -> subprocess.CompletedProcess[str]:
    """Runs the command, with the API of `hairpin` where it is given."""
    words = [PROGRAM, "zone", "import", *arguments]
    extra = dict(environment or {})
    if hairpin is not None:
        token = hairpin.folder / "operator.token"
        token.write_text(hairpin.token + "\n")
        token.chmod(0o600)
        extra |= {"HAIRPIN_URL": f"https://127.0.0.1:{hairpin.http_port}", "HAIRPIN_TOKEN_FILE": str(token),
                  "HAIRPIN_CA_FILE": str(ca.certificate)}
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HAIRPIN_")}
    return subprocess.run([str(word) for word in words], text=True, capture_output=True, check=False,
                          timeout=PATIENCE, stdin=subprocess.DEVNULL, env={**clean, **extra})


def content(port: int, **options) -> list[tuple[str, int, str]]:
    zone = dns.zone.Zone(ZONE, relativize=False)
    dns.query.inbound_xfr("127.0.0.1", zone, dns.message.make_query(ZONE, "AXFR") if not options else
                          signed_query(**options), port=port, timeout=20, lifetime=60)
    return sorted((name.to_text().lower(), ttl, f"{dns.rdatatype.to_text(rdata.rdtype)} {rdata.to_text().lower()}")
                  for name, ttl, rdata in zone.iterate_rdatas())


def signed_query(secret: str):
    query = dns.message.make_query(ZONE, "AXFR")
    query.use_tsig(dns.tsigkeyring.from_text({KEY_NAME: secret}), algorithm="hmac-sha256")
    return query


@pytest.fixture
def make_primary(tmp_path):
    made = []

    def make(kind, text: str = ZONE_FILE, **options):
        made.append(kind(tmp_path / f"primary-{len(made)}", ZONE, text, **options))
        return made[-1].start()

    yield make
    for each in made:
        each.end()


@pytest.fixture
def target(make_hairpin):
    return make_hairpin(**{"dns.transfer": {"allow": ["127.0.0.0/8"]}}).start()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_zone_moves_in_whole(make_primary, target, ca, kind):
    primary = make_primary(KINDS[kind])
    run = run_import("--axfr", primary.address, ZONE, hairpin=target, ca=ca)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^moving\.test\.: loaded at https://.*, serial 2026112401$", run.stdout, re.M), run.stdout
    assert "620 records are taken" in run.stdout and "left out" not in run.stdout, run.stdout
    assert content(target.dns_port) == content(primary.port)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_signed_transfer_is_verified(make_primary, target, ca, tmp_path, kind):
    primary = make_primary(KINDS[kind], signed_only=True)
    key = tmp_path / "move.key"

    def attempt(text: str) -> subprocess.CompletedProcess[str]:
        key.write_text(text)
        key.chmod(0o600)
        return run_import("--axfr", primary.address, "--tsig-file", key, ZONE, hairpin=target, ca=ca)

    unsigned = run_import("--axfr", primary.address, ZONE, hairpin=target, ca=ca)
    assert unsigned.returncode == 1 and re.search("REFUSED|NOTAUTH", unsigned.stderr), unsigned.stderr
    wrong = attempt(key_clause(secret="bm90IHRoZSBzZWNyZXQ="))
    assert wrong.returncode == 1 and "BADSIG" in wrong.stderr, wrong.stderr
    unknown = attempt(key_clause(name="other.example."))
    assert unknown.returncode == 1 and re.search("BADKEY|NOTAUTH|REFUSED", unknown.stderr), unknown.stderr
    assert target.api.get(f"/v1/zones/{ZONE}").status == 404
    good = attempt(f"hmac-sha256:{KEY_NAME}:{SECRET}\n" if kind == "nsd" else key_clause())
    assert good.returncode == 0, good.stdout + good.stderr
    assert content(target.dns_port) == content(primary.port, secret=SECRET)
    assert SECRET not in good.stdout + good.stderr + wrong.stderr


def test_a_zone_signed_at_its_source_moves_in_unsigned_and_says_so(make_primary, target, ca):
    primary = make_primary(SigningBind)
    deadline = time.monotonic() + PATIENCE
    while "NSEC" not in str(content(primary.port)):
        assert time.monotonic() < deadline, primary.log()
        time.sleep(0.2)
    run = run_import("--axfr", primary.address, ZONE, hairpin=target, ca=ca)
    assert run.returncode == 0, run.stdout + run.stderr
    for words in ("left out, nothing is lost with them", "RRSIG", "DNSKEY", "NSEC",
                  "take the DS out of the parent zone"):
        assert words in run.stdout, run.stdout
    unsigned = [record for record in content(primary.port) if record[2].split()[0] not in
                ("RRSIG", "DNSKEY", "NSEC", "CDS", "CDNSKEY", "TYPE65534", "SOA")]
    assert [record for record in content(target.dns_port) if not record[2].startswith("SOA")] == unsigned


def test_an_existing_zone_is_replaced_only_when_asked_to(make_primary, target, ca):
    primary = make_primary(KINDS["knot"])
    target.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    target.api.put(f"/v1/zones/{ZONE}/rrsets/here.{ZONE}/A", {"ttl": 60, "records": ["198.51.100.9"]}).expect(201)
    kept = run_import("--axfr", primary.address, ZONE, hairpin=target, ca=ca)
    assert kept.returncode == 1 and "--replace" in kept.stderr, kept.stderr
    assert target.dns.rdata(f"here.{ZONE}") == ["198.51.100.9"]
    replaced = run_import("--axfr", primary.address, "--replace", ZONE, hairpin=target, ca=ca)
    assert replaced.returncode == 0 and f"{ZONE}: replaced" in replaced.stdout, replaced.stdout + replaced.stderr
    assert content(target.dns_port) == content(primary.port)
    again = run_import("--axfr", primary.address, "--replace", ZONE, hairpin=target, ca=ca)
    assert again.returncode == 0 and "was the same already" in again.stdout, again.stdout


def test_a_dry_run_changes_nothing_and_output_writes_a_file(make_primary, target, ca, tmp_path):
    primary = make_primary(KINDS["nsd"])
    dry = run_import("--axfr", primary.address, "--dry-run", ZONE, hairpin=target, ca=ca)
    assert dry.returncode == 0 and "620 records are taken" in dry.stdout, dry.stdout + dry.stderr
    assert target.api.get(f"/v1/zones/{ZONE}").status == 404
    file = tmp_path / "moving.zone"
    written = run_import("--axfr", primary.address, "--output", file, ZONE)
    assert written.returncode == 0, written.stderr
    piped = run_import("--axfr", primary.address, "--output", "-", ZONE)
    assert piped.stdout == file.read_text() and "are taken" in piped.stderr
    target.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    target.api.request("PUT", f"/v1/zones/{ZONE}/zonefile", file.read_bytes(),
                       headers={"Content-Type": "text/dns"}).expect(200)
    assert content(target.dns_port) == content(primary.port)


# --- sources that are wrong -----------------------------------------------------------------------

SOA = f"{ZONE} 60 IN SOA ns1.{ZONE} hostmaster.{ZONE} 7 3600 600 604800 60"
NS = f"{ZONE} 60 IN NS ns1.{ZONE}"
WWW = f"www.{ZONE} 60 IN A 198.51.100.1"


def send(*messages):
    """Sends each of these, made for the query, and closes."""
    def script(client, query):
        for message in messages:
            client.sendall(message(query) if callable(message) else message)
    return script


def message(*lines, **options):
    return lambda query: framed(answer(query, *lines, **options))


def endless(client, query):
    for number in itertools.count():
        lines = [SOA, NS] if number == 0 else [f"n{number}-{each}.{ZONE} 60 IN TXT {'z' * 200}" for each in range(50)]
        client.sendall(framed(answer(query, *lines)))


def never_more(client, query):
    client.sendall(framed(answer(query, SOA, NS)))
    client.recv(1)


def a_drop_at_a_time(client, query):
    for octet in framed(answer(query, SOA, NS, *[WWW] * 1000)):
        client.sendall(bytes([octet]))
        time.sleep(0.2)


def other_id(query):
    wire = bytearray(answer(query, SOA, NS, SOA))
    wire[0] ^= 0xFF
    return framed(bytes(wire))


SHORT = ["--idle", "2", "--time", "4", "--max-mib", "2", "--max-records", "5000"]
LIARS = [
    ("closes at once", send(), "closed the connection before the zone was whole"),
    ("ends early", send(message(SOA, NS, WWW)), "closed the connection before the zone was whole"),
    ("ends within a message", send(lambda query: framed(answer(query, SOA, NS))[:-5]), "in the middle of a message"),
    ("speaks HTTP", send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "in the middle of a message"),
    ("sends rubbish", send(framed(bytes(range(256)))), "is not the query's"),
    ("an empty message", send(framed(b"")), "shorter than a DNS header"),
    ("another ID", send(other_id), "ID is not the query's"),
    ("refuses", send(message(flags=0x8005)), "REFUSED"),
    ("does not know the zone", send(message(flags=0x8009)), "NOTAUTH"),
    ("fails", send(message(flags=0x8002)), "SERVFAIL"),
    ("does not begin with the SOA", send(message(NS, SOA)), "does not begin with the zone's SOA"),
    ("ends with another SOA", send(message(SOA, NS, SOA.replace(" 7 ", " 8 "))), "the zone changed meanwhile"),
    ("goes on after the end", send(message(SOA, NS, SOA, WWW)), "follows the closing SOA"),
    ("has another class", send(message(SOA, NS, WWW.replace(" IN ", " CH ").replace(" A 198.51.100.1", " TXT x"))),
     "is not IN"),
    ("has no NS", send(message(SOA, WWW, SOA)), "NS record at its apex"),
    ("never ends", endless, "more than"),
    ("stops and says nothing", never_more, "nothing came for 2 seconds"),
    ("sends a drop at a time", a_drop_at_a_time, "not done after 4 seconds"),
]


@pytest.mark.parametrize(("script", "words"), [row[1:] for row in LIARS], ids=[row[0] for row in LIARS])
def test_a_source_that_is_wrong_is_told_and_nothing_is_written(tmp_path, script, words):
    file = tmp_path / "zone"
    with liar(script) as address:
        run = run_import("--axfr", address, *SHORT, "--output", file, ZONE)
    assert run.returncode == 1 and words in run.stderr, run.stdout + run.stderr
    assert run.stderr.count("\n") == 1 and run.stderr.startswith("hairpin: "), run.stderr
    assert not file.exists()


def test_what_cannot_be_taken_stops_the_import_or_is_skipped(target, ca):
    foreign = "www.example.org. 60 IN A 198.51.100.1"
    beside = [f"both.{ZONE} 60 IN CNAME www.{ZONE}", f"both.{ZONE} 60 IN TXT x"]
    with liar(send(message(SOA, NS, WWW, foreign, *beside, SOA))) as address:
        stopped = run_import("--axfr", address, ZONE, hairpin=target, ca=ca)
        assert stopped.returncode == 1 and "--skip" in stopped.stderr, stopped.stderr
        assert "3 records cannot be taken:" in stopped.stdout, stopped.stdout
        assert "outside of the zone (www.example.org.)" in stopped.stdout, stopped.stdout
        assert target.api.get(f"/v1/zones/{ZONE}").status == 404
        skipped = run_import("--axfr", address, "--skip", ZONE, hairpin=target, ca=ca)
    assert skipped.returncode == 0, skipped.stderr
    assert [record[2] for record in content(target.dns_port) if record[0] == f"www.{ZONE}"] == ["A 198.51.100.1"]
    assert not [record for record in content(target.dns_port) if record[0] == f"both.{ZONE}"]


def test_an_answer_that_should_be_signed_and_is_not_is_refused(tmp_path):
    key = tmp_path / "key"
    key.write_text(key_clause())
    key.chmod(0o600)
    with liar(send(message(SOA, NS, SOA))) as address:
        run = run_import("--axfr", address, "--tsig-file", key, "--dry-run", ZONE)
    assert run.returncode == 1 and "does not sign" in run.stderr, run.stderr


# --- commands that are wrong, and an API that refuses ---------------------------------------------


def test_nobody_there_is_said_at_once():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        run = run_import("--axfr", f"127.0.0.1:{unused.getsockname()[1]}", "--dry-run", ZONE)
    assert run.returncode == 1 and "refused" in run.stderr, run.stderr


@pytest.mark.parametrize("arguments", [
    [], [ZONE], ["--axfr", "127.0.0.1"], ["--axfr", "127.0.0.1", ZONE], ["--axfr", "127.0.0.1", "--dry-run", "a..b"],
    ["--axfr", "127.0.0.1", "--time", "0", ZONE], ["--axfr", "127.0.0.1", "--nonsense", ZONE],
], ids=["nothing", "no server", "no zone", "no API", "no name", "no time", "no such option"])
def test_a_wrong_command_ends_with_status_2(arguments):
    run = run_import(*arguments)
    assert run.returncode == 2 and run.stderr, run.stdout + run.stderr


def test_help_says_what_the_exit_status_means():
    run = run_import("--help")
    assert run.returncode == 0 and "Exit status: 0" in run.stdout and "HAIRPIN_URL" in run.stdout


def test_what_the_api_refuses_is_told(target, ca):
    with liar(send(message(SOA, NS, WWW, SOA))) as address:
        # Nobody may read a token that everybody can read.
        open_token = target.folder / "open.token"
        open_token.write_text(target.token)
        open_token.chmod(0o644)
        run = run_import("--axfr", address, "--token-file", open_token, ZONE, hairpin=target, ca=ca)
        assert run.returncode == 1 and "chmod 600" in run.stderr, run.stderr
        wrong = target.folder / "wrong.token"
        wrong.write_text("x" * 40)
        wrong.chmod(0o600)
        run = run_import("--axfr", address, "--token-file", wrong, ZONE, hairpin=target, ca=ca)
        assert run.returncode == 1 and "401" in run.stderr and target.token not in run.stderr, run.stderr
        other_ca = target.folder / "none.pem"
        other_ca.write_text("")
        run = run_import("--axfr", address, "--ca-file", other_ca, ZONE, hairpin=target, ca=ca)
        assert run.returncode == 1 and run.stderr.startswith("hairpin: https://"), run.stderr
    assert target.api.get(f"/v1/zones/{ZONE}").status == 404
