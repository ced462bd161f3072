"""A serial port that can be unplugged: a raw pty behind a symlink at a stable path.

The link keeps its own descriptor of the slave open, else the master fails with EIO while no client is there
(Linux pty(7)); raw mode is set before any client comes, else the line discipline eats 03, 0A, 11, 13 ...
What nobody reads is dropped and counted, as on a real wire, and nothing here ever blocks.
"""

import array
import contextlib
import fcntl
import os
import random
import termios
import threading
import tty
from pathlib import Path
from typing import Final

# Bytes; a driver that opens late must not find minutes of old frames. Bytes on their way through the kernel
# are not seen yet, so a burst may pass it.
UNREAD_MAX: Final = 2048
READ_MAX: Final = 4096


class PortTakenError(OSError):
    """Something that is not a symlink stands at the path of a simulated port."""


class PtyLink:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._master: int | None = None
        self._slave: int | None = None
        self.dropped_bytes = 0

    @property
    def is_plugged(self) -> bool:
        return self._master is not None

    def fileno(self) -> int:
        """For select(); -1 while unplugged."""
        return -1 if self._master is None else self._master

    def plug(self) -> None:
        """Opens a new pty at the path. Raises PortTakenError; OSError when the folder cannot be written."""
        with self._lock:
            if self._master is not None:
                return
            if self.path.exists() and not self.path.is_symlink():
                raise PortTakenError(
                    f"{self.path} is there and is not a symlink: the simulator does not replace real ports; "
                    "give the sensor another port"
                )
            self.path.parent.mkdir(parents=True, exist_ok=True)
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            fresh = self.path.with_name(f"{self.path.name}.new")
            with contextlib.suppress(FileNotFoundError):
                fresh.unlink()  # left behind by a process that was killed here
            fresh.symlink_to(os.ttyname(slave))
            fresh.replace(self.path)
            self._master, self._slave = master, slave

    replug = plug

    def unplug(self) -> None:
        """The path is gone, and whoever has it open reads EIO or end of file."""
        with self._lock:
            if self._master is None or self._slave is None:
                return
            if self.path.is_symlink() and self.path.readlink() == Path(os.ttyname(self._slave)):
                self.path.unlink()
            os.close(self._slave)
            os.close(self._master)
            self._master = self._slave = None

    def read(self) -> bytes:
        """What came in; empty when nothing did or nothing is plugged."""
        with self._lock:
            if self._master is None:
                return b""
            try:
                return os.read(self._master, READ_MAX)
            except BlockingIOError:
                return b""

    def write(self, data: bytes, rng: random.Random) -> None:
        """Sends `data` cut in two at any place, as readers must expect."""
        cut = rng.randrange(len(data) + 1)
        with self._lock:
            for piece in (data[:cut], data[cut:]):
                if piece:
                    self.dropped_bytes += len(piece) - self._write(piece)

    def _write(self, piece: bytes) -> int:
        if self._master is None or self._unread() + len(piece) > UNREAD_MAX:
            return 0
        try:
            return os.write(self._master, piece)
        except BlockingIOError:
            return 0

    def _unread(self) -> int:
        count = array.array("i", [0])
        fcntl.ioctl(self._slave or 0, termios.FIONREAD, count)
        return count[0]
