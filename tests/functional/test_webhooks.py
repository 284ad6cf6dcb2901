"""Web-hooks against a receiver of the test's own: signed, in order, again until taken, and nowhere they must not go."""

from __future__ import annotations

import json
import os
import pathlib
import re
import socket
import subprocess
import threading

import pytest
from support.hairpin import BUILD, ROOT
from support.ports import free_port
from support.process import wait_until
from support.receiver import Receiver

LICENCE = ["licence.created", "zone.created"]


@pytest.fixture
def make_receiver(ca):
    made: list[Receiver] = []

    def make(answer=lambda delivery: 204) -> Receiver:
        made.append(Receiver(ca, answer))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def start(make_hairpin, ca):
    def run(**webhooks):
        return make_hairpin(webhooks={"allow_private": ["127.0.0.0/8"], "ca_file": str(ca.certificate),
                                      **webhooks}).start()

    return run


def add(hairpin, url: str, **members):
    return hairpin.api.post("/v1/webhooks", {"url": url, **members}).expect(201).json


def shown(hairpin, hook):
    return hairpin.api.get(f"/v1/webhooks/{hook['id']}").expect(200).json


def make_licence(hairpin, name: str) -> None:
    hairpin.api.post("/v1/licences", {"licence": name}).expect(201)


def test_events_are_told_in_order_signed_and_only_those_that_are_wanted(start, make_receiver):
    hairpin, everything, narrow = start(), make_receiver(), make_receiver()
    make_licence(hairpin, "acme")
    hook = add(hairpin, everything.url("/all?x=1"))
    other = add(hairpin, narrow.url(), kinds=["server.*", "zone.created"], licence="acme")
    hairpin.new_server("beta")
    hairpin.new_server("acme")
    hairpin.api.patch("/v1/licences/acme/servers/nur1", {"state": "suspended"}).expect(200)
    server = ["server.created", "credential.created"]
    everything.await_types(*LICENCE, *server, *server, "server.suspended")
    narrow.await_types("server.created", "server.suspended")
    ids = [each.event["id"] for each in everything.deliveries]
    assert ids == sorted(set(ids))
    for receiver, secret in ((everything, hook["secret"]), (narrow, other["secret"])):
        for each in receiver.deliveries:
            assert each.is_signed_with(secret)
            assert each.id == f"evt_{each.event['id']}"
            assert each.headers["content-type"] == "application/json"
    assert not everything.deliveries[0].is_signed_with(other["secret"])
    assert everything.deliveries[0].path == "/all?x=1"
    first = everything.deliveries[0].event
    assert (first["type"], first["licence"], first["subject"]) == ("licence.created", "beta", "beta")
    page = hairpin.api.get(f"/v1/events?after={first['id'] - 1}&limit=1").expect(200).json
    assert page["events"] == [first]  # The same object, however it is read.
    wait_until(lambda: shown(hairpin, hook)["delivery"]["delivered"] == 7, "all were noted")
    assert shown(hairpin, hook)["delivery"]["last"]["status"] == 204
    metrics = hairpin.api.get("/metrics").body.decode()
    assert re.search(r"^hairpin_webhook_delivered_total 9$", metrics, re.MULTILINE), metrics


def test_what_is_not_taken_is_told_again_and_holds_up_only_its_own_hook(start, make_receiver):
    hairpin = start()
    told: list[str] = []

    def refuse_twice(delivery):
        told.append(delivery.id)
        return 500 if told.count(delivery.id) == 1 and len(told) == 1 else 204

    failing, well = make_receiver(refuse_twice), make_receiver()
    hook = add(hairpin, failing.url())
    add(hairpin, well.url())
    make_licence(hairpin, "acme")
    well.await_types(*LICENCE)
    wait_until(lambda: shown(hairpin, hook)["delivery"]["attempts"] == 1, "the failure was noted")
    delivery = shown(hairpin, hook)["delivery"]
    assert delivery["last"]["status"] == 500 and "HTTP 500" in delivery["last"]["error"]
    assert delivery["next_attempt"] and delivery["failing_since"]
    failing.await_types("licence.created", *LICENCE)
    first, second = failing.deliveries[:2]
    assert first.id == second.id and first.body == second.body
    wait_until(lambda: shown(hairpin, hook)["delivery"]["attempts"] == 0, "it is well again")
    assert shown(hairpin, hook)["delivery"]["failed"] == 1


def test_a_hook_that_hangs_delays_no_other(start, make_receiver):
    hairpin = start()
    release = threading.Event()

    def hang(delivery):
        release.wait(60)
        return 204

    slow, well = make_receiver(hang), make_receiver()
    for _ in range(12):
        add(hairpin, slow.url())
    add(hairpin, well.url())
    make_licence(hairpin, "acme")
    slow.await_count(12)
    for each in range(5):
        make_licence(hairpin, f"more{each}")
    well.await_types(*(LICENCE * 6))
    assert len(slow.deliveries) == 12  # One each.
    release.set()


@pytest.mark.parametrize("moment", ["in flight", "failing"])
def test_a_kill_loses_nothing(start, make_receiver, moment):
    hairpin = start()
    gate = threading.Event()

    def answer(delivery):
        if gate.is_set():
            return 204
        if moment == "in flight":
            gate.wait(60)
        return 503

    receiver = make_receiver(answer)
    hook = add(hairpin, receiver.url())
    make_licence(hairpin, "acme")
    receiver.await_count(1)
    if moment == "failing":
        wait_until(lambda: shown(hairpin, hook)["delivery"]["attempts"] == 1, "the failure was noted")
    hairpin.kill()
    gate.set()
    hairpin.start()
    wait_until(lambda: set(LICENCE) <= set(receiver.types()[1:]), "both were told")
    wait_until(lambda: shown(hairpin, hook)["delivery"]["delivered"] == 2, "both were noted")
    ids = [each.event["id"] for each in receiver.deliveries]
    assert ids == sorted(ids)  # Again, perhaps, but never out of order.


def test_gone_is_the_end_until_a_person_says_otherwise(start, make_receiver):
    hairpin = start()
    status = [410]
    receiver = make_receiver(lambda delivery: status[0])
    hook = add(hairpin, receiver.url(), label="pager")
    make_licence(hairpin, "acme")
    wait_until(lambda: shown(hairpin, hook)["state"] == "given-up", "it was given up")
    make_licence(hairpin, "beta")
    told = hairpin.api.get("/v1/events?kind=webhook.disabled").expect(200).json["events"]
    assert [each["data"]["webhook"] for each in told] == [hook["id"]]
    assert f"web-hook {hook['id']} (pager) is given up" in hairpin.logs()
    assert len(receiver.deliveries) == 1
    status[0] = 204
    hairpin.api.patch(f"/v1/webhooks/{hook['id']}", {"enabled": True}).expect(200)
    wait_until(lambda: "webhook.disabled" in receiver.types(), "what it missed was told")
    assert receiver.types()[1:3] == LICENCE


def test_redirects_are_not_followed_and_other_certificates_not_trusted(start, make_receiver, make_hairpin, ca):
    elsewhere = make_receiver()
    moved = make_receiver(lambda delivery: (307, {"location": elsewhere.url()}))
    hairpin = start()
    hook = add(hairpin, moved.url())
    answer = hairpin.api.post(f"/v1/webhooks/{hook['id']}/test").expect(200).json
    assert not answer["taken"] and answer["status"] == 307 and "redirect" in answer["error"]
    assert elsewhere.deliveries == []
    strict = make_hairpin(webhooks={"allow_private": ["127.0.0.0/8"]}).start()
    other = add(strict, moved.url())
    answer = strict.api.post(f"/v1/webhooks/{other['id']}/test").expect(200).json
    assert not answer["taken"] and answer["status"] is None
    assert len(moved.deliveries) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_octet_goes_to_an_address_of_our_own_network(start, host):
    """By address, and by a name that leads there: what counts is what would be connected to."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.5)
        hairpin = start(allow_private=["10.99.0.0/16"])
        hook = add(hairpin, f"https://{host}:{trap.getsockname()[1]}/")
        answer = hairpin.api.post(f"/v1/webhooks/{hook['id']}/test").expect(200).json
        assert not answer["taken"] and "may not be connected to" in answer["error"], answer
        with pytest.raises(TimeoutError):
            trap.accept()


def test_two_signatures_while_an_old_secret_holds(start, make_receiver):
    hairpin, receiver = start(), make_receiver()
    hook = add(hairpin, receiver.url())
    path = f"/v1/webhooks/{hook['id']}"
    new = hairpin.api.post(f"{path}/rotate", {"overlap": 3600}).expect(200).json["secret"]
    hairpin.api.post(f"{path}/test").expect(200)
    both = receiver.deliveries[-1]
    assert len(both.signatures()) == 2
    assert both.is_signed_with(new) and both.is_signed_with(hook["secret"])
    assert both.event["type"] == "webhook.test"
    last = hairpin.api.post(f"{path}/rotate", {"overlap": 0}).expect(200).json["secret"]
    hairpin.api.post(f"{path}/test").expect(200)
    one = receiver.deliveries[-1]
    assert len(one.signatures()) == 1
    assert one.is_signed_with(last) and not one.is_signed_with(new)
    for secret in (hook["secret"], new, last):
        assert secret not in hairpin.logs()
        assert secret.removeprefix("whsec_").encode() not in (hairpin.data_dir / "hairpin.db").read_bytes()


def examples() -> dict[str, str]:
    """What docs/webhooks.md shows, by language."""
    text = (ROOT / "docs" / "webhooks.md").read_text()
    return dict(re.findall(r"```(python|sh)\n(.*?)```", text, re.DOTALL))


@pytest.mark.parametrize("language", ["python", "sh"])
def test_the_verification_that_the_manual_shows_works(start, make_receiver, tmp_path, language):
    hairpin, receiver = start(), make_receiver()
    hook = add(hairpin, receiver.url())
    hairpin.api.post(f"/v1/webhooks/{hook['id']}/test").expect(200)
    delivery = receiver.deliveries[0]
    script = tmp_path / f"verify.{language}"
    script.write_text(examples()[language])

    def verify(body: bytes, secret: str = hook["secret"], timestamp: str = delivery.headers["webhook-timestamp"]):
        run = subprocess.run([{"python": "/usr/bin/python3", "sh": "/bin/sh"}[language], str(script)], input=body,
                             capture_output=True, check=False, timeout=60, env={
                                 **os.environ, "WEBHOOK_SECRET": secret, "WEBHOOK_ID": delivery.id,
                                 "WEBHOOK_TIMESTAMP": timestamp,
                                 "WEBHOOK_SIGNATURE": delivery.headers["webhook-signature"]})
        assert run.returncode in (0, 1), run.stderr
        return run.returncode == 0

    assert verify(delivery.body)
    assert not verify(delivery.body + b" ")
    assert not verify(delivery.body, "whsec_" + "A" * 43 + "=")
    assert not verify(delivery.body, timestamp="1")


def test_a_hook_by_the_command_line(start, make_receiver):
    hairpin, receiver = start(), make_receiver()
    run = hairpin.command
    made = json.loads(run("webhook", "add", receiver.url(), "--kind", "licence.*", "--label", "cli").stdout)
    number = str(made["id"])
    assert run("webhook", "test", number).stdout.startswith("taken: HTTP 204")
    assert receiver.deliveries[-1].is_signed_with(made["secret"])
    listed = run("webhook", "list").stdout
    assert listed.startswith(f"{number} enabled {receiver.url()}") and made["secret"] not in listed
    assert json.loads(run("webhook", "rotate", number, "--overlap", "0").stdout)["secret"] != made["secret"]
    assert json.loads(run("webhook", "disable", number).stdout)["state"] == "disabled"
    assert json.loads(run("webhook", "enable", number).stdout)["state"] == "enabled"
    receiver.answer = lambda delivery: 500
    failed = run("webhook", "test", number)
    assert failed.returncode == 1 and "HTTP 500" in failed.stderr
    assert json.loads(run("webhook", "show", number).stdout)["label"] == "cli"
    assert run("webhook", "remove", number).returncode == 0
    assert run("webhook", "show", number).returncode == 1
    refused = run("webhook", "add", f"http://127.0.0.1:{free_port()}/")
    assert refused.returncode == 1 and "https://" in refused.stderr
