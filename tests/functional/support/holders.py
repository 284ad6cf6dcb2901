"""All that a licence can hold, and every way in which it could reach a zone with it: one table of protocols."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import subprocess
import time
from collections.abc import Callable
from typing import Any

from support.acme_client import AcmeClient
from support.checkin import CHECK_IN, CheckIns, datagram
from support.process import wait_until

LICENCES = ["acme", "beta", "gamma"]
CHECKED_IN = ("right", "early", "moved", "out-of-time", "other-machine")  # Known; the last three are challenged.


def zone_of(licence: str) -> str:
    return f"pl-{licence}.example.net"


@dataclasses.dataclass(frozen=True)
class Way:
    """One kind of request of one credential; `reach(target)` makes it about that licence's zone."""

    what: str
    reach: Callable[[str], bool]
    route: str = ""  # Of HTTP: as the API's document names it.


class Holder:
    """A licence with a server and a credential of every kind."""

    def __init__(self, hairpin, ca, licence: str):
        self.hairpin, self.ca, self.licence = hairpin, ca, licence
        self.server = hairpin.new_server(licence)
        self.token = self.make("token", role="zone")["secret"]
        self.key = self.make("tsig", name=f"key-{licence}", role="zone")["secret"]
        self.follower = self.make("tsig", name=f"xfer-{licence}", role="secondary")["secret"]
        self.box = self.make("dyndns", server="nur1", role="addresses")["secret"]
        self.dns_key = self.make("powerdns", role="zone")["secret"]
        self.account = self.register().json
        self.acme = AcmeClient(hairpin.http_port, ca.certificate, pathlib.Path()).register(self.server["acme"])

    def make(self, kind: str, server: str | None = None, **members: Any) -> dict[str, Any]:
        owner = {"licence": self.licence, **({"server": server} if server else {})}
        return self.hairpin.api.post("/v1/credentials", {"kind": kind, "owner": owner, **members}).expect(201).json

    def register(self):
        return self.hairpin.as_holder(self.token).post("/register", {}).expect(201)

    # Stock clients.

    def nsupdate(self, name: str, secret: str, target: str, *lines: str) -> bool:
        zone = zone_of(target)
        run = subprocess.run(["nsupdate", "-v", "-y", f"hmac-sha256:{name}:{secret}"], text=True, capture_output=True,
                             check=False, timeout=60, input="\n".join(
                                 [f"server 127.0.0.1 {self.hairpin.dns_port}", f"zone {zone}", *lines, "send", ""]))
        said = run.stdout + run.stderr
        assert run.returncode == 0 or "REFUSED" in said or "BADKEY" in said, said
        return run.returncode == 0

    def dig(self, secret: str, target: str, *what: str) -> bool:
        said = self.hairpin.dns.run("dig", "-y", f"hmac-sha256:xfer-{self.licence}:{secret}", zone_of(target), *what)
        assert ("Transfer failed" in said) != ("SOA" in said), said
        return "Transfer failed" not in said

    def curl(self, path: str, *options: str) -> tuple[int, str]:
        run = subprocess.run(["curl", "-sS", "--cacert", str(self.ca.certificate), "-w", "\n%{http_code}", *options,
                              f"https://127.0.0.1:{self.hairpin.http_port}{path}"],
                             text=True, capture_output=True, check=False, timeout=60)
        assert run.returncode == 0, run.stderr
        body, _, status = run.stdout.rpartition("\n")
        return int(status), body

    def is_done(self, answer: tuple[int, str], *refusals: int) -> bool:
        status, body = answer
        assert status < 300 or status in refusals, answer
        assert status < 300 or not re.search(r"\d+\.\d+\.\d+\.\d+", body), body  # Nothing of what is there.
        return status < 300

    # What they ask.

    def dyndns(self, secret: str, target: str, address: str, path: str = "/nic/update", *form: str) -> bool:
        name = f"nur1.{zone_of(target)}"
        query = f"hostname={name}&myip={address}"
        where = (path, "-d", query) if form else (f"{path}?{query}",)
        status, body = self.curl(*where, "-u", f"{name}:{secret}")
        assert status == 200 and body.startswith(("good", "nochg", "nohost", "dnserr")), body  # Not now: suspended.
        return body.startswith(("good", "nochg"))

    def acme_dns(self, user: str, key: str, subdomain: str) -> bool:
        body = json.dumps({"subdomain": subdomain, "txt": "x" * 43})
        return self.is_done(self.curl("/update", "-H", f"X-Api-User: {user}", "-H", f"X-Api-Key: {key}", "-d", body),
                            401)

    def registered(self, target: str) -> bool:
        """Nothing in the request says where: an account is in its token's own zone or is not."""
        answer = self.hairpin.as_holder(self.token).post("/register", {}).expect(201, 401)
        return answer.status == 201 and answer.json["fulldomain"].endswith("." + zone_of(target))

    def httpreq(self, secret: str, step: str, target: str) -> bool:
        body = json.dumps({"fqdn": f"_acme-challenge.nur1.{zone_of(target)}.", "value": "y" * 43})
        return self.is_done(self.curl(f"/httpreq/{step}", "-u", f"any:{secret}", "-H",
                                      "Content-Type: application/json", "-d", body), 403)

    def powerdns(self, secret: str, target: str, *options: str, below: str = "") -> bool:
        return self.is_done(self.curl(f"/api/v1/servers/localhost/zones/{zone_of(target)}.{below}", "-H",
                                      f"X-API-Key: {secret}", *options), 403, 404)

    def powerdns_lists(self, secret: str, target: str) -> bool:
        status, body = self.curl("/api/v1/servers/localhost/zones", "-H", f"X-API-Key: {secret}")
        return self.is_done((status, body), 403) and f"{zone_of(target)}." in {each["id"] for each in json.loads(body)}

    def powerdns_patch(self, secret: str, target: str, owner: str, rtype: str, content: str) -> bool:
        rrset = {"name": f"{owner}.{zone_of(target)}.", "type": rtype, "ttl": 60, "changetype": "REPLACE",
                 "records": [{"content": content, "disabled": False}]}
        return self.powerdns(secret, target, "-X", "PATCH", "-d", json.dumps({"rrsets": [rrset]}))

    def rest(self, method: str, target: str, below: str, body: Any = None) -> bool:
        answer = self.hairpin.as_holder(self.token).request(
            method, f"/v1/zones/{zone_of(target)}/rrsets{below}", body).expect(200, 201, 204, 403)
        return answer.status != 403

    def aliases(self, method: str, target: str, below: str = "") -> bool:
        answer = self.hairpin.as_holder(self.token).request(
            method, f"/v1/licences/{target}/servers/nur1/aliases{below}").expect(200, 201, 204, 403)
        return answer.status != 403

    def events(self, target: str) -> bool:
        answer = self.hairpin.as_holder(self.token).get(f"/v1/events?licence={target}").expect(200, 403)
        return answer.status == 200 and {each["licence"] for each in answer.json["events"]} == {target}

    def check_in(self, target: str) -> bool:
        """A server says that it is that licence's; every server has a number of its own."""
        client = CheckIns(self.server)
        number = self.hairpin.holders[target].server["check_in"]["server"]

        def judged() -> dict[str, int]:
            text = self.hairpin.api.get("/metrics").body.decode()
            return {name: int(count) for name, count in
                    re.findall(r'^hairpin_checkin_datagrams_total\{outcome="([^"]+)"\} (\d+)$', text, re.MULTILINE)}

        before, moved = judged(), []
        client.send(datagram(CHECK_IN, number, time.time_ns() // 1_000_000, client.tag, client.key), patience=0.2)

        def is_judged() -> bool:
            after = judged()
            moved[:] = [name for name in after if after[name] > before[name]]
            return bool(moved)

        wait_until(is_judged, "the check-in was judged")
        assert moved[0] in (*CHECKED_IN, "forged", "suspended"), moved
        return moved[0] in CHECKED_IN

    def orders(self, target: str) -> bool:
        """The server's ACME client; no CA has to answer for an order to be taken."""
        zone = zone_of(target)
        answer = self.acme.order([f"nur1.{zone}", f"i-nur1.{zone}"]).expect(201, 400, 401, 403)
        assert answer.status == 201 or answer.json["type"].endswith((":rejectedIdentifier", ":unauthorized")), answer
        return answer.status == 201

    # The table.

    def protocols(self, address: str) -> dict[str, list[Way]]:
        own, rrsets, zone_path = self.server["tsig"], "/v1/zones/{zone}/rrsets", "/api/v1/servers/{server}/zones/{zone}"
        one = rrsets + "/{owner}/{type}"
        aliases = "/v1/licences/{licence}/servers/{server}/aliases"
        value = f"{zone_of(self.licence)}:{self.licence}".encode().hex()[:43].ljust(43, "0")

        def name(target: str, label: str) -> str:
            return f"{label}.{zone_of(target)}"

        def boxes(path: str, method: str = "get", *form: str) -> list[Way]:
            return [Way(f"{path} by {who}", lambda target, secret=secret: self.dyndns(
                        secret, target, address, path, *form), f"{method} {path}")
                    for who, secret in (("the server's token", self.server["token"]), ("the box's password", self.box))]

        return {
            "update": [
                Way("an address by the server's key", lambda target: self.nsupdate(
                    own["name"], own["secret"], target, f"update delete {name(target, 'nur1')} A",
                    f"update add {name(target, 'nur1')} 60 A {address}")),
                Way("a challenge by the server's key", lambda target: self.nsupdate(
                    own["name"], own["secret"], target,
                    f'update add {name(target, "_acme-challenge.nur1")} 60 TXT "{value}"')),
                Way("any name by the licence's key", lambda target: self.nsupdate(
                    f"key-{self.licence}", self.key, target, f"update delete {name(target, 'www')} A",
                    f"update add {name(target, 'www')} 60 A {address}")),
                Way("removing by the licence's key", lambda target: self.nsupdate(
                    f"key-{self.licence}", self.key, target, f"update delete {name(target, 'gone')}")),
            ],
            "dyndns2": [*boxes("/nic/update"), *boxes("/nic/update", "post", "form"), *boxes("/v3/update"),
                        *boxes("/update")],
            "acme-dns": [
                Way("an account writes", lambda target: self.acme_dns(
                    self.account["username"], self.account["password"],
                    self.hairpin.holders[target].account["subdomain"]), "post /update"),
                Way("an account writes as another", lambda target: self.acme_dns(
                    self.hairpin.holders[target].account["username"], self.account["password"],
                    self.hairpin.holders[target].account["subdomain"]), "post /update"),
                Way("a server's own account", lambda target: self.acme_dns(
                    name(target, "nur1"), self.server["token"], name(target, "nur1")), "post /update"),
                Way("a token registers", self.registered, "post /register"),
            ],
            "acme": [Way("an order by the server's account", self.orders)],
            "httpreq": [Way(f"{step} by {who}", lambda target, secret=secret, step=step:
                            self.httpreq(secret, step, target), f"post /httpreq/{step}")
                        for step in ("present", "cleanup")
                        for who, secret in (("the licence's token", self.token),
                                            ("the server's", self.server["token"]))],
            "powerdns": [
                Way("writing", lambda target: self.powerdns_patch(self.dns_key, target, "pdns", "A", address),
                    f"patch {zone_path}"),
                Way("writing by the server's token", lambda target: self.powerdns_patch(
                    self.server["token"], target, "_acme-challenge.nur1", "TXT", f'"{"z" * 43}"'),
                    f"patch {zone_path}"),
                Way("reading", lambda target: self.powerdns(self.dns_key, target), f"get {zone_path}"),
                Way("listing", lambda target: self.powerdns_lists(self.dns_key, target),
                    "get /api/v1/servers/{server}/zones"),
                Way("notifying", lambda target: self.powerdns(self.dns_key, target, "-X", "PUT", below="/notify"),
                    f"put {zone_path}/notify"),
            ],
            "rest": [
                Way("putting", lambda target: self.rest("PUT", target, f"/{name(target, 'mail')}/A",
                                                        {"records": [address]}), f"put {one}"),
                Way("reading", lambda target: self.rest("GET", target, f"/{zone_of(target)}/SOA"), f"get {one}"),
                Way("patching", lambda target: self.rest("PATCH", target, "", {"rrsets": [
                    {"owner": name(target, "patched"), "type": "TXT", "records": ["x"]}]}), f"patch {rrsets}"),
                Way("an alias", lambda target: self.aliases("PUT", target, "/shop"), f"put {aliases}/{{alias}}"),
                Way("aliases", lambda target: self.aliases("GET", target), f"get {aliases}"),
                Way("no alias", lambda target: self.aliases("DELETE", target, "/shop"), f"delete {aliases}/{{alias}}"),
                Way("following events", self.events, "get /v1/events"),
                Way("removing", lambda target: self.rest("DELETE", target, f"/{name(target, 'patched')}/TXT"),
                    f"delete {one}"),
            ],
            "transfer": [
                Way("AXFR", lambda target: self.dig(self.follower, target, "AXFR")),
                Way("IXFR", lambda target: self.dig(self.follower, target, "-t", "IXFR=1")),
            ],
            "check-in": [Way("a server's datagram", self.check_in)],
        }


# What a door serves to whoever has a good credential, and in which nobody is named.
NAMELESS = {"get /api/v1/servers", "get /api/v1/servers/{server}"}
# What a door has for its clients' sake, and nobody may do.
NOBODYS = {"post /api/v1/servers/{server}/zones", "delete /api/v1/servers/{server}/zones/{zone}"}
# Which protocols come to which listener; whoever checks in, reports or transfers over TLS shows the same credential.
LISTENERS = {"dns": {"update", "transfer"}, "http": {"acme", "dyndns2", "acme-dns", "httpreq", "powerdns", "rest"},
             "checkin": {"check-in"}}
