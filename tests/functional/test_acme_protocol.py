"""What ACME clients get wrong, line by line: each test has a CA that is right, or wrong in one way."""

from __future__ import annotations

import concurrent.futures
import datetime
import re
import secrets
import time

import pytest

from support import fake_jws
from support.acme_rig import NAMES, STATES, names_in
from support.fake_ca import FakeCa, Fault, problem
from support.fake_validation import EmptyNameServer
from support.process import wait_until
from support.tls import openssl


def root_of(chain) -> str:
    text = openssl("crl2pkcs7", "-nocrl", "-certfile", chain)
    certificates = openssl("pkcs7", "-print_certs", "-noout", stdin=text)
    return re.findall(r"issuer=CN = (.*)", certificates)[-1]


def subject_of(chain) -> str:
    return openssl("x509", "-in", chain, "-noout", "-subject").strip().removeprefix("subject=").strip()


# -- how it validates ----------------------------------------------------------------------------


def test_the_ca_finds_the_txt_values_and_nothing_in_the_way(rig, fake):
    fake.perspectives = [rig.dns_port] * 5
    assert rig.run().states() == STATES


def test_perspectives_that_disagree_are_named_and_the_order_is_tried_again(rig, fake):
    with EmptyNameServer() as empty:  # A secondary that has not got the values yet.
        fake.perspectives, fake.may_disagree = [rig.dns_port, empty.port, empty.port], 1
        run = rig.run("until-problem")
    assert run.problem.startswith("backoff ")
    assert "secondary validation" in run.problem and "1 of 3 perspectives agree" in run.problem
    assert "check that every name server of the zone follows this one" in run.problem


def test_one_perspective_that_disagrees_is_survived(rig, fake):
    with EmptyNameServer() as empty:
        fake.perspectives, fake.may_disagree = [rig.dns_port, empty.port, rig.dns_port], 1
        assert rig.run().states() == STATES


def test_a_caa_record_that_forbids_the_ca_is_named(rig, fake):
    fake.perspectives = [rig.dns_port]
    run = rig.run("preflight=off", "caa=another-ca.example", "until-problem")
    assert run.problem.startswith("blocked ")
    assert "CAA record for pl-demo.example.net prevents issuance" in run.problem and "allow it there" in run.problem


def test_a_caa_record_that_allows_the_ca_is_no_hindrance(rig, fake):
    fake.perspectives = [rig.dns_port]
    assert rig.run("caa=fake-ca.example; validationmethods=dns-01").states() == STATES


# -- what it says --------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["new-order", "order", "authz", "chall", "finalize", "cert"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_ca_is_left_alone_as_long_as_it_asks(rig, fake, endpoint, status):
    kind = "rateLimited" if status == 429 else "serverInternal"
    fake.fail(endpoint, problem(status, kind, headers={"Retry-After": "2"}))
    begin = time.monotonic()
    run = rig.run("backoff=50")
    # A limit is no failure of the order: it stands in line again, and its class rests as long.
    waited = "wanted" if (status, endpoint) == (429, "new-order") else "backoff"
    assert run.states()[-1] == "offered" and waited in run.states()
    assert time.monotonic() - begin >= 2


def test_an_answer_that_is_cut_off_is_no_answer(rig, fake):
    fake.fail("new-order", Fault(201, b'{"status":"pending"' + b" " * 500, missing=300))
    run = rig.run("backoff=50")
    assert run.states().count("backoff") == 1
    assert run.states()[-1] == "offered"


def test_slow_answers_are_waited_for(rig, fake):
    for endpoint in ("new-order", "finalize", "cert"):
        fake.fail(endpoint, problem(503, "serverInternal", delay=1.5))
    assert rig.run("backoff=50").states()[-1] == "offered"


def test_the_directory_is_read_again_when_it_is_old(rig, fake):
    fake.processing_polls = 8  # Some seconds, with requests in between.
    assert rig.run("directory-age=500").states() == STATES
    assert fake.count("dir") >= 3
    fake.requests.clear()
    assert rig.run("again", "new-key").states() == STATES
    assert fake.count("dir") == 1


def test_a_directory_that_is_away_for_a_while_stops_nothing_that_is_known(rig, fake):
    fake.processing_polls = 5
    usual = fake._dir  # noqa: SLF001
    fake._dir = lambda *_: usual() if fake.count("dir") == 1 else problem(503, "serverInternal")  # noqa: SLF001
    run = rig.run("directory-age=500")
    assert run.counter("failed") == 0
    assert fake.count("dir") >= 3


def test_an_order_that_stays_in_processing_is_polled_less_and_less_and_finalized_once(rig, fake):
    fake.processing_polls = 7
    begin = time.monotonic()
    assert rig.run().states() == STATES
    assert time.monotonic() - begin >= 0.05 * (1 + 2 + 4 + 8 + 16)
    assert fake.count("finalize") == 1


def test_an_account_that_was_revoked_needs_a_person(rig, fake):
    rig.run()
    fake.revoked = True
    run = rig.run("again", "new-key", "until-problem")
    assert run.problem.startswith("blocked ")
    assert 'has status "revoked"' in run.problem and "was it deactivated there?" in run.problem


def test_new_terms_of_service_need_a_person_and_the_page_is_shown(rig, fake):
    fake.fail("new-order", problem(403, "userActionRequired", "Terms of service have changed",
                                   instance="https://ca.example/terms/2027"))
    run = rig.run("until-problem")
    assert run.problem.startswith("blocked ")
    assert run.problem.endswith("https://ca.example/terms/2027)")
    assert fake.count("new-order") == 1


def test_names_that_the_ca_paused_need_a_person_and_the_page_is_shown(rig, fake):
    page = "https://ca.example/sfe/v1/unpause?jwt=" + "x" * 600
    fake.fail("new-order", problem(429, "rateLimited", "Your account is temporarily prevented from requesting "
                                                       f"certificates for nur1.pl-demo.example.net. Visit: {page}"))
    run = rig.run("until-problem")
    assert run.problem.startswith("blocked ")
    assert f"unpause them, then retry: {page})" in run.problem


# -- what it gives -------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong, said", [
    ("wrong_key", "it is for another key than the request's"),
    ("wrong_chain", "certificate 1 of the chain is not signed by the next one")])
def test_a_wrong_certificate_is_not_offered_and_the_reason_is_said(rig, fake, wrong, said):
    setattr(fake.issuer, wrong, True)
    run = rig.run("until-problem")
    assert run.problem.startswith("backoff ") and said in run.problem
    assert rig.rows("SELECT count(*) FROM certificates") == [(0,)]
    rig.run()  # The next one is right.
    assert names_in(rig.chain()) == NAMES


def test_a_certificate_that_has_expired_already_is_not_offered(rig, fake):
    fake.issuer.age = datetime.timedelta(days=21)
    assert "is our clock right?" in rig.run("until-problem").problem


def test_the_chain_to_the_preferred_root_is_taken(rig, fake):
    rig.run("chain=fake root B")
    assert root_of(rig.chain()) == "fake root B"
    assert fake.count("cert") == 2


def test_the_cas_own_chain_is_taken_where_none_is_preferred_or_the_preferred_one_is_not_there(rig, fake):
    rig.run()
    assert root_of(rig.chain()) == "fake root A"
    assert fake.count("cert") == 1
    run = rig.run("again", "new-key", "chain=a root of long ago")
    assert root_of(rig.chain()) == "fake root A"
    assert 'the CA has no chain to "a root of long ago"' in run.errors


def test_an_alternate_chain_that_cannot_be_fetched_does_not_stop_the_order(rig, fake):
    usual = fake._cert  # noqa: SLF001

    def refuse(number, *more):
        return problem(500, "serverInternal") if "/" in number else usual(number, *more)

    fake._cert = refuse  # noqa: SLF001
    run = rig.run("chain=fake root B")
    assert run.counter("failed") == 0
    assert root_of(rig.chain()) == "fake root A"


# -- profiles ------------------------------------------------------------------------------------


@pytest.fixture(name="offering")
def with_profiles(fake):
    fake.profiles = {"classic": "https://ca.example/classic", "tlsserver": "https://ca.example/tlsserver"}
    return fake


def test_the_classic_profile_is_asked_for_where_the_ca_has_it(rig, offering):
    rig.run()
    assert offering.payloads("new-order")[0]["profile"] == "classic"


def test_no_profile_is_asked_for_where_the_ca_has_none(rig, fake):
    run = rig.run()
    assert "profile" not in fake.payloads("new-order")[0]
    assert "profile" not in run.errors


def test_a_profile_that_the_ca_does_not_have_is_not_asked_for_and_that_is_said(rig, offering):
    run = rig.run("servers=3", "profile=shortlived")
    assert all("profile" not in order for order in offering.payloads("new-order"))
    said = 'the CA has no profile "shortlived" (it has classic, tlsserver), so none is asked for'
    assert run.errors.count(said) == 1


def test_a_profile_that_the_ca_refuses_is_left_out_and_remembered(rig, offering):
    offering.fail("new-order", problem(400, "invalidProfile", "profile not allowed for this account"))
    run = rig.run()
    assert run.counter("failed") == 0
    assert [order.get("profile") for order in offering.payloads("new-order")] == ["classic", None]
    assert rig.rows("SELECT without_profile FROM acme_attempts") == [(1,)]
    assert "ordered without the profile classic" in run.errors


@pytest.mark.parametrize("profile, subject", [("classic", "CN = nur1.pl-demo.example.net"), ("tlsserver", "")])
def test_a_managed_keys_request_has_a_common_name_where_the_profile_has_one(rig, offering, profile, subject):
    rig.run("managed", f"profile={profile}")
    csr = fake_jws.unb64(offering.payloads("finalize")[0]["csr"])
    (rig.folder / "request.der").write_bytes(csr)
    shown = openssl("req", "-inform", "DER", "-in", rig.folder / "request.der", "-noout", "-subject").strip()
    assert shown.removeprefix("subject=").strip() == subject


# -- accounts ------------------------------------------------------------------------------------


def test_an_account_is_bound_to_one_at_the_cas_site(rig, fake):
    key = secrets.token_bytes(32)
    fake.eab_keys = {"kid-1": key}
    rig.run(f"eab=kid-1:{fake_jws.b64(key)}")
    assert "externalAccountBinding" in fake.payloads("account")[-1]


def test_a_binding_is_not_spent_twice_when_the_answer_was_lost(rig, fake):
    key = secrets.token_bytes(32)
    fake.eab_keys = {"kid-1": key}
    rig.run(f"eab=kid-1:{fake_jws.b64(key)}")
    rig.edit("UPDATE acme_accounts SET url = ''")  # As if we had ended before the answer came.
    run = rig.run(f"eab=kid-1:{fake_jws.b64(key)}", "again", "new-key")
    assert run.counter("failed") == 0
    assert len(fake.account_keys()) == 1


def test_a_wrong_binding_needs_a_person_and_says_where_to_look(rig, fake):
    fake.eab_keys = {"kid-1": secrets.token_bytes(32)}
    run = rig.run(f"eab=kid-1:{fake_jws.b64(b'wrong' * 8)}", "until-problem")
    assert run.problem.startswith("blocked ")
    assert "eab_kid and eab_key_file" in run.problem


def test_a_missing_binding_needs_a_person_and_says_what_to_get(rig, fake):
    fake.eab_keys = {"kid-1": secrets.token_bytes(32)}
    run = rig.run("until-problem")
    assert run.problem.startswith("blocked ")
    assert "[acme] eab_kid and eab_key_file" in run.problem


def test_a_ca_that_comes_up_a_little_later_costs_no_minute(make_hairpin, ca):
    """As at boot, when the network is the last to be ready: the account is not registered at the first try."""
    fake = FakeCa(ca).start()
    fake.down_requests = 1
    hairpin = make_hairpin(acme={"directory": fake.directory, "ca_file": str(ca.certificate)}).start()
    wait_until(lambda: "has no account for us yet" in hairpin.logs(), "the first try failed")
    time.sleep(0.6)
    server = hairpin.as_holder(hairpin.new_server()["token"])
    server.post("/v1/self/certificate", {}).expect(202)
    wait_until(lambda: server.get("/v1/self").json["certificate"]["state"] == "valid", "it has its certificate", seconds=30)
    fake.stop()


def test_a_new_key_waits_for_the_challenges_that_were_made_with_the_old_one(make_hairpin, ca):
    # RFC 8555 section 8.1: the value in the zone is made of the key, and the CA compares it with the one it knows.
    fake = FakeCa(ca).start()
    fake.held = {"nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net"}
    hairpin = make_hairpin(acme={"directory": fake.directory, "ca_file": str(ca.certificate)}).start()
    server = hairpin.as_holder(hairpin.new_server()["token"])
    server.post("/v1/self/certificate", {}).expect(202)
    wait_until(lambda: len(fake.validated) == 2, "the CA was told of both challenges")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        rollover = pool.submit(hairpin.api.post, "/v1/acme/account/rollover")
        time.sleep(1.5)  # Nothing else holds it back.
        assert fake.count("key-change") == 0 and not rollover.done()
        assert hairpin.dns.ask("_acme-challenge.nur1.pl-acme.example.net.", "TXT").answer
        fake.release()
        rollover.result(timeout=60).expect(204)
    assert fake.count("key-change") == 1
    wait_until(lambda: server.get("/v1/self").json["certificate"]["state"] == "valid", "the order came to its end")
    assert fake.count("new-order") == 1
    fake.stop()
    assert fake.broken == []


def test_the_account_gets_a_new_key_and_keeps_its_url(rig, fake):
    rig.run()
    (url,), = rig.rows("SELECT url FROM acme_accounts")
    old, = fake.account_keys()
    run = rig.run("rollover", "again", "new-key")
    assert "rollover done" in run.output and run.states()[-1] == "offered"
    new, = fake.account_keys()
    assert new != old
    assert rig.rows("SELECT url, length(next_key_sealed) FROM acme_accounts") == [(url, 0)]
    assert rig.rows("SELECT action FROM audit WHERE action = 'acme.rollover'") == [("acme.rollover",)]
    assert fake.count("key-change") == 1
    rig.run("again", "new-key")  # A restart signs with the new one, too.
    assert len(fake.account_keys()) == 1


@pytest.mark.parametrize("fault", [Fault(200, b"{}" * 90, missing=60), problem(503, "serverInternal")],
                         ids=["cut", "busy"])
def test_a_key_that_was_changed_though_the_answer_was_lost_is_used(rig, fake, fault):
    rig.run()
    old, = fake.account_keys()
    fake.fail("key-changed", fault)
    run = rig.run("rollover", "again", "new-key")
    assert "rollover done" in run.output
    assert fake.account_keys() != [old]
    assert run.counter("failed") == 0


def test_a_key_change_that_the_ca_refused_leaves_the_old_key(rig, fake):
    rig.run()
    old = fake.account_keys()
    fake.fail("key-change", problem(403, "malformed", "no rollover today"))
    run = rig.run("rollover", "again", "new-key")
    assert "no rollover today" in run.output
    assert fake.account_keys() == old and run.counter("failed") == 0
    assert rig.rows("SELECT length(next_key_sealed) FROM acme_accounts") == [(0,)]


def test_while_it_is_not_known_which_key_the_account_has_nothing_is_signed(rig, fake):
    rig.run()
    orders = fake.count("new-order")
    fake.fail("key-changed", problem(503, "serverInternal"))
    fake.fail("account", problem(503, "serverInternal"))
    run = rig.run("rollover", "quiet")
    assert "finding out which key the account has" in run.output
    assert rig.rows("SELECT length(next_key_sealed) > 0 FROM acme_accounts") == [(1,)]
    assert fake.count("new-order") == orders
    run = rig.run("again", "new-key")  # The next start asks, before anything is ordered.
    assert run.counter("failed") == 0
    assert len(fake.account_keys()) == 1
    assert rig.rows("SELECT length(next_key_sealed) FROM acme_accounts") == [(0,)]
