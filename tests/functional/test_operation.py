"""What an operator does to a running server: start, stop, reload, back up, and every way to be wrong."""

import http.client
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import tempfile
import threading

import pytest

from support.hairpin import ROOT, run_hairpind
from support.ports import free_port
from support.process import wait_until
from support.tls import new_csr


def edited(hairpin, before: str, after: str) -> None:
    """Changes the written configuration; the text to change must be there."""
    text = hairpin.config_path.read_text()
    assert before in text
    hairpin.config_path.write_text(text.replace(before, after))


def reload(hairpin, expected: str) -> str:
    """SIGHUP, and the log from there once it says what is expected."""
    already = len(hairpin.process.log())
    hairpin.process.signal(signal.SIGHUP)
    wait_until(lambda: expected in hairpin.process.log()[already:], f'the log says "{expected}"')
    return hairpin.process.log()[already:]


# --- stopping -------------------------------------------------------------------------------------


def test_sigterm_answers_what_was_begun_and_ends_with_status_0(hairpin):
    hairpin.api.post("/v1/licences", {"licence": "acme"}).expect(201)
    owner = "counter.pl-acme.example.net."
    acknowledged, ended = [], []

    def count():
        api = hairpin.api
        for number in range(1_000_000):
            try:
                answer = api.put(f"/v1/zones/pl-acme.example.net./rrsets/{owner}/TXT",
                                 {"ttl": 60, "records": [f'"{number}"']})
            except (OSError, ssl.SSLError, http.client.HTTPException) as error:
                ended.append(error)
                return
            if answer.status not in (200, 201):
                ended.append(answer)
                return
            acknowledged.append(f'"{number}"')

    thread = threading.Thread(target=count)
    thread.start()
    wait_until(lambda: len(acknowledged) > 20 or ended, "changes flow")
    assert not ended
    assert hairpin.stop() == 0
    thread.join(60)
    assert "stopped" in hairpin.process.log().splitlines()[-1]
    assert ended, "the client has noticed"
    hairpin.start()
    # What was acknowledged is there; the one that was refused or cut off may be.
    assert hairpin.dns.rdata(owner, "TXT")[0] in (acknowledged[-1], f'"{len(acknowledged)}"')


def test_a_long_poll_does_not_hold_up_the_end(make_hairpin, tmp_path):
    # The CA is not there, so that there is something to wait for.
    hairpin = make_hairpin(acme={"directory": f"https://127.0.0.1:{free_port()}/dir"}).start()
    server = hairpin.new_server()
    api = hairpin.as_holder(server["token"])
    _, csr = new_csr(tmp_path, list(server["names"].values()))
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    outcome = []

    def poll():
        try:
            outcome.append(api.get("/v1/self/certificate?wait=50", timeout=60).status)
        except (OSError, ssl.SSLError) as error:
            outcome.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    wait_until(lambda: re.search(r"^hairpin_certificate_waits 1$", hairpin.api.get("/metrics").body.decode(),
                                 re.MULTILINE), "the poll waits")
    assert hairpin.process.terminate() == 0
    thread.join(30)
    assert outcome, "the client was told, or let go"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_it(make_hairpin, number):
    hairpin = make_hairpin().start()
    hairpin.process.signal(number)
    assert hairpin.process.wait() == 0


# --- reloading ------------------------------------------------------------------------------------


def test_sighup_takes_a_new_log_level(make_hairpin):
    hairpin = make_hairpin(log={"level": "warning"}).start()
    hairpin.api.post("/v1/licences", {"licence": "quiet"}).expect(201)
    assert "/v1/licences" not in hairpin.process.log()
    edited(hairpin, 'level = "warning"', 'level = "info"')
    reload(hairpin, "reloaded")
    hairpin.api.post("/v1/licences", {"licence": "loud"}).expect(201)
    assert "/v1/licences" in hairpin.process.log()


def test_sighup_takes_a_new_certificate_for_new_connections(hairpin, ca):
    def shown() -> bytes:
        return ssl.get_server_certificate(("127.0.0.1", hairpin.http_port)).encode()

    before, kept = shown(), hairpin.api
    kept.get("/healthz").expect(200)
    fresh = ca.issue("fresh")
    edited(hairpin, hairpin.config["http"]["certificate"], str(fresh.certificate))
    edited(hairpin, hairpin.config["http"]["key"], str(fresh.key))
    reload(hairpin, "reloaded")
    assert shown() != before
    kept.get("/healthz").expect(200)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('level = "debug"', 'levle = "debug"', "unknown key log.levle; did you mean log.level?"),
        ('level = "debug"', 'level = "loud"', "loud"),
        ('base = "example.net."', 'base = "example.org."', "names.base: takes effect with a restart only"),
        ('base = "example.net."', "base = [", "hairpin.toml:"),
    ],
)
def test_sighup_with_a_file_that_cannot_be_served_changes_nothing(hairpin, before, after, reason):
    good = hairpin.config_path.read_text()
    edited(hairpin, before, after)
    assert reason in reload(hairpin, "reload refused, nothing was changed")
    made = hairpin.api.post("/v1/licences", {"licence": "still"}).expect(201).json
    assert made["zone"].rstrip(".") == "pl-still.example.net"
    hairpin.config_path.write_text(good)
    reload(hairpin, "reloaded")


# --- wrong from the start -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[dns]\nlisten", "[dns]\nlissten", r"hairpin\.toml:\d+: unknown key dns\.lissten; did you mean dns\.listen\?"),
        ("workers = 2", "workers = 1000", r"hairpin\.toml:\d+: dns\.workers: must be a number from 0 to 256"),
        ('hostmaster = "hostmaster', 'hostmaster = "a..b', r"hairpin\.toml:\d+: names\.hostmaster: .*not a DNS name"),
        ('base = "example.net."\n', "", r"names\.base is missing"),
        ("version = 1", "version = 2", r"hairpin\.toml:1: version: this hairpind reads version = 1"),
        ("[http]", "[http", r"hairpin\.toml:\d+: "),
    ],
)
def test_a_wrong_configuration_is_refused_with_line_and_nearest_key(make_hairpin, before, after, told):
    hairpin = make_hairpin()
    hairpin.write_config()
    edited(hairpin, before, after)
    for command in ("init", "check", "serve"):
        run = run_hairpind(command, "--config", hairpin.config_path)
        assert run.returncode == 2, command
        assert re.search(told, run.stderr), run.stderr
        assert run.stdout == ""
    assert not hairpin.data_dir.exists(), "nothing was made"


def test_a_configuration_that_is_not_there_is_named(tmp_path):
    run = run_hairpind("serve", "--config", tmp_path / "nowhere.toml")
    assert run.returncode == 2
    assert "nowhere.toml" in run.stderr and "No such file" in run.stderr


@pytest.mark.parametrize("which", ["dns over UDP", "dns over TCP", "api"])
def test_a_port_in_use_is_named(make_hairpin, which):
    hairpin = make_hairpin().init()
    kind = socket.SOCK_DGRAM if which == "dns over UDP" else socket.SOCK_STREAM
    port = hairpin.http_port if which == "api" else hairpin.dns_port
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        for command in ("check", "serve"):
            run = run_hairpind(command, "--config", hairpin.config_path)
            assert run.returncode == 1, command
            assert f"127.0.0.1:{port}" in run.stderr, run.stderr


def test_a_second_server_on_the_same_store_is_refused_and_the_first_goes_on(hairpin):
    run = run_hairpind("serve", "--config", hairpin.config_path)
    assert run.returncode == 1
    assert "another hairpind is using this database" in run.stderr
    hairpin.api.get("/readyz").expect(200)


def test_a_second_server_on_the_same_ports_is_refused_and_the_first_goes_on(hairpin, make_hairpin):
    other = make_hairpin().init()
    text = other.config_path.read_text()
    text = text.replace(str(other.dns_port), str(hairpin.dns_port))
    other.config_path.write_text(text)
    run = run_hairpind("serve", "--config", other.config_path)
    assert run.returncode == 1
    assert f"127.0.0.1:{hairpin.dns_port}" in run.stderr
    hairpin.api.get("/readyz").expect(200)


def test_serve_without_init_says_what_to_do(make_hairpin):
    hairpin = make_hairpin()
    hairpin.write_config()
    check = run_hairpind("check", "--config", hairpin.config_path)
    assert check.returncode == 1 and "hairpind init" in check.stderr
    serve = run_hairpind("serve", "--config", hairpin.config_path)
    assert serve.returncode == 1 and "master.key" in serve.stderr


def test_a_store_of_a_newer_hairpin_is_refused_and_left_alone(make_hairpin):
    hairpin = make_hairpin().init()
    database = hairpin.data_dir / "hairpin.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 4711")
    connection.close()
    before = database.read_bytes()
    for command in ("check", "serve"):
        run = run_hairpind(command, "--config", hairpin.config_path)
        assert run.returncode == 1 and "newer Hairpin (schema 4711" in run.stderr, run.stderr
    assert database.read_bytes() == before


def test_init_twice_changes_nothing(make_hairpin):
    hairpin = make_hairpin().init()
    kept = {path: path.read_bytes() for path in hairpin.data_dir.iterdir()}
    run = run_hairpind("init", "--config", hairpin.config_path)
    assert run.returncode == 1 and run.stdout == ""
    assert {path: path.read_bytes() for path in hairpin.data_dir.iterdir()} == kept


def test_init_prints_the_token_alone_and_keeps_its_files_private(make_hairpin):
    hairpin = make_hairpin()
    hairpin.write_config()
    run = run_hairpind("init", "--config", hairpin.config_path)
    assert run.returncode == 0
    assert re.fullmatch(r"\S{40,}\n", run.stdout)
    assert hairpin.data_dir.stat().st_mode & 0o077 == 0
    for path in hairpin.data_dir.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


# --- keeping -------------------------------------------------------------------------------------


def test_a_backup_of_a_running_server_is_a_whole_server(hairpin, make_hairpin, tmp_path):
    server = hairpin.new_server()
    api = hairpin.as_holder(server["token"])
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.10"]}).expect(200)
    copy = tmp_path / "copy.db"
    run = run_hairpind("backup", "--config", hairpin.config_path, copy)
    assert run.returncode == 0, run.stderr
    serial = api.post("/v1/self/heartbeat", {"public": ["203.0.113.11"]}).expect(200).json["serial"]

    other = make_hairpin()
    other.write_config()
    other.data_dir.mkdir(mode=0o700)
    shutil.copy(hairpin.data_dir / "master.key", other.data_dir)
    run = run_hairpind("restore", "--config", other.config_path, copy)
    assert run.returncode == 0, run.stderr
    other.token = hairpin.token
    other.start()
    name = server["names"]["public"]
    assert other.dns.rdata(name) == ["203.0.113.10"]
    beat = other.as_holder(server["token"]).post("/v1/self/heartbeat", {"public": ["203.0.113.12"]}).expect(200)
    assert beat.json["serial"] >= serial, "a restored zone moves forward"
    # Never over what is there.
    again = run_hairpind("backup", "--config", hairpin.config_path, copy)
    assert again.returncode == 1
    assert run_hairpind("restore", "--config", hairpin.config_path, copy).returncode == 1


def test_one_more_operator_token_by_the_machine(hairpin):
    run = run_hairpind("token", "--config", hairpin.config_path, "--label", "spare")
    assert run.returncode == 0
    hairpin.as_holder(run.stdout.strip()).get("/v1/licences").expect(200)


def test_the_packaged_and_the_sample_configuration_are_good(tmp_path):
    sample = run_hairpind("sample-config")
    assert sample.returncode == 0
    (tmp_path / "sample.toml").write_text(sample.stdout)
    packaged = (ROOT / "packaging" / "hairpin.toml").read_text()
    (tmp_path / "packaged.toml").write_text(packaged)
    for name in ("sample", "packaged"):
        # What is missing is the store, and what may be in use the ports; nothing is wrong with the file.
        run = run_hairpind("check", "--config", tmp_path / f"{name}.toml")
        assert run.returncode == 1, run.stderr
        assert f"{name}.toml:" not in run.stderr, run.stderr


# --- beside a service manager ---------------------------------------------------------------------


def test_a_service_manager_is_told(make_hairpin, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(60)
        hairpin = make_hairpin()
        hairpin.start(environment={"NOTIFY_SOCKET": path})
        assert b"READY=1" in manager.recv(4096)
        hairpin.process.signal(signal.SIGHUP)
        assert b"RELOADING=1" in manager.recv(4096)
        assert b"READY=1" in manager.recv(4096)
        hairpin.stop()
        assert b"STOPPING=1" in manager.recv(4096)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to give up")
def test_root_becomes_the_user_of_the_configuration_and_keeps_no_capability(make_hairpin):
    nobody = pwd.getpwnam("nobody")
    # Where pytest keeps its files only root may look.
    with tempfile.TemporaryDirectory(prefix="hairpin-") as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        hairpin = make_hairpin()
        hairpin.config[""] |= {"user": "nobody", "data_dir": str(place / "state")}
        for option in ("certificate", "key"):
            source = pathlib.Path(hairpin.config["http"][option])
            target = shutil.copy(source, place / source.name)
            os.chown(target, nobody.pw_uid, nobody.pw_gid)
            hairpin.config["http"][option] = str(target)
        hairpin.init()
        for path in (place / "state", *(place / "state").iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        hairpin.start()
        status = dict(line.split(":\t", 1) for line in
                      pathlib.Path(f"/proc/{hairpin.process.pid}/status").read_text().splitlines()
                      if ":\t" in line)
        assert status["Uid"].split() == [str(nobody.pw_uid)] * 4
        assert status["Gid"].split() == [str(nobody.pw_gid)] * 4
        for line in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            assert int(status[line], 16) == 0, line
        assert status["NoNewPrivs"] == "1"
        hairpin.new_server()
        assert hairpin.stop() == 0
