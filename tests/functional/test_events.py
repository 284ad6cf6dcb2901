"""/v1/events as a client sees it: streams over HTTP/1.1 and HTTP/2, a slow one, a restart, the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess

import pytest
from support.hairpin import BUILD
from support.process import Process, wait_until


def follow(hairpin, ca, tmp_path, *options: str, query: str = "") -> Process:
    token = tmp_path / "header"
    token.write_text(f"Authorization: Bearer {hairpin.token}\n")
    return Process(["curl", "-sSN", "--cacert", str(ca.certificate), "-H", f"@{token}", "-H",
                    "Accept: text/event-stream", "-D", str(tmp_path / "head"), *options,
                    f"https://127.0.0.1:{hairpin.http_port}/v1/events{query}"], tmp_path / f"stream{len(options)}.log")


def received(stream: Process) -> list[dict]:
    return [json.loads(data) for data in re.findall(r"^data: (.*)$", stream.log(), re.MULTILINE)]


def make_licence(hairpin, name: str) -> None:
    hairpin.api.post("/v1/licences", {"licence": name}).expect(201)


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_stream_carries_what_happens(hairpin, ca, tmp_path, version):
    stream = follow(hairpin, ca, tmp_path, version)
    try:
        wait_until(lambda: "retry:" in stream.log(), "the stream has begun")
        assert ("HTTP/2 200" if version == "--http2" else "HTTP/1.1 200") in (tmp_path / "head").read_text()
        make_licence(hairpin, "acme")
        wait_until(lambda: len(received(stream)) == 2, "both events")
        first, second = received(stream)
        assert (first["type"], second["type"]) == ("licence.created", "zone.created")
        assert f"id: {second['id']}\nevent: zone.created\n" in stream.log()
        # It does not keep Hairpin from ending.
        assert hairpin.stop() == 0
        assert stream.wait() == 0
        hairpin.start()
        make_licence(hairpin, "beta")
        resumed = follow(hairpin, ca, tmp_path, version, "-H", f"Last-Event-ID: {first['id']}")
        wait_until(lambda: len(received(resumed)) == 3, "what was missed")
        assert [each["subject"] for each in received(resumed)] == ["pl-acme.example.net", "beta", "pl-beta.example.net"]
        resumed.end()
    finally:
        stream.end()


def test_addresses_are_told_of_with_their_door(hairpin):
    server = hairpin.new_server()
    last = hairpin.api.get("/v1/events?after=now").json["last"]
    report = {"public": ["203.0.113.7"], "private": ["192.168.1.11"]}
    hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", report).expect(200)
    report["public"] = ["203.0.113.8"]
    hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", report).expect(200)
    hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", report).expect(200)
    events = hairpin.api.get(f"/v1/events?after={last}&kind=server.address_changed").json["events"]
    assert [(each["data"]["role"], each["data"]["old"], each["data"]["new"]) for each in events
            if each["data"]["role"] == "public"] == [
        ("public", [], ["203.0.113.7"]), ("public", ["203.0.113.7"], ["203.0.113.8"])]
    assert {(each["door"], each["by"], each["licence"]) for each in events} == {("heartbeat", "server", "acme")}


def test_a_peer_that_reads_nothing_is_closed_and_holds_up_nobody(hairpin, ca, tmp_path):
    context = ssl.create_default_context(cafile=str(ca.certificate))
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect(("127.0.0.1", hairpin.http_port))
        with context.wrap_socket(plain, server_hostname="localhost") as slow:
            slow.sendall(f"GET /v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {hairpin.token}"
                         "\r\nAccept: text/event-stream\r\n\r\n".encode())
            hairpin.api.post("/v1/zones", {"zone": "plain.example"}).expect(201)
            server = hairpin.new_server()
            holder = hairpin.as_holder(server["token"])

            def readers() -> int:
                text = hairpin.api.get("/metrics").body.decode()
                return int(re.search(r"^hairpin_event_readers (\d+)$", text, re.MULTILINE)[1])

            wait_until(lambda: readers() == 1, "it follows")
            # More than a socket holds; nobody else waits for it.
            for each in range(400):
                label = "w" * 50 + str(each)
                hairpin.api.post("/v1/credentials", {"kind": "token", "owner": {"licence": "acme"}, "role": "reader",
                                                     "label": label * 4}).expect(201)
            assert holder.get("/v1/self").status == 200
            wait_until(lambda: readers() == 0, "it was closed")


def test_following_by_the_command_line_survives_a_restart(hairpin, tmp_path):
    make_licence(hairpin, "acme")
    run = hairpin.command
    lines = run("events", "--kind", "licence.*", "--kind", "zone.*").stdout.splitlines()
    assert [line.split()[2] for line in lines] == ["licence.created", "zone.created"]
    after = lines[0].split()[0]
    page = run("events", "--after", after, "--licence", "acme", "--json").stdout.splitlines()
    assert [json.loads(line)["type"] for line in page] == ["zone.created"]
    refused = run("events", "--kind", "nonsense")
    assert refused.returncode == 1 and "400" in refused.stderr
    follower = Process([str(BUILD / "cli" / "hairpin"), "events", "--follow", "--after", lines[-1].split()[0]], tmp_path / "follow.log",
                       environment=hairpin.operator_environment())
    try:
        make_licence(hairpin, "beta")
        wait_until(lambda: " beta " in follower.log(), "it is told")
        hairpin.kill()
        hairpin.start()
        make_licence(hairpin, "gamma")
        wait_until(lambda: " gamma " in follower.log(), "it came back")
        assert follower.log().count("licence.created") == 2
        follower.signal(signal.SIGTERM)
    finally:
        follower.end()


def test_a_certificate_is_told_of_from_the_account_to_its_end(make_hairpin, make_pebble):
    hairpin = make_hairpin()
    pebble = make_pebble(hairpin.dns_port)
    hairpin.config["acme"] = {"directory": pebble.directory, "contact": ["mailto:ops@example.net"], "standby": "off",
                              "ca_file": str(pebble.ca_file)}
    hairpin.start()
    server = hairpin.as_holder(hairpin.new_server()["token"])

    def told() -> list[str]:
        page = hairpin.api.get("/v1/events?kind=certificate.*,acme.*").expect(200).json["events"]
        return [each["type"] for each in page]

    server.post("/v1/self/certificate", {}).expect(202)
    wait_until(lambda: told() == ["acme.account", "certificate.issued"], "it was issued")
    sha256 = hairpin.api.get("/v1/licences/acme/servers/nur1").json["certificate"]["sha256"]
    server.post("/v1/self/certificate/deployed", {"sha256": sha256}).expect(204)
    wait_until(lambda: told()[-1] == "certificate.deployed", "it was deployed")
    hairpin.api.post("/v1/licences/acme/servers/nur1/certificate/revocation", {"reason": 4}).expect(202)
    wait_until(lambda: told()[-1] == "certificate.revoked", "it was revoked")
    events = hairpin.api.get("/v1/events?kind=certificate.*").json["events"]
    assert {each["data"]["sha256"] for each in events} == {sha256}
    assert {(each["licence"], each["subject"]) for each in events} == {("acme", "acme/nur1")}


def test_certificates_and_profiles_by_the_command_line(hairpin):
    run = hairpin.command
    for licence in ("acme", "beta"):
        hairpin.new_server(licence)
    hairpin.new_server("acme")
    assert run("certificate", "list").stdout.splitlines() == ["acme/nur1: none", "beta/nur1: none", "acme/nur2: none"]
    assert run("certificate", "list", "--licence", "beta").stdout.splitlines() == ["beta/nur1: none"]
    assert run("certificate", "list", "--alarm", "blocked").stdout == ""
    assert run("certificate", "list", "--alarm", "nonsense").returncode == 1
    assert run("certificate", "show", "acme/nur2").stdout.splitlines() == ["acme/nur2: none"]
    assert run("certificate", "show", "acme/nur9").returncode == 1
    assert run("licence", "profile", "acme").stdout == "as configured\n"
    assert run("licence", "profile", "acme", "shortlived").stdout == "shortlived\n"
    assert hairpin.api.get("/v1/licences/acme").json["certificate_profile"] == "shortlived"
    assert run("licence", "profile", "acme", "--default").stdout == "as configured\n"
    assert run("licence", "profile", "acme", "no way").returncode == 1
