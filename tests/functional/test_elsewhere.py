"""Challenges whose CNAME leads into a zone of others: values are put there over UPDATE, and go again."""

from __future__ import annotations

import pathlib
import re
import threading
import time

import dns.query
import dns.tsigkeyring
import dns.update
import pytest
from support import primaries, secondaries
from support.acme_rig import NAMES, STATES, names_in
from support.dns import Resolver
from support.ports import free_port
from support.process import wait_until
from support.resolver import BindResolver
from support.tls import new_csr

ZONE = "pl-demo.example.net."
OUTSIDE = "outside.example.net."
TARGET = f"nur1.{OUTSIDE}"
ZONE_TEXT = f"""$ORIGIN {OUTSIDE}
@ 60 IN SOA ns hostmaster 1 60 60 600 1
@ 60 IN NS ns
ns 60 IN A 127.0.0.1
nur1 60 IN TXT "of somebody else"
"""
DELEGATIONS = "pl-demo 60 IN NS ns1.example.org.\npl-acme 60 IN NS ns1.example.org.\noutside 60 IN NS ns.outside\n"
CNAME = f"cname=_acme-challenge.nur1:{TARGET}"


class Bind(primaries.Bind):
    zone_options = f"update-policy {{ grant {primaries.KEY_NAME} zonesub TXT; }};"


class Knot(primaries.Knot):
    def config(self) -> str:
        return super().config().replace("action: transfer", "action: [transfer, update]")


@pytest.fixture(name="outside", params=[Bind, Knot], ids=["bind", "knot"])
def running_outside(request, tmp_path):
    server = request.param(tmp_path / "outside", OUTSIDE, ZONE_TEXT, signed_only=True).start()
    yield server
    server.end()


@pytest.fixture(name="bind")
def running_bind(tmp_path):
    server = Bind(tmp_path / "outside", OUTSIDE, ZONE_TEXT, signed_only=True).start()
    yield server
    server.end()


def key_file(folder: pathlib.Path, **words: str) -> pathlib.Path:
    path = folder / "outside.key"
    path.write_text(primaries.key_clause(**words))
    path.chmod(0o600)
    return path


def elsewhere(outside, folder: pathlib.Path, **words: str) -> str:
    return f"elsewhere={OUTSIDE}:{outside.port}:{key_file(folder, **words)}"


def values(outside) -> list[str]:
    return Resolver(outside.port).rdata(TARGET, "TXT")


def only_others(outside) -> bool:
    return values(outside) == ['"of somebody else"']


def resolver(folder: pathlib.Path, zones: dict[str, int]) -> BindResolver:
    (first, port), *others = zones.items()
    return BindResolver(folder, DELEGATIONS, first, port, dict(others))


def add_value(outside, text: str) -> None:
    """Another client of the same zone."""
    keys = dns.tsigkeyring.from_text({primaries.KEY_NAME: primaries.SECRET})
    update = dns.update.UpdateMessage(OUTSIDE, keyring=keys, keyalgorithm="hmac-sha256")
    update.add(TARGET, 60, "TXT", text)
    assert dns.query.tcp(update, "127.0.0.1", port=outside.port, timeout=10).rcode() == 0


# -- all is well ---------------------------------------------------------------------------------


def test_a_real_ca_follows_the_cname_to_the_value_and_the_value_goes_again(rig, outside, make_pebble, tmp_path):
    with resolver(tmp_path / "resolver", {ZONE: rig.dns_port, OUTSIDE: outside.port}) as seen:
        pebble = make_pebble(seen.port)
        rig.directory = pebble.directory
        run = rig.run(elsewhere(outside, tmp_path), CNAME)
        assert run.states() == STATES
        assert "OK" in pebble.verify(rig.chain())
    assert names_in(rig.chain()) == NAMES
    assert only_others(outside)
    assert Resolver(outside.port).serial(OUTSIDE) > 1  # It was there.
    assert rig.rows("SELECT * FROM acme_elsewhere") == []
    assert primaries.SECRET not in run.output + run.errors


def test_several_orders_and_other_clients_share_a_name(rig, fake, bind, tmp_path):
    with resolver(tmp_path / "resolver", {ZONE: rig.dns_port, OUTSIDE: bind.port}) as seen:
        fake.perspectives = [seen.port]
        shared = f"nur.{OUTSIDE}"
        add_value(bind, "one-more")
        run = rig.run("servers=4", elsewhere(bind, tmp_path), f"cname=_acme-challenge.nur1:{shared}")
        assert run.states(4) == STATES
        for number in (2, 3, 4):
            rig.run("servers=4", "new-key", "again", elsewhere(bind, tmp_path),
                    f"cname=_acme-challenge.nur{number}:{shared}")
        assert Resolver(bind.port).rdata(shared, "TXT") == []
    assert values(bind) == ['"of somebody else"', '"one-more"']


def test_both_names_of_an_order_may_lead_to_one_name(rig, fake, bind, tmp_path):
    options = (elsewhere(bind, tmp_path), "again", "new-key")
    rig.run(*options, CNAME)
    both = f"cname=_acme-challenge.i-nur1:{TARGET}"
    rig.run(*options, both, "crash=challenged", status=-9)
    assert len(values(bind)) == 3
    assert rig.rows("SELECT count(*) FROM rrsets WHERE type = 16") == [(0,)]  # Nothing of it is here.
    assert rig.run("quiet", elsewhere(bind, tmp_path)).states()[-1] == "offered"
    assert only_others(bind)


def test_who_follows_the_primary_is_given_its_time(rig, fake, bind, tmp_path):
    begun = time.monotonic()
    assert rig.run(elsewhere(bind, tmp_path), CNAME, "settle=3000").states() == STATES
    assert time.monotonic() - begun > 3


def test_a_secondary_that_is_behind_is_waited_for(rig, fake, bind, tmp_path):
    key = {"name": primaries.KEY_NAME, "algorithm": "hmac-sha256", "secret": primaries.SECRET}
    behind = secondaries.Bind(tmp_path / "behind", bind.port, [OUTSIDE], key).start()
    primary = Resolver(bind.port)

    def catch_up() -> None:
        wait_until(lambda: primary.serial(OUTSIDE) > 1, "the value is at the primary")
        time.sleep(1)  # While the secondary is asked, in vain.
        behind.follow(OUTSIDE, primary.serial(OUTSIDE))

    catches_up = threading.Thread(target=catch_up)
    try:
        with resolver(tmp_path / "resolver", {ZONE: rig.dns_port, OUTSIDE: behind.port}) as seen:
            fake.perspectives = [seen.port]  # That CA asks nobody but the secondary.
            catches_up.start()
            run = rig.run(f"elsewhere={OUTSIDE}:{bind.port},{behind.port}:{key_file(tmp_path)}", CNAME)
        assert run.states() == STATES
        assert only_others(bind)
    finally:
        catches_up.join()
        behind.end()


def test_a_secondary_that_is_silent_is_passed_over_and_named(rig, fake, bind, tmp_path):
    nobody = free_port()
    run = rig.run(f"elsewhere={OUTSIDE}:{bind.port},{nobody}:{key_file(tmp_path)}", CNAME)
    assert run.states() == STATES
    assert f"secondary 127.0.0.1:{nobody} does not answer, the CA is told without it" in run.errors + run.output


# -- crashes and ends ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["txt-staged", "txt-live", "challenged", "ready"])
def test_a_crash_leaves_nothing_behind(rig, fake, bind, tmp_path, state):
    options = (elsewhere(bind, tmp_path), CNAME)
    with resolver(tmp_path / "resolver", {ZONE: rig.dns_port, OUTSIDE: bind.port}) as seen:
        fake.perspectives = [seen.port]
        rig.run(f"crash={state}", *options, status=-9)
        assert only_others(bind) == (state == "txt-staged")
        assert rig.rows("SELECT count(*) FROM acme_elsewhere") == [(1,)]
        assert rig.run("quiet", *options).states()[-1] == "offered"
    assert only_others(bind)
    assert rig.rows("SELECT * FROM acme_elsewhere") == []


def test_the_value_of_a_server_that_is_gone_goes_too(rig, fake, bind, tmp_path):
    fake.held = {f"{prefix}nur1.pl-demo.example.net" for prefix in ("", "i-")}  # Not looked at, with either key.
    run = rig.run("servers=2", "gone=1", elsewhere(bind, tmp_path), CNAME)
    assert run.states(1).count("txt-live") == 2
    assert only_others(bind)
    assert rig.rows("SELECT * FROM acme_elsewhere") == []


def test_the_value_of_an_attempt_that_failed_goes(rig, fake, bind, tmp_path):
    fake.perspectives = [rig.dns_port]  # Follows no CNAME, so it does not find the value.
    run = rig.run(elsewhere(bind, tmp_path), CNAME, "until-problem")
    assert "txt-live" in run.states()
    # It ends at once, and the next run takes away what is left, whatever the attempt does meanwhile.
    fake.perspectives = []
    assert rig.run("quiet", elsewhere(bind, tmp_path), CNAME).states()[-1] == "offered"
    assert only_others(bind)


def test_a_server_that_comes_late_is_waited_for(rig, fake, tmp_path):
    bind = Bind(tmp_path / "outside", OUTSIDE, ZONE_TEXT, signed_only=True)
    try:
        options = (elsewhere(bind, tmp_path), CNAME, "preflight=off")
        rig.run("crash=txt-staged", *options, status=-9)  # Until then nobody needs it.
        late = threading.Timer(2, bind.start)
        late.start()
        run = rig.run("quiet", *options)
        late.join()
        assert run.states()[-1] == "offered"
        assert "its TXT value is not in place yet, it is tried again" in run.errors + run.output
        assert only_others(bind)
    finally:
        bind.end()


# -- refusals ------------------------------------------------------------------------------------


def held(rig, fake, *options: str) -> str:
    run = rig.run("until-problem", *options)
    assert run.problem.startswith("wanted ")
    assert fake.count("new-order") == 0
    assert primaries.SECRET not in run.output + run.errors
    return run.problem


def test_another_secret_holds_the_order_and_says_so(rig, fake, outside, tmp_path):
    text = held(rig, fake, elsewhere(outside, tmp_path, secret="YW5vdGhlciBzZWNyZXQ="), CNAME)
    assert f"the name server 127.0.0.1:{outside.port} of outside.example.net answers BADSIG" in text
    assert "the secret of the key move.example is another one there" in text


def test_a_key_that_is_not_known_there_holds_the_order(rig, fake, outside, tmp_path):
    text = held(rig, fake, elsewhere(outside, tmp_path, name="other.example."), CNAME)
    assert "answers BADKEY: it does not know the key other.example" in text


def test_a_server_that_is_not_reached_holds_the_order(rig, fake, tmp_path):
    bind = Bind(tmp_path / "outside", OUTSIDE, ZONE_TEXT, signed_only=True)
    text = held(rig, fake, elsewhere(bind, tmp_path), CNAME)
    assert f"the name server 127.0.0.1:{bind.port} of outside.example.net is not reached: " in text


def test_without_a_preflight_a_wrong_key_blocks_the_order(rig, fake, outside, tmp_path):
    run = rig.run("until-problem", "preflight=off", elsewhere(outside, tmp_path, secret="YW5vdGhlciBzZWNyZXQ="), CNAME)
    assert run.problem.startswith("blocked ") and "answers BADSIG" in run.problem
    assert only_others(outside)


def test_a_key_that_may_not_change_the_zone_blocks_the_order(rig, fake, tmp_path):
    bind = primaries.Bind(tmp_path / "outside", OUTSIDE, ZONE_TEXT, signed_only=True).start()
    try:
        run = rig.run("until-problem", elsewhere(bind, tmp_path), CNAME)
        assert run.problem.startswith("blocked ")
        assert re.search(r"answers (REFUSED|NOTIMP) to an UPDATE: ", run.problem)
    finally:
        bind.end()


def test_a_zone_that_is_not_configured_is_not_written_to_and_the_sentence_says_how(rig, fake, bind, tmp_path):
    text = held(rig, fake, elsewhere(bind, tmp_path), "cname=_acme-challenge.nur1:nur1.other.example.")
    assert "leads by CNAME to nur1.other.example, which is in no zone that is served here" in text
    assert "as [acme] elsewhere" in text


# -- the whole server ----------------------------------------------------------------------------


def test_a_server_gets_its_certificate_with_the_zone_in_the_configuration(make_hairpin, make_pebble, bind, tmp_path):
    hairpin = make_hairpin()
    with resolver(tmp_path / "resolver", {"pl-acme.example.net.": hairpin.dns_port, OUTSIDE: bind.port}) as seen:
        pebble = make_pebble(seen.port)
        hairpin.config["acme"] = {
            "directory": pebble.directory, "ca_file": str(pebble.ca_file),
            "elsewhere": [f"outside.example.net; server={bind.address}; key_file={key_file(tmp_path)}; ttl=30"]}
        hairpin.start()
        server = hairpin.new_server("acme", "nur1")
        owner = "_acme-challenge.nur1.pl-acme.example.net"
        rrsets = [{"owner": owner, "type": "HINFO", "records": []},
                  {"owner": owner, "type": "CNAME", "ttl": 60, "records": [TARGET]}]
        hairpin.api.patch("/v1/zones/pl-acme.example.net/rrsets", {"rrsets": rrsets}).expect(200)
        _, csr = new_csr(tmp_path, [server["names"]["public"], server["names"]["internal"]])
        api = hairpin.as_holder(server["token"])
        api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
        assert api.get("/v1/self/certificate?wait=60", timeout=90).status == 200
        wait_until(lambda: only_others(bind), "the value is gone")
        report = hairpin.api.post("/v1/acme/preflight", {"licence": "acme", "server": "nur1"}).expect(200).json
        check = next(each for each in report["checks"] if each["what"] == "challenge nur1.pl-acme.example.net")
        assert check["outcome"] == "ok"
        assert f"put into outside.example.net at {bind.address} with the key move.example" in check["text"]
    assert primaries.SECRET not in hairpin.logs()
