"""The brokers that tests run on: the embedded one always, mosquitto where it is installed."""

import os
import random
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.waiting import wait_until
from venueair.embedded_broker import EmbeddedBroker
from venueair.mqtt_link import Address

HOST, USER, PASSWORD = "127.0.0.1", "venueair", "a password"
SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def free_port() -> int:
    """Below the range from which the kernel gives ports to clients: one of those, trying to reconnect, could
    otherwise take the port of the broker that is being restarted."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind((HOST, random.randrange(15_000, 30_000)))
            except OSError:
                continue
            return probe.getsockname()[1]


class Embedded:
    mqtt5 = False

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._broker: EmbeddedBroker | None = None

    def start(self) -> None:
        self._broker = EmbeddedBroker(self.port, USER, PASSWORD)
        self._broker.start()

    def kill(self) -> None:
        if self._broker is not None:
            self._broker.stop()


class Mosquitto:
    """On a free port with one user; `persistence` keeps sessions over `kill` as far as mosquitto does."""

    mqtt5 = True

    def __init__(self, folder: Path, *, persistence: bool = False) -> None:
        self.port = free_port()
        self._conf = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None
        passwords = folder / "passwords"
        tool = _installed("mosquitto_passwd")
        subprocess.run([tool, "-b", "-c", passwords, USER, PASSWORD], check=True, capture_output=True)
        lines = [
            f"listener {self.port} {HOST}",
            "user root",  # mosquitto started by root would become a user who cannot read the folder
            "allow_anonymous false",
            f"password_file {passwords}",
            "max_queued_messages 0",
            f"log_dest file {folder / 'mosquitto.log'}",
        ]
        if persistence:
            lines += ["persistence true", f"persistence_location {folder}/"]
            lines += ["autosave_interval 1", "autosave_on_changes true"]
        self._conf.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        command = [_installed("mosquitto"), "-c", str(self._conf)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, 5)

    def kill(self) -> None:
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(5)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


Broker = Embedded | Mosquitto
KINDS = {"embedded": Embedded, "mosquitto": Mosquitto}


def _installed(tool: str) -> str:
    found = shutil.which(tool, path=SBIN)
    if found is None:
        pytest.skip(f"{tool} is not installed: make servers")
    return found


def address(broker: Broker, password: str = PASSWORD) -> Address:
    return Address(HOST, broker.port, USER, password, mqtt5=broker.mqtt5)
