"""Several CAs: acme/ between two of support/fake_ca.py. The rig calls them "first" and "second"."""

from __future__ import annotations

import pytest

from support.acme_rig import STATES, Rig
from support.fake_ca import FakeCa, problem

VALIDATION_FAILED = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": "No TXT record found", "status": 403}


@pytest.fixture(name="pair")
def rig_with_two(rig: Rig, fake: FakeCa, second: FakeCa) -> Rig:  # pylint: disable=unused-argument
    """The rig with both; `fake` is the first."""
    rig.options = [f"fallback={second.directory}"]
    return rig


def test_the_first_ca_is_the_one_that_is_used(pair, fake, second):
    run = pair.run("registered")
    assert run.issuer("first") == ("closed", 1, 1)
    assert run.issuer("second") == ("closed", 0, 0)
    assert (fake.count("new-order"), second.count("new-order")) == (1, 0)
    # An account is there before it is needed.
    assert run.accounts("second") == {"active": second.accounts()[0]}
    assert pair.rows("SELECT directory, account FROM acme_attempts") == [(fake.directory, fake.accounts()[0])]


def test_a_first_issue_goes_to_the_second_ca_when_the_first_is_down(pair, fake, second):
    fake.down = True
    run = pair.run()
    assert run.issuer("first")[0] in ("open", "half-open")
    assert run.issuer("second") == ("closed", 1, 1)
    assert fake.count("new-order") == 0
    assert second.count("new-order") == 1
    assert pair.rows("SELECT directory, account FROM certificate_renewals") == [
        (second.directory, second.accounts()[0])]
    assert "does not work: 3 requests in a row failed, the last one: HTTP status 503" in run.errors


def test_who_can_wait_waits_for_the_first_ca(pair, fake, second):
    """A renewal with most of its slack left: the second CA is not asked, and the first one gets it when it is back."""
    pair.run()
    pair.make_renewal_due()
    fake.down = True
    run = pair.run("quiet", "until-breaker=open")
    assert run.issuer("first")[2] == 0
    assert second.count("new-order") == 0
    fake.down = False
    run = pair.run("quiet", "renewed")
    assert run.issuer("first") == ("closed", 1, 1)
    assert second.count("new-order") == 0


def test_a_renewal_goes_to_the_second_ca_when_half_of_its_slack_is_gone(pair, fake, second):
    pair.run()
    pair.edit("UPDATE certificates SET not_before = not_before - (not_after - not_before) * 6, "
              "issued_at = issued_at - (not_after - not_before) * 6")
    pair.make_renewal_due()
    fake.down = True
    run = pair.run("quiet", "renewed")
    assert run.issuer("second") == ("closed", 1, 1)
    # Only who issued a certificate is told that it is replaced.
    assert "replaces" not in second.payloads("new-order")[0]
    assert pair.rows("SELECT directory FROM certificate_renewals ORDER BY certificate_id") == [
        (fake.directory,), (second.directory,)]


def test_a_certificate_of_the_second_ca_is_renewed_at_the_first(pair, fake, second):
    fake.down = True
    pair.run()
    fake.down = False
    pair.make_renewal_due()
    run = pair.run("quiet", "renewed")
    assert run.issuer("first") == ("closed", 1, 1)
    assert second.count("new-order") == 1
    assert "replaces" not in fake.payloads("new-order")[0]


@pytest.mark.parametrize("steady,orders", [("100000", (0, 1)), ("0", (1, 0))])
def test_who_is_back_must_work_for_a_while_before_it_gets_what_is_urgent(pair, fake, second, steady, orders):
    fake.down_requests = 3
    run = pair.run("registered", "patience=0", f"steady={steady}")
    assert run.issuer("first")[0] == "closed"
    assert "first works again" in run.errors
    assert (fake.count("new-order"), second.count("new-order")) == orders


@pytest.mark.parametrize("state", [each for each in STATES if each != "admitted"])
def test_an_order_at_the_second_ca_goes_on_there_after_a_crash(pair, fake, second, state):
    fake.down = True
    pair.run("quiet", "until-breaker=open")  # Only the second has an account for us.
    pair.run("patience=0", f"crash={state}", status=-9)
    fake.down = False
    (directory,), = pair.rows("SELECT directory FROM acme_attempts")
    assert directory == second.directory
    run = pair.run("quiet")
    assert run.issuer("first") == ("closed", 0, 0)
    assert fake.count("new-order") == 0
    # What was placed and not noted is placed once more; else the order is the same one.
    assert second.count("new-order") == 1
    assert pair.rows("SELECT directory, account FROM certificate_renewals") == [
        (second.directory, second.accounts()[0])]


def test_an_order_that_fails_at_the_first_ca_for_good_is_placed_at_the_second(pair, fake, second):
    fake.fail("new-order", problem(403, "rejectedIdentifier", "not by our policy"), 10)
    run = pair.run("patience=0")
    assert fake.count("new-order") == 1
    assert run.issuer("first") == ("closed", 0, 0)
    assert run.issuer("second") == ("closed", 1, 1)


def test_where_all_cas_refuse_it_does_not_go_round_in_circles(pair, fake, second):
    fake.fail("new-order", problem(403, "rejectedIdentifier", "not by our policy"), 100)
    second.fail("new-order", problem(403, "rejectedIdentifier", "nor by ours"), 100)
    run = pair.run("registered", "patience=0", "until-words=nor by ours")
    assert "not by our policy" in run.errors
    assert (fake.count("new-order"), second.count("new-order")) == (1, 1)
    # The second step of the ladder, of three seconds: it failed twice. The row is written a little later.
    (state, pause), = pair.rows("SELECT state, next_at - changed_at FROM acme_attempts")
    assert state == "backoff" and 1500 < pause <= 3000


def test_an_order_that_stands_still_is_given_up_for_another_ca(pair, fake, second):
    fake.stuck = True
    run = pair.run("patience=0", "order-patience=300")
    assert run.issuer("first") == ("closed", 1, 0)
    assert run.issuer("second") == ("closed", 1, 1)
    assert "first does not come to an end with the order; another CA gets it" in run.errors


def test_an_order_given_up_leaves_nothing_pending(pair, fake, second):
    fake.held = {"nur1.pl-demo.example.net", "i-nur1.pl-demo.example.net"}
    run = pair.run("patience=0", "order-patience=300")
    assert run.issuer("second") == ("closed", 1, 1)
    assert [each for each in fake.payloads("authz") if each == {"status": "deactivated"}] != []


def test_limits_of_the_first_ca_hold_what_can_wait_only(pair, fake, second):
    limited = problem(429, "rateLimited", "too many new orders recently", headers={"Retry-After": "7200"})
    fake.fail("new-order", limited, 10)
    run = pair.run("patience=0")
    assert fake.count("new-order") == 1
    # A limit is no failure of the CA.
    assert run.issuer("first")[0] == "closed"
    assert run.issuer("second") == ("closed", 1, 1)


def test_the_order_draws_of_the_limits_of_the_ca_that_gets_it(pair, fake, second):
    fake.down = True
    pair.run("limits")
    taken = pair.rows("SELECT directory FROM acme_buckets WHERE arrival_at > 1000 * unixepoch()")
    # At the first CA, too, where it cannot be told whether the order had arrived there.
    assert (second.directory,) in taken


def test_caa_records_name_the_accounts_of_every_ca_before_they_order(pair, fake, second):
    fake.perspectives = second.perspectives = [pair.dns_port]  # Both look at CAA there.
    pair.run("registered")
    run = pair.run("quiet", "manage-caa", "caa-rows=2")  # Nothing has been asked of the second in this run.
    for account in (fake.accounts()[0], second.accounts()[0]):
        assert f'issue "fake-ca.example; accounturi={account}; validationmethods=dns-01"' in run.output
    fake.down = True
    run = pair.run("servers=2", "manage-caa")
    assert run.states(2)[-1] == "offered"
    assert second.count("new-order") == 1


def test_where_all_fail_it_is_tried_again(pair, fake, second):
    fake.down = second.down = True
    run = pair.run("until-breaker=open")
    assert run.issuer("first")[1:] == (0, 0) and run.issuer("second")[1:] == (0, 0)
    second.down = False
    run = pair.run("quiet")
    assert run.issuer("second")[2] == 1


def test_revocation_is_asked_of_the_ca_that_issued(pair, fake, second):
    fake.down = True
    pair.run()
    fake.down = False
    pair.run("quiet", "revoke")
    assert list(second.revocations.values()) == [4]
    assert fake.revocations == {}


# -- accounts ------------------------------------------------------------------------------------


def test_an_account_in_reserve_is_registered_and_sealed(rig, fake):
    run = rig.run("standby", "registered")
    accounts = run.accounts("first")
    assert accounts == dict(zip(("active", "standby"), fake.accounts(), strict=True))
    assert len(set(fake.account_keys())) == 2
    sealed = rig.rows("SELECT key_sealed FROM acme_accounts")
    assert len(sealed) == 2 and all(b"-----BEGIN" not in each and len(each) > 100 for each, in sealed)


def test_an_account_in_reserve_that_is_not_to_be_had_is_said_once(rig, fake):
    rig.run()
    fake.fail("account", problem(403, "unauthorized", "one account is enough"), 1000)
    run = rig.run("standby", "again", "new-key", "renewed")
    run = rig.run("standby", "again", "new-key", "renewed")
    assert run.errors.count("has no account in reserve for us") == 1
    assert run.accounts("first")["standby"] == ""


def test_a_revoked_account_is_replaced_by_the_one_in_reserve(rig, fake):
    before = rig.run("standby", "registered").accounts("first")
    fake.revoked_accounts = {before["active"]}
    run = rig.run("standby", "again", "new-key", "renewed")
    after = run.accounts("first")
    assert after["active"] == before["standby"]
    assert after["refused"] == before["active"]
    assert rig.rows("SELECT account FROM certificate_renewals ORDER BY certificate_id") == [
        (before["active"],), (before["standby"],)]
    assert "orders from now on, in place of" in run.errors
    # And there is another one in reserve, after a while.
    later = rig.run("standby", "registered", "quiet").accounts("first")
    assert later["standby"] not in ("", before["active"], before["standby"])


def test_an_account_in_reserve_is_not_used_for_what_another_thing_is_refused(rig, fake):
    before = rig.run("standby", "registered").accounts("first")
    fake.fail("new-order", problem(403, "unauthorized", "not on a Sunday"))
    run = rig.run("standby", "again", "new-key", "until-problem")
    assert "not on a Sunday" in run.problem
    assert rig.rows("SELECT url FROM acme_accounts WHERE role = 'active'") == [(before["active"],)]


def test_an_operator_changes_accounts_and_renewals_name_only_their_own(rig, fake):
    before = rig.run("standby", "registered").accounts("first")
    run = rig.run("standby", "registered", "switch=first", "again", "new-key", "renewed")
    assert "switch done" in run.output
    assert run.accounts("first") == {"active": before["standby"], "standby": before["active"]}
    # The new certificate is the other account's; what it renews is not named.
    assert rig.rows("SELECT account FROM certificate_renewals ORDER BY certificate_id") == [
        (before["active"],), (before["standby"],)]
    assert rig.run("quiet", "switch=third").output.startswith("switch third: is no CA that is configured")


def test_an_order_under_way_is_finished_by_the_account_that_placed_it(rig, fake):
    before = rig.run("standby", "registered").accounts("first")
    rig.run("standby", "again", "new-key", "crash=txt-live", status=-9)
    fake.processing_polls = 5  # It is under way for a while.
    run = rig.run("standby", "registered", "switch=first", "quiet", "renewed")
    assert run.accounts("first")["active"] == before["standby"]
    assert rig.rows("SELECT account FROM certificate_renewals ORDER BY certificate_id") == [(before["active"],)] * 2


def test_a_certificate_of_a_lost_account_is_revoked_with_its_own_key(rig, fake):
    before = rig.run("standby", "registered", "managed", "keep-key").accounts("first")
    fake.revoked_accounts = {before["active"]}
    rig.run("quiet", "revoke")
    assert list(fake.revocations.values()) == [4]
    assert fake.revoked_by_key == 1
    # The key was kept for that, and for nothing else.
    assert rig.rows("SELECT length(key_sealed) FROM certificates") == [(0,)]
    assert rig.rows("SELECT length(key_sealed) FROM revocations") == [(0,)]


# -- canaries ------------------------------------------------------------------------------------


def test_the_second_ca_is_tried_with_a_certificate_that_nobody_gets(pair, fake, second):
    run = pair.run("registered", "canary")
    assert run.canary("second") == (0, "")
    assert [each["identifiers"] for each in second.payloads("new-order")] == [
        [{"type": "dns", "value": "canary.pl-demo.example.net"}]]
    assert len(second.leaves) == 1
    assert pair.rows("SELECT count(*) FROM certificates") == [(1,)]
    assert pair.rows("SELECT state, length(key_sealed) FROM acme_attempts WHERE canary <> ''") == [("superseded", 0)]
    assert {directory for directory, in pair.rows(
        "SELECT directory FROM acme_canaries WHERE kind = 'certificate' AND good_at IS NOT NULL")} == {second.directory}
    # Not again before a week is over.
    pair.run("quiet", "canary")
    assert second.count("new-order") == 1
    pair.edit("UPDATE acme_canaries SET due_at = 1")
    pair.run("quiet", "canary")
    assert second.count("new-order") == 2


def test_a_canary_that_fails_twice_is_an_alarm(pair, second):
    second.fail("new-order", problem(403, "rejectedIdentifier", "no such names here"), 10)
    run = pair.run("registered", "canary")
    failures, why = run.canary("second")
    assert failures == 1 and "no such names here" in why
    assert "was tried in vain" in run.errors
    pair.edit("UPDATE acme_canaries SET due_at = 1")
    run = pair.run("quiet", "canary")
    assert run.canary("second")[0] == 2
    assert "was tried 2 times in vain" in run.errors


def test_the_account_in_reserve_is_looked_up(rig, fake):
    rig.run("standby", "registered", "looked-up")
    assert rig.rows("SELECT failures, problem FROM acme_canaries WHERE kind = 'standby-account'") == [(0, "")]
    standby = fake.accounts()[1]
    fake.revoked_accounts = {standby}
    rig.edit("UPDATE acme_canaries SET due_at = 1")
    rig.run("standby", "quiet", "looked-up")
    (failures, why), = rig.rows("SELECT failures, problem FROM acme_canaries WHERE kind = 'standby-account'")
    assert failures == 1 and "not valid" in why


# -- rehearsals ----------------------------------------------------------------------------------


def test_after_a_failed_validation_the_next_try_is_at_the_staging_directory(rig, fake, second):
    fake.authorization_error = dict(VALIDATION_FAILED)
    run = rig.run(f"staging={second.directory}")
    assert (fake.count("new-order"), second.count("new-order")) == (2, 1)
    # Nothing was issued there, and nothing can have been given to anybody.
    assert (len(fake.leaves), len(second.leaves)) == (1, 0)
    assert second.count("finalize") == 0
    assert run.states()[-len(STATES):] == STATES


def test_production_is_left_alone_while_the_staging_directory_refuses(rig, fake, second):
    fake.authorization_error = dict(VALIDATION_FAILED)
    rig.run(f"staging={second.directory}", "until-words=No TXT record found")
    second.authorization_error = {**VALIDATION_FAILED, "detail": "still nothing"}
    run = rig.run("quiet", f"staging={second.directory}", "until-words=still nothing")
    assert "still nothing" in run.problem
    assert fake.count("new-order") == 1
    rig.run("quiet", f"staging={second.directory}")
    assert (fake.count("new-order"), second.count("new-order")) == (2, 2)


def test_without_its_staging_directory_it_goes_on_in_production(rig, fake, second):
    fake.authorization_error = dict(VALIDATION_FAILED)
    second.down = True
    rig.run(f"staging={second.directory}")
    assert fake.count("new-order") == 2
    assert len(second.leaves) == 0


@pytest.mark.parametrize("state", ["ordering", "txt-staged", "challenged", "ready"])
def test_a_rehearsal_goes_on_after_a_crash(rig, fake, second, state):
    fake.authorization_error = dict(VALIDATION_FAILED)
    rig.run(f"staging={second.directory}", "until-words=No TXT record found")
    rig.run("quiet", f"staging={second.directory}", f"crash={state}", status=-9)
    rig.run("quiet", f"staging={second.directory}")
    assert (len(fake.leaves), len(second.leaves)) == (1, 0)
