"""Kill -9 at random instants: nothing acknowledged is missing, serials only go forward (DESIGN invariants 1 and 2).

Each chain is one store that is written to, killed and verified again and again; chains run beside one another.
The seed is printed; HAIRPIN_CRASH_SEED and HAIRPIN_CRASH_ROUNDS set it and the number of rounds.
"""

import concurrent.futures
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("HAIRPIN_CRASH_ROUNDS", "200"))
ROUNDS_PER_CHAIN = 10
CHAINS_AT_ONCE = 4
LONGEST_LIFE = 0.25  # Seconds.


def crash_writer() -> str:
    build = pathlib.Path(os.environ.get("HAIRPIN_BUILD", ROOT / "build" / "dev"))
    program = build / "tests" / "unit" / "store" / "crash_writer"
    if not program.exists():
        pytest.fail(f"{program} is not built; set HAIRPIN_BUILD to the build directory")
    return str(program)


def verify(folder: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [crash_writer(), "--verify", str(folder), str(folder / "acks")],
        capture_output=True, text=True, timeout=60, check=False)


def wait_for_acks(process: subprocess.Popen, acks: pathlib.Path, count: int) -> None:
    end = time.monotonic() + 60
    while acks.read_bytes().count(b"\n") < count and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)


def write_and_kill(folder: pathlib.Path, seed: int, life: float, first_acks: int) -> None:
    """Kills `life` seconds after so many acknowledgements; after none, opening the store is part of the life."""
    path = folder / "acks"
    before = path.read_bytes().count(b"\n") if path.exists() else 0
    with open(path, "ab") as acks:
        process = subprocess.Popen([crash_writer(), str(folder), str(seed)],
                                   stdout=acks, stderr=subprocess.PIPE)
        wait_for_acks(process, path, before + first_acks)
        time.sleep(life)
        died_by_itself = process.poll()
        process.kill()
        _, stderr = process.communicate()
    assert died_by_itself is None, f"the writer ended by itself: {stderr.decode()}"


def run_chain(folder: pathlib.Path, seed: int) -> int:
    """The number of acknowledgements that the chain collected."""
    folder.mkdir()
    chance = random.Random(seed)
    for number in range(ROUNDS_PER_CHAIN):
        # However slow the machine is, every second life gets to write.
        write_and_kill(folder, chance.randrange(2**31), chance.uniform(0.002, LONGEST_LIFE), number % 2)
        result = verify(folder)
        assert result.returncode == 0, f"seed {seed}, round {number}: {result.stderr}"
    acks = (folder / "acks").read_bytes().count(b"\n")
    shutil.rmtree(folder)
    return acks


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path):
    seed = int(os.environ.get("HAIRPIN_CRASH_SEED", str(random.SystemRandom().randrange(2**31))))
    print(f"HAIRPIN_CRASH_SEED={seed}")
    chains = -(-ROUNDS // ROUNDS_PER_CHAIN)
    with concurrent.futures.ThreadPoolExecutor(CHAINS_AT_ONCE) as pool:
        acks = list(pool.map(lambda chain: run_chain(tmp_path / str(chain), seed + chain),
                             range(chains)))
    print(f"{chains * ROUNDS_PER_CHAIN} kills, {sum(acks)} acknowledgements")
    assert sum(acks) >= ROUNDS / 2


@pytest.fixture(name="written")
def written_store(tmp_path):
    write_and_kill(tmp_path, 1, 0.0, 21)
    assert verify(tmp_path).returncode == 0
    lines = (tmp_path / "acks").read_text().splitlines()
    return tmp_path, [line.split() for line in lines]


@pytest.mark.parametrize("column, what", [(2, "holds"), (3, "serial")])
def test_the_check_notices_a_lost_acknowledgement(written, column, what):
    folder, acks = written
    last = next(ack for ack in reversed(acks) if ack[1] != "-")
    last[column] = str(int(last[column]) + 1000)
    with open(folder / "acks", "a", encoding="ascii") as file:
        file.write(" ".join(last) + "\n")
    result = verify(folder)
    assert result.returncode == 1
    assert what in result.stderr


def test_the_check_notices_a_row_that_the_journal_does_not_give(written):
    folder, _ = written
    with sqlite3.connect(folder / "hairpin.db") as database:
        database.execute("UPDATE rrsets SET ttl = ttl + 1 WHERE type = 16")
    result = verify(folder)
    assert result.returncode == 1
    assert "journal" in result.stderr
