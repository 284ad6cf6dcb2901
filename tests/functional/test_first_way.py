"""The main job, once: a licence, a server, its report, both names, a change, the twin certificate."""

import hashlib
import http.client
import ssl
import subprocess

import pytest

from support.ports import free_port
from support.process import Process, wait_until
from support.tls import new_csr, openssl


@pytest.fixture
def site(make_hairpin, make_pebble, tmp_path):
    """A hairpind with a CA that asks it, one server, and the server's own folder."""
    hairpin = make_hairpin()
    pebble = make_pebble(hairpin.dns_port)
    hairpin.config["acme"] = {"directory": pebble.directory, "contact": ["mailto:ops@example.net"],
                              "ca_file": str(pebble.ca_file)}
    hairpin.start()
    server = hairpin.new_server("acme", "nur1")
    place = tmp_path / "premises"
    place.mkdir()
    return hairpin, pebble, server, hairpin.as_holder(server["token"]), place


def answers(hairpin, program: str, name: str) -> str:
    """What a stock client prints as the address of a name."""
    if program == "drill":
        lines = hairpin.dns.run("drill", name, "A").splitlines()
        return "".join(line.split()[-1] for line in lines if line.startswith(name))
    return hairpin.dns.run(program, name, "A", "+short", "+norec").strip()


def fetch(port: int, name: str, trust: str) -> bytes:
    """GET / at 127.0.0.1 under a name, as a browser that trusts the CA would."""
    context = ssl.create_default_context(cadata=trust)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    connection.connect = lambda: _connect_as(connection, context, name)
    connection.request("GET", "/", headers={"Host": name})
    body = connection.getresponse().read()
    connection.close()
    return body


def _connect_as(connection, context, name):
    http.client.HTTPConnection.connect(connection)
    connection.sock = context.wrap_socket(connection.sock, server_hostname=name)


def test_from_the_licence_to_https_under_both_names(site):
    hairpin, pebble, server, api, place = site
    public, internal = server["names"]["public"], server["names"]["internal"]
    assert (public, internal) == ("nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net")

    # A report: both names answer for every stock client.
    beat = api.post("/v1/self/heartbeat", {
        "public": ["203.0.113.10"], "private": ["192.168.1.11", "fd00::11"], "port": 8443}).expect(200).json
    assert beat["changed"] and beat["published"] == {
        "public": ["203.0.113.10"], "internal": ["192.168.1.11", "fd00::11"]}
    assert beat["observed"] == "127.0.0.1" and beat["names"] == server["names"]
    for program in ("dig", "kdig", "drill"):
        assert answers(hairpin, program, public + ".") == "203.0.113.10"
        assert answers(hairpin, program, internal + ".") == "192.168.1.11"
    assert hairpin.dns.rdata(internal, "AAAA") == ["fd00::11"]

    # The box has a new address: the first question after the answer has it.
    serial = hairpin.dns.serial("pl-acme.example.net")
    changed = api.post("/v1/self/heartbeat", {"public": ["203.0.113.99"]}).expect(200).json
    assert hairpin.dns.rdata(public) == ["203.0.113.99"]
    assert hairpin.dns.rdata(internal) == ["192.168.1.11"], "what was not reported is kept"
    assert changed["serial"] == hairpin.dns.serial("pl-acme.example.net") > serial
    assert not api.post("/v1/self/heartbeat", {"public": ["203.0.113.99"]}).expect(200).json["changed"]

    # The certificate, with a key that stays where it was made.
    key, csr = new_csr(place, [public, internal])
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    chain = api.get("/v1/self/certificate?wait=60", timeout=90).expect(200)
    certificate = place / "chain.pem"
    certificate.write_bytes(chain.body)
    assert pebble.verify(certificate).strip().endswith(": OK")
    names = openssl("x509", "-in", certificate, "-noout", "-ext", "subjectAltName")
    assert {word.strip() for word in names.splitlines()[1].split(",")} == {f"DNS:{public}", f"DNS:{internal}"}
    assert chain.headers["etag"]
    assert api.get("/v1/self/certificate", headers={"If-None-Match": chain.headers["etag"]}).status == 304

    # The challenges are gone, and their names still do not answer NXDOMAIN.
    for name in (public, internal):
        wait_until(lambda name=name: hairpin.dns.rdata(f"_acme-challenge.{name}", "TXT") == [],
                   "the challenge is taken away")
        assert hairpin.dns.rcode(f"_acme-challenge.{name}", "TXT") == "NOERROR"

    # It serves, under both names, and says so.
    issuers = place / "issuers.pem"
    issuers.write_text(chain.body.decode().partition("-----END CERTIFICATE-----\n")[2])
    port = free_port()
    web = Process(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate,
                   "-cert_chain", issuers, "-key", key, "-www", "-quiet"], place / "s_server.log")
    try:
        wait_until(lambda: subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}"],
                                          stdin=subprocess.DEVNULL, capture_output=True,
                                          check=False).returncode == 0, "the server's HTTPS")
        for name in (public, internal):
            assert b"s_server" in fetch(port, name, pebble.root)
        with pytest.raises(ssl.SSLCertVerificationError):
            fetch(port, "nur2.pl-acme.example.net", pebble.root)
    finally:
        web.end()
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text().partition("-----END CERTIFICATE-----")[0]
                                   + "-----END CERTIFICATE-----")
    sha256 = hashlib.sha256(der).hexdigest()
    api.post("/v1/self/certificate/deployed", {"sha256": sha256}).expect(200, 204)
    state = api.get("/v1/self").expect(200).json["certificate"]
    assert (state["state"], state["sha256"], state["deployed"]) == ("valid", sha256, True)


def test_a_licence_is_served_before_its_201(hairpin):
    for number in range(20):
        made = hairpin.api.post("/v1/licences", {"licence": f"l{number}"}).expect(201).json
        assert hairpin.dns.rcode(made["zone"], "SOA") == "NOERROR"


def test_everything_is_there_after_a_restart(site):
    hairpin, _, server, api, _ = site
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.10"], "private": ["10.0.0.5"]}).expect(200)
    serial = hairpin.dns.serial("pl-acme.example.net")
    assert hairpin.stop() == 0
    hairpin.start()
    assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.10"]
    assert hairpin.dns.serial("pl-acme.example.net") == serial
    again = hairpin.as_holder(server["token"])
    assert not again.post("/v1/self/heartbeat", {"public": ["203.0.113.10"]}).expect(200).json["changed"]
