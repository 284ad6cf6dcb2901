"""When the CA says when to renew (RFC 9773): acme/ against a CA whose windows are the test's."""

from __future__ import annotations

import datetime
import time

import pytest

from support.acme_rig import STATES
from support.fake_ca import problem, window_at, window_past

HOUR = datetime.timedelta(hours=1)


def around_now(_leaf):
    """Open since long: the instant, in its first 70 %, is over for certain."""
    now = datetime.datetime.utcnow()
    return now - 10 * HOUR, now + HOUR


def over_for(leaves):
    """In the past for these certificates; a new one of a CA that explains itself would be renewed at once, too."""
    serials = {leaf.serial_number for leaf in leaves}
    in_time = window_at(2 / 3, 0.01)
    return lambda leaf: (window_past if leaf.serial_number in serials else in_time)(leaf)


def milliseconds(moment: datetime.datetime) -> float:
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000


@pytest.fixture(name="issued")
def with_a_certificate(rig, fake):
    """A server with a certificate of a CA that has renewal information."""
    fake.window = window_at(2 / 3, 0.01)
    rig.run("look-once")
    return rig


def test_the_window_is_asked_for_right_after_the_issue_and_kept_with_an_instant_in_it(issued, fake):
    (identifier, leaf), = fake.leaves.items()
    assert fake.count("renewal-info") == 1
    row, = issued.rows("SELECT cert_id, window_start, window_end, renew_at, check_at, next_at FROM "
                       "certificate_renewals r JOIN certificates c ON c.id = r.certificate_id, acme_attempts a "
                       "WHERE a.state = 'offered'")
    start, end = map(milliseconds, fake.window(leaf))
    assert row[0] == identifier
    assert abs(row[1] - start) < 1000 and abs(row[2] - end) < 1000
    assert start - 1000 <= row[3] <= start + 0.7 * (end - start) + 1000
    assert row[5] == row[4]  # The next thing to do is to ask again, in six hours or a little later.
    assert 21_590 <= row[4] / 1000 - time.time() <= 21_600 * 1.05 + 60


@pytest.mark.parametrize("hours, share", [(160, 1 / 2), (45 * 24, 2 / 3), (90 * 24, 2 / 3), (398 * 24, 2 / 3)])
def test_a_window_of_one_percent_is_hit_whatever_the_lifetime(rig, fake, hours, share):
    fake.issuer.lifetime = hours * HOUR
    fake.window = window_at(share, 0.01)
    rig.run("look-once")
    (renew_at,), = rig.rows("SELECT renew_at FROM certificates")
    start, end = map(milliseconds, fake.window(next(iter(fake.leaves.values()))))
    assert start - 1000 <= renew_at < end


def test_the_instant_stays_while_the_window_does(issued, fake):
    (before,), = issued.rows("SELECT renew_at FROM certificates")
    for _ in range(3):
        issued.make_renewal_check_due()
        issued.run("quiet", "look-once")
    assert fake.count("renewal-info") == 4
    assert issued.rows("SELECT renew_at FROM certificates") == [(before,)]


def test_a_renewal_inside_the_window_names_its_predecessor_and_is_exempt(issued, fake):
    fake.window = around_now
    issued.make_renewal_check_due()
    assert issued.run("quiet", "renewed").states() == ["superseded", *STATES]
    first, _second = fake.leaves
    assert [order.get("replaces") for order in fake.payloads("new-order")] == [None, first]
    assert issued.rows("SELECT cause, replaces, exempt FROM acme_attempts ORDER BY id") == [
        ("first", "", 0), ("renewal", first, 1)]


def test_a_window_in_the_past_means_now_but_exempts_from_nothing(issued, fake):
    fake.window, fake.explanation = over_for(fake.leaves.values()), "https://ca.example/incidents/7"
    issued.make_renewal_check_due()
    issued.run("quiet", "renewed")
    assert issued.rows("SELECT cause, exempt FROM acme_attempts ORDER BY id DESC LIMIT 1") == [("renewal", 0)]
    assert fake.payloads("new-order")[1]["replaces"] == next(iter(fake.leaves))
    assert issued.rows("SELECT explanation_url FROM certificate_renewals ORDER BY certificate_id LIMIT 1") == [
        ("https://ca.example/incidents/7",)]


def test_a_window_of_the_old_certificate_never_renews_the_new_one(issued, fake):
    # Every certificate's window is over: each is renewed once, and the next one not before a day has passed.
    fake.window = window_past
    issued.make_renewal_check_due()
    run = issued.run("quiet", "renewed", "limits", "until-words=renewed within a day already")
    assert fake.count("new-order") <= 2
    assert run.problem.startswith("wanted renewed within a day already")


def test_a_mass_event_is_said_once_with_its_reason(rig, fake):
    fake.window = window_at(2 / 3, 0.01)
    rig.run("servers=12", "look-once")
    fake.window, fake.explanation = over_for(fake.leaves.values()), "https://ca.example/incidents/8"
    rig.make_renewal_check_due()
    run = rig.run("servers=12", "quiet", "renewed")
    told = [line for line in run.errors.splitlines() if "certificates renewed at once" in line]
    assert len(told) == 1 and "https://ca.example/incidents/8" in told[0]


@pytest.mark.parametrize("fault", [
    problem(409, "alreadyReplaced", "replaced by another order"), problem(403, "unauthorized", "not your certificate"),
    problem(400, "malformed", "could not parse replaces"), problem(404, "malformed", "no such certificate"),
], ids=["conflict", "unauthorized", "malformed", "not-found"])
def test_a_predecessor_that_the_ca_does_not_take_is_not_named_and_the_order_goes_on(issued, fake, fault):
    fake.window = around_now
    issued.make_renewal_check_due()
    fake.fail("new-order", fault)
    if fault.status == 404:  # The directory is read anew, and the order placed once more.
        fake.fail("new-order", fault)
    run = issued.run("quiet", "renewed")
    assert run.counter("failed") == 0
    assert "replaces" not in fake.payloads("new-order")[-1]
    assert issued.rows("SELECT replaces, exempt FROM acme_attempts ORDER BY id DESC LIMIT 1") == [("", 0)]


def test_an_order_that_was_lost_in_a_crash_does_not_hold_its_predecessor(issued, fake):
    # The CA has the order and with it the predecessor; we have not: 409 until that order is given up.
    fake.window = around_now
    issued.make_renewal_check_due()
    issued.run("quiet", "renewed", "crash-before=open", status=-9)
    assert "replaces" in fake.payloads("new-order")[1]
    run = issued.run("quiet", "renewed")
    assert run.counter("failed") == 0
    assert ["replaces" in order for order in fake.payloads("new-order")] == [False, True, True, False]


def test_it_is_remembered_across_a_crash_that_the_predecessor_is_not_to_be_named(issued, fake):
    fake.window = around_now
    issued.make_renewal_check_due()
    fake.fail("new-order", problem(409, "alreadyReplaced"))
    issued.run("quiet", "renewed", "crash=wanted", status=-9)
    issued.run("quiet", "renewed")
    assert ["replaces" in order for order in fake.payloads("new-order")] == [False, True, False]


def test_a_predecessor_of_another_account_is_not_named(issued, fake):
    fake.window = around_now
    issued.make_renewal_check_due()
    issued.edit("UPDATE certificate_renewals SET account = 'https://127.0.0.1/account/of-old'")
    issued.run("quiet", "renewed")
    assert "replaces" not in fake.payloads("new-order")[1]
    assert issued.rows("SELECT exempt FROM acme_attempts ORDER BY id DESC LIMIT 1") == [(0,)]


@pytest.mark.parametrize("fault, minutes", [
    (problem(503, "serverInternal"), 1), (problem(503, "serverInternal", headers={"Retry-After": "7200"}), 120),
    (problem(400, "malformed"), 360), (problem(503, "serverInternal", headers={"Retry-After": "9999999"}), 1440)],
    ids=["passing", "retry-after", "lasting", "clamped"])
def test_without_an_answer_the_plan_stays_and_the_ca_is_asked_later(rig, fake, fault, minutes):
    fake.window = window_at(2 / 3, 0.01)
    fake.fail("renewal-info", fault)
    rig.run("look-once")
    row, = rig.rows("SELECT check_at, failures, window_start, renew_at > issued_at FROM certificate_renewals r "
                    "JOIN certificates c ON c.id = r.certificate_id")
    assert abs(row[0] / 1000 - time.time() - minutes * 60) < 30
    assert row[1:] == (1, None, 1)


@pytest.mark.parametrize("after, least, most", [("1", 60, 70), ("99999999", 86400, 91000), ("", 21600, 22800)],
                         ids=["short", "long", "none"])
def test_the_pause_is_a_minute_at_least_and_a_day_at_most(rig, fake, after, least, most):
    fake.window, fake.renewal_headers = window_at(2 / 3, 0.01), {"Retry-After": after}
    rig.run("look-once")
    (check_at,), = rig.rows("SELECT check_at FROM certificate_renewals")
    assert least - 20 <= check_at / 1000 - time.time() <= most


@pytest.mark.parametrize("shape", ["turned", "empty", "words"])
def test_a_window_that_makes_no_sense_is_no_answer(rig, fake, shape):
    now = datetime.datetime.utcnow()
    fake.window = lambda _leaf: {"turned": (now, now - HOUR), "empty": (now, now), "words": (now, now)}[shape]
    if shape == "words":
        fake.fail("renewal-info", problem(200, "none"))
    rig.run("look-once")
    assert rig.rows("SELECT failures, window_start FROM certificate_renewals") == [(1, None)]
    assert fake.count("new-order") == 1


def test_a_ca_without_renewal_information_is_not_asked(rig, fake):
    rig.run("look-once")
    assert fake.count("renewal-info") == 0
    assert rig.rows("SELECT check_at FROM certificate_renewals") == [(None,)]
    row, = rig.rows("SELECT (renew_at - not_before) * 1.0 / (not_after - not_before) FROM certificates")
    assert 0.64 < row[0] < 0.69


def test_renewal_information_that_moved_is_found_by_the_directory(rig, fake):
    # All paths of the CA but the directory's change right after the issue; the old ones answer 404.
    fake.window = window_at(2 / 3, 0.01)
    usual = fake._cert  # noqa: SLF001

    def move(*arguments):
        answer = usual(*arguments)
        fake.prefix = "/v2"
        return answer

    fake._cert = move  # noqa: SLF001
    rig.run("look-once")
    assert (fake.count("dir"), fake.count("renewal-info")) == (2, 1)
    assert rig.rows("SELECT failures, window_start > 0 FROM certificate_renewals") == [(0, 1)]
