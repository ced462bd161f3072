"""Opens serial ports with pyserial, and says in plain words why one cannot be used."""

import errno
import termios
from typing import Any, Final

import serial

PORT_ERRORS: Final = (serial.SerialException, OSError, termios.error)  # pyserial lets all three through
READ_TIMEOUT_S: Final = 0.05
WRITE_TIMEOUT_S: Final = 1.0


class PortError(Exception):
    """`reason` is for counting, the message for a technician."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def open_port(path: str, baud: int) -> Any:
    """A raw 8N1 port that no other program of ours has open (serial.Serial). Raises PortError."""
    try:
        return serial.Serial(
            path, baud, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    except PORT_ERRORS as error:
        raise _why(path, error) from error


def _why(path: str, error: BaseException) -> PortError:
    code = getattr(error, "errno", None)
    if code in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return PortError("port_missing", f"port {path} does not exist: check cable, plug and venueair.toml")
    if code in (errno.EACCES, errno.EPERM):
        return PortError(
            "port_denied", f"port {path} may not be opened: add this user to the group that owns it (dialout)"
        )
    if code in (errno.EAGAIN, errno.EBUSY):
        return PortError(
            "port_busy",
            f"port {path} is in use: end the other program, or give each sensor a port of its own",
        )
    return PortError("port_error", f"port {path} cannot be opened: {error}")
