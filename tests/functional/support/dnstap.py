"""dnstap readers: fstrm_capture, and one that means no good; and what a capture holds, read by protoc and dnstap-ldns."""

from __future__ import annotations

import codecs
import pathlib
import re
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator

from support.process import Process, wait_until

CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
PROTO = pathlib.Path(__file__).with_name("dnstap.proto")


class Capture:
    """fstrm_capture at a Unix socket, writing to a file."""

    def __init__(self, folder: pathlib.Path, path: pathlib.Path):
        self.path, self.file = path, folder / f"{path.name}.fstrm"
        self._folder, self._process = folder, None

    def start(self) -> Capture:
        self.path.unlink(missing_ok=True)
        self._process = Process(["fstrm_capture", "-t", CONTENT_TYPE.decode(), "-u", self.path, "-w", self.file],
                                self._folder / "fstrm_capture.log")
        wait_until(self.path.exists, "fstrm_capture listens")
        return self

    def stop(self) -> None:
        """Ends it; the file is whole then."""
        self._process.terminate()

    def kill(self) -> None:
        self._process.signal(signal.SIGKILL)
        self._process.wait()

    def frames(self) -> list[bytes]:
        return list(frames(self.file.read_bytes()))

    def messages(self) -> list[dict[str, object]]:
        return [decode(frame) for frame in self.frames()]

    def quiet_text(self) -> list[str]:
        """A line for each frame, as dnstap-ldns reads them."""
        run = subprocess.run(["dnstap-ldns", "-q", "-r", str(self.file)], text=True, capture_output=True, check=True,
                             timeout=60)
        return run.stdout.splitlines()


def frames(stream: bytes) -> Iterator[bytes]:
    """The frames of a Frame Stream; a control frame's length is 0, its own follows."""
    at = 0
    while at + 4 <= len(stream):
        length = struct.unpack_from(">I", stream, at)[0]
        at += 4
        if length == 0:
            at += 4 + struct.unpack_from(">I", stream, at)[0]
            continue
        yield stream[at:at + length]
        at += length


def decode(frame: bytes) -> dict[str, object]:
    """The fields of a frame by name, those of its message among them; octets as bytes."""
    run = subprocess.run(["protoc", f"-I{PROTO.parent}", "--decode=dnstap.Dnstap", PROTO.name], input=frame,
                         capture_output=True, check=True, timeout=60)
    fields: dict[str, object] = {}
    for name, text in re.findall(r"^ *(\w+): (.*)$", run.stdout.decode(), re.MULTILINE):
        assert not name.isdigit(), f"a field that dnstap does not have: {name}"
        if text.startswith('"'):
            fields[name] = codecs.escape_decode(text[1:-1])[0]
        elif name in fields and name == "type":  # The outer one comes last.
            assert text == "MESSAGE"
        else:
            fields[name] = int(text) if text.isdigit() else text
    return fields


def control(kind: int, content_type: bytes = b"") -> bytes:
    payload = struct.pack(">I", kind)
    if content_type:
        payload += struct.pack(">II", 1, len(content_type)) + content_type
    return struct.pack(">II", 0, len(payload)) + payload


class DeafReader:
    """Agrees to everything and then reads nothing."""

    def __init__(self, path: pathlib.Path):
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self.connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
                connection.sendall(control(1, CONTENT_TYPE))  # ACCEPT
            except OSError:
                return
            self.connections.append(connection)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            connection.close()
