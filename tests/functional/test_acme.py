"""Certificates: acme/ between a real store, our own name server, and a CA.

The CA is Debian's pebble, or, for what pebble cannot do, support/fake_ca.py. acme_rig (tests/support) holds
the parts together and can kill itself at any transition.
"""

from __future__ import annotations

import email.utils
import re
import time

import pytest

from support.acme_rig import NAMES, STATES, TOGETHER, Rig, goes_on, names_in
from support.fake_ca import ERROR, Fault, problem
from support.ports import free_port
from support.tls import new_csr, openssl


# -- pebble --------------------------------------------------------------------------------------


def test_one_certificate_covers_both_names(rig, make_pebble):
    pebble = make_pebble(rig.dns_port)
    rig.directory = pebble.directory
    run = rig.run()
    assert run.states() == STATES
    assert run.counter("failed") == 0
    assert "OK" in pebble.verify(rig.chain())
    assert names_in(rig.chain()) == NAMES
    key = openssl("pkey", "-inform", "DER", "-in", rig.folder / "device-1.key", "-pubout")
    assert openssl("x509", "-in", rig.chain(), "-noout", "-pubkey") == key


def test_a_managed_key_fits_its_certificate(rig, make_pebble):
    pebble = make_pebble(rig.dns_port)
    rig.directory = pebble.directory
    rig.run("managed")
    assert "OK" in pebble.verify(rig.chain())
    assert (openssl("pkey", "-in", rig.folder / "1.key", "-pubout")
            == openssl("x509", "-in", rig.chain(), "-noout", "-pubkey"))
    # The rig took it twice, then said that it serves it: it is nowhere here any more.
    assert rig.rows("SELECT length(key_sealed) FROM certificates") == [(0,)]
    assert rig.rows("SELECT length(key_sealed) FROM acme_attempts") == [(0,)]


def test_a_managed_key_that_was_handed_out_is_erased_in_time(rig, make_pebble):
    rig.directory = make_pebble(rig.dns_port).directory
    rig.run("managed", "keep-key")  # Taken, but nobody says that it is served.
    assert rig.rows("SELECT length(key_sealed) > 0 FROM certificates") == [(1,)]
    assert rig.rows("SELECT state, next_at = deadline_at FROM acme_attempts") == [("offered", 1)]
    rig.edit("UPDATE acme_attempts SET next_at = 1, deadline_at = 1")
    rig.run("quiet", "key-gone")  # Asking would begin an order with a new key, once this one is erased.
    assert rig.rows("SELECT length(key_sealed) FROM certificates") == [(0,)]
    assert rig.rows("SELECT state, a.next_at = c.renew_at, deadline_at FROM acme_attempts a, certificates c") == [
        ("offered", 1, None)]


def test_many_servers_at_once_with_every_second_nonce_refused(rig, make_pebble):
    rig.directory = make_pebble(rig.dns_port, reject_nonces=50).directory
    run = rig.run("servers=40")  # More than may order at the same time.
    assert run.counter("nonces_rejected") > 40
    assert len(rig.rows("SELECT DISTINCT server_id FROM certificates")) == 40


def test_an_order_that_is_authorized_already_publishes_nothing(rig, make_pebble):
    rig.directory = make_pebble(rig.dns_port, reuse_authorizations=100).directory
    rig.run()
    run = rig.run("again")
    assert run.states() == [state for state in STATES
                            if state not in ("txt-staged", "txt-live", "challenged")]


def test_the_same_key_and_a_young_certificate_give_the_same_certificate(rig, make_pebble):
    rig.directory = make_pebble(rig.dns_port).directory
    first, second = rig.run(), rig.run()
    assert second.states() == []
    line = re.compile(r"^certificate .*$", re.MULTILINE)
    assert line.findall(first.output) == line.findall(second.output)
    third = rig.run("new-key")
    assert third.states() == STATES
    assert rig.rows("SELECT count(*) FROM certificates") == [(2,)]
    assert rig.rows("SELECT state FROM acme_attempts ORDER BY id") == [("superseded",), ("offered",)]


def test_a_renewal_keeps_the_servers_key(rig, fake):
    rig.run()
    rig.make_renewal_due()
    assert rig.run("renewed").states() == ["superseded", *STATES]
    assert rig.rows("SELECT cause, state FROM acme_attempts ORDER BY id") == [
        ("first", "superseded"), ("renewal", "offered")]
    assert rig.rows("SELECT count(*), count(DISTINCT key_sha256) FROM certificates") == [(2, 1)]


def test_a_renewal_of_a_managed_key_makes_a_new_one(rig, fake):
    rig.run("managed")
    rig.make_renewal_due()
    rig.run("managed", "renewed")
    assert rig.rows("SELECT count(*), count(DISTINCT key_sha256) FROM certificates") == [(2, 2)]


def test_kill_9_while_a_renewal_begins_neither_loses_nor_doubles_it(rig, fake):
    rig.run()
    rig.make_renewal_due()
    rig.run("renewed", "crash=superseded", status=-9)
    rig.run("renewed")
    assert rig.rows("SELECT count(*) FROM certificates") == [(2,)]


def test_renewals_are_held_back_where_a_day_or_a_week_had_enough(rig, fake):
    rig.run()
    rig.make_renewal_due()
    daily = rig.run("limits", "quiet", "until-problem")
    assert daily.problem.startswith("wanted renewed within a day already")
    for number in range(2):
        kept = "server_id, key_sha256, key_origin, not_before, not_after, renew_at, deployed_at, chain, csr, key_sealed"
        rig.edit(f"INSERT INTO certificates (id, sha256, issued_at, {kept}) SELECT id + 10 + {number}, randomblob(32), "
                 f"issued_at - 172800000, {kept} FROM certificates ORDER BY id LIMIT 1")
    rig.edit("UPDATE acme_attempts SET next_at = 1, problem = '' WHERE state = 'wanted'")
    weekly = rig.run("limits", "quiet", "until-problem")
    assert weekly.problem.startswith("wanted these names were given 3 certificates within a week")
    assert fake.count("new-order") == 1


def test_a_suspended_licence_is_not_renewed(rig, fake):
    rig.run()
    rig.make_renewal_due()
    rig.edit("UPDATE licences SET state = 'suspended'")
    assert "suspended" in rig.run("quiet", "until-problem").problem
    assert fake.count("new-order") == 1


@pytest.mark.parametrize("when", ["crash", "crash-before"])
def test_kill_9_at_every_transition_and_the_order_completes(tmp_path, ca, make_pebble, when):
    dns_port = free_port()
    pebble = make_pebble(dns_port)
    for state in STATES:
        rig = Rig(tmp_path / f"rig-{state}", ca.certificate, dns_port)
        rig.directory = pebble.directory
        killed = rig.run(f"{when}={state}", status=-9)
        group = next(each for each in TOGETHER if state in each)
        first, last = STATES.index(group[0]), STATES.index(group[-1]) + 1
        # All of a group are durable when the first is told of; none is when the first is handed over.
        assert killed.states() == STATES[:STATES.index(state) + 1 if when == "crash" else first]
        resumed = rig.run()
        due = STATES[last if when == "crash" else first:]
        assert goes_on(resumed.states(), due, was_told=state in ("txt-live", "challenged")), (state, resumed.states())
        assert "OK" in pebble.verify(rig.chain())
        # Nothing was ordered twice to its end.
        assert rig.rows("SELECT count(*) FROM certificates") == [(1,)], state
        assert rig.rows("SELECT count(*) FROM acme_attempts") == [(1,)], state


@pytest.mark.parametrize("when", ["crash", "crash-before"])
def test_kill_9_from_the_making_of_a_managed_key_on_loses_none(tmp_path, ca, make_pebble, when):
    dns_port = free_port()
    pebble = make_pebble(dns_port)
    for state in STATES[STATES.index("ready"):]:
        rig = Rig(tmp_path / f"rig-{state}", ca.certificate, dns_port)
        rig.directory = pebble.directory
        rig.run("managed", f"{when}={state}", status=-9)
        rig.run("managed")
        assert "OK" in pebble.verify(rig.chain())
        assert (openssl("pkey", "-in", rig.folder / "1.key", "-pubout")
                == openssl("x509", "-in", rig.chain(), "-noout", "-pubkey")), state
        assert rig.rows("SELECT count(*) FROM certificates") == [(1,)], state


def test_a_server_asks_by_the_api_and_gets_its_chain(make_hairpin, make_pebble, tmp_path):
    hairpin = make_hairpin()
    pebble = make_pebble(hairpin.dns_port)
    hairpin.config["acme"] = {"directory": pebble.directory, "ca_file": str(pebble.ca_file)}
    hairpin.start()
    server = hairpin.new_server()
    names = [server["names"]["public"].rstrip("."), server["names"]["internal"].rstrip(".")]
    api = hairpin.as_holder(server["token"])
    _, csr = new_csr(tmp_path, names)
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    answer = api.get("/v1/self/certificate?wait=60", timeout=90).expect(200)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(answer.body)
    assert "OK" in pebble.verify(chain)
    assert names_in(chain) == sorted(names)


# -- a CA that misbehaves ------------------------------------------------------------------------


def test_a_refused_nonce_is_replaced_by_the_one_of_the_refusal(rig, fake):
    fake.reject_nonces = 5
    run = rig.run()
    assert run.counter("failed") == 0
    assert fake.refused_nonces == 5
    assert fake.retried_with_given_nonce >= 5


def test_a_storm_of_refused_nonces_ends_in_backoff_and_not_in_a_loop(rig, fake):
    fake.reject_nonces = 6
    run = rig.run()
    assert "backoff" in run.states()
    assert fake.refused_nonces == 6


def test_a_503_without_a_problem_document_is_waited_out(rig, fake):
    fake.fail("new-order", Fault(503, b"<html>busy</html>", {"Retry-After": "2", "Content-Type": "text/html"}))
    begin = time.monotonic()
    run = rig.run()
    assert "backoff" in run.states()
    assert time.monotonic() - begin >= 2
    assert fake.count("new-order") == 2


def test_a_rate_limit_with_a_date_is_kept(rig, fake):
    until = email.utils.formatdate(time.time() + 3, usegmt=True)
    fake.fail("new-order", problem(429, "rateLimited", "too many", headers={"Retry-After": until}))
    begin = time.time()
    run = rig.run()
    assert run.states()[:4] == ["admitted", "ordering", "wanted", "admitted"]
    assert run.counter("failed") == 0  # It is no failure of the server, and climbs no ladder.
    assert time.time() - begin >= 1.9  # Whole seconds in the date.


def test_a_refused_nonce_while_the_directory_is_read_again_is_survived(rig, fake):
    # Two orders at the same time: one meets a URL that moved, the other a refusal without a nonce.
    fake.directory_delay = 0.6
    fake.fail("new-order", problem(404, "malformed"))
    fake.fail("new-order", problem(400, "badNonce", headers={"Replay-Nonce": None}, delay=0.2))
    run = rig.run("servers=2")
    assert run.counter("failed") == 0
    assert run.counter("nonces_rejected") == 1
    assert fake.count("dir") == 2


def test_one_new_order_leaves_after_the_other_and_two_authorizations_are_read_at_once(rig, fake):
    fake.fail("new-order", problem(500, "serverInternal", delay=0.2), times=4)
    fake.fail("authz", problem(500, "serverInternal", delay=0.2), times=2)
    rig.run("servers=4")
    assert fake.most_at_once["new-order"] == 1
    assert fake.most_at_once["authz"] > 1


def test_a_new_order_that_takes_long_holds_the_next_one_for_a_second_only(rig, fake):
    fake.fail("new-order", problem(500, "serverInternal", delay=5), times=3)
    rig.run("servers=3")
    assert fake.most_at_once["new-order"] == 3


def test_orders_that_nobody_wants_any_more_give_their_places_back(rig, fake):
    # One after the other: half are asked with another key, then all lose their servers, while the CA
    # has not looked yet. There are 32 places.
    gone = 33
    fake.held = {f"{prefix}nur{number}.pl-demo.example.net" for prefix in ("", "i-") for number in range(1, gone + 1)}
    run = rig.run(f"servers={gone + 1}", f"gone={gone}")
    assert run.states(gone + 1) == STATES
    assert rig.rows("SELECT count(*) FROM acme_attempts") == [(1,)]
    assert rig.rows("SELECT count(*) FROM rrsets WHERE type = 16") == [(0,)]
    assert run.counter("live") == 0
    deactivated = fake.requests.count(("authz", {"status": "deactivated"}))
    assert deactivated >= 2 * (gone // 2)  # Those that another key replaced.


def test_while_the_store_fails_nothing_is_asked_twice(rig, fake):
    run = rig.run("disk-full=open")  # For some seconds, right when the CA gave an order.
    assert run.states() == STATES
    assert fake.count("new-order") == 1
    assert fake.count("finalize") == 1
    rig.run("again", "disk-full=processing")
    assert fake.count("finalize") == 2


def test_orders_of_one_server_are_counted_and_postponed(rig, fake):
    # Every order fails; the ladder is short, so that only the count holds it back.
    fake.fail("finalize", problem(500, "serverInternal"), times=100)
    run = rig.run("order-limit=3", "backoff=20", "until-words=orders were placed")
    assert run.problem.startswith("wanted 3 orders were placed at the CA for this server within an hour")
    assert fake.count("new-order") == 3
    # What was counted is not forgotten by a restart.
    rig.edit("UPDATE acme_attempts SET next_at = 1, problem = ''")
    run = rig.run("order-limit=1", "backoff=20", "quiet", "until-words=orders were placed")
    assert "within an hour" in run.problem
    assert fake.count("new-order") == 3


def test_an_order_in_processing_is_polled_and_finalized_once(rig, fake):
    fake.processing_polls = 4
    assert rig.run().states() == STATES
    assert fake.count("finalize") == 1


def test_kill_9_between_finalize_and_the_store_does_not_finalize_twice(rig, fake):
    fake.processing_polls = 2
    rig.run("crash-before=processing", status=-9)
    assert rig.run().states() == STATES[STATES.index("processing"):]
    assert fake.count("finalize") == 1
    assert fake.count("cert") == 1


def test_an_order_that_is_not_ready_yet_is_looked_at_again(rig, fake):
    fake.fail("finalize", problem(403, "orderNotReady"))
    run = rig.run()
    assert run.states() == STATES
    assert fake.count("new-order") == 1


def test_an_account_that_the_ca_forgot_is_registered_again_with_its_key(rig, fake):
    rig.run()
    fake.forget_accounts()
    run = rig.run("again")
    assert "backoff" in run.states() and run.states()[-1] == "offered"
    assert rig.rows("SELECT count(*) FROM acme_accounts") == [(1,)]


def test_a_directory_entry_that_moved_is_read_again(rig, fake):
    fake.fail("new-order", problem(404, "malformed"))
    assert rig.run().states() == STATES
    assert fake.count("dir") == 2


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"status":"ready"}', b"\xff\xfe",
                                  b'{"status":"valid","finalize":"http://x"}', b"[" * 100_000],
                         ids=["empty", "cut", "array", "bare", "binary", "no-https", "deep"])
@pytest.mark.parametrize("endpoint", ["account", "new-order", "order", "authz", "finalize"])
def test_senseless_answers_are_survived(rig, fake, endpoint, body):
    fake.fail(endpoint, Fault(200, body))
    run = rig.run("backoff=50")
    assert run.states()[-1] == "offered"


@pytest.mark.parametrize("pem", [b"", b"<html>", b"-----BEGIN CERTIFICATE-----\n", b"x" * 300_000],
                         ids=["empty", "html", "cut", "large"])
def test_a_chain_that_is_none_is_not_offered(rig, fake, pem):
    fake.fail("cert", Fault(200, pem))
    run = rig.run("backoff=50")
    assert "backoff" in run.states()
    assert rig.rows("SELECT count(*) FROM certificates") == [(1,)]


def test_a_certificate_for_other_names_is_not_offered(rig, fake):
    fake.names_to_issue = [["nur1.pl-demo.example.net"], [*NAMES, "www.example.net"]]
    run = rig.run("backoff=50")
    assert run.states().count("fetched") == 3
    assert run.states().count("checked") == 1
    assert names_in(rig.chain()) == NAMES


def test_a_challenge_that_failed_is_explained_and_tidied_up(rig, fake):
    fake.authorization_error = {"type": ERROR + "caa", "detail": "CAA record for example.net prevents issuance"}
    run = rig.run("until-problem")
    assert run.problem.startswith("blocked ")
    assert "nur1.pl-demo.example.net failed: CAA record for example.net prevents issuance" in run.problem
    assert "allow it there" in run.problem
    assert rig.rows("SELECT count(*) FROM rrsets WHERE type = 16") == [(0,)]


def test_authorizations_that_are_left_over_are_deactivated(rig, fake):
    # They are told at the same time, and neither can be.
    fake.fail("chall", problem(500, "serverInternal"), times=2)
    assert rig.run().states()[-1] == "offered"
    assert fake.requests.count(("authz", {"status": "deactivated"})) == 2


@pytest.mark.parametrize("kind, advice", [
    ("userActionRequired", "terms of service"), ("rejectedIdentifier", "another base domain"),
    ("unauthorized", "deactivated"), ("badCSR", "another key")])
def test_where_a_person_is_needed_it_says_so_and_stops(rig, fake, kind, advice):
    endpoint = "finalize" if kind == "badCSR" else "new-order"
    fake.fail(endpoint, problem(403, kind, "no way"))
    run = rig.run("until-problem")
    assert run.problem.startswith("blocked ")
    assert "no way" in run.problem and advice in run.problem
    assert fake.count("new-order") == 1


def test_a_ca_that_is_away_is_named(rig):
    rig.directory = f"https://127.0.0.1:{free_port()}/dir"
    run = rig.run("until-problem")
    assert run.problem.startswith("backoff ")
    assert "not reached" in run.problem and "[acme] directory" in run.problem
