"""A process that publishes singles at a fixed rate: python -m bench.paced PORT RATE SECONDS QOS

`t` is when each is sent. Evenly spread over time and over the devices, as venues do, not in bursts.
"""

import sys
import time
from pathlib import Path

from bench.payloads import DEVICES, ENCODE, device, topic, value
from bench.processes import Process
from bench.publisher import Publisher, packet


def publish(port: int, rate: int, seconds: float, qos: int) -> int:
    """Returns how many were sent."""
    boot = f"{time.time_ns():016x}"
    topics = [topic(device(number)) for number in range(DEVICES)]
    encode = ENCODE["single"]
    with Publisher(port, "paced") as publisher:
        start, sent, total = time.monotonic(), 0, int(rate * seconds)
        while sent < total:
            due = min(int((time.monotonic() - start) * rate), total)
            now = time.time_ns() // 1_000_000
            data = b""
            for number in range(sent, due):
                seq, place = divmod(number, DEVICES)
                data += packet(
                    topics[place], encode(boot, seq, [now], [value(number)]), qos, number % 65_535 + 1
                )
            publisher.send(data)
            publisher.read()
            sent = due
            time.sleep(0.001)
        return sent


def started(port: int, rate: int, seconds: float, qos: int, log: Path) -> Process:
    arguments = [str(port), str(rate), f"{seconds:.3f}", str(qos)]
    return Process([sys.executable, "-m", "bench.paced", *arguments], log)


if __name__ == "__main__":
    publish(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
