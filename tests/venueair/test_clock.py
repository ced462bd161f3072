import threading
import time

import pytest

from venueair import clock as clock_module
from venueair.clock import ManualClock, RehearsalClock, SystemClock


class MachineTime:
    """Stands in for the module `time`: moves when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def machine(monkeypatch) -> MachineTime:
    fake = MachineTime()
    monkeypatch.setattr(clock_module, "time", fake)
    return fake


class NotedEvent(threading.Event):
    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        return self.is_set()


@pytest.mark.parametrize("speed", [0.5, 1, 10, 30])
def test_rehearsal_time_runs_speed_times_as_fast(machine, speed):
    clock = RehearsalClock(1_795_447_518_905, speed)
    before, wall = clock.monotonic(), clock.now_ms()
    machine.now += 60
    assert clock.monotonic() - before == pytest.approx(60 * speed)
    assert clock.now_ms() - wall == 60_000 * speed
    assert clock.speed == speed


def test_rehearsal_starts_at_the_given_time(machine):
    assert RehearsalClock(1_795_447_518_905, 10).now_ms() == 1_795_447_518_905


def test_rehearsal_waits_in_hall_seconds(machine):
    event = NotedEvent()
    clock = RehearsalClock(0, 30)
    assert not clock.wait(event, 60)
    event.set()
    assert clock.wait(event, 60)
    assert event.waited == [2, 2]


@pytest.mark.parametrize("speed", [0, -1])
def test_time_cannot_stand_still_or_run_backwards(speed):
    with pytest.raises(ValueError, match="above 0"):
        RehearsalClock(0, speed)


def test_system_clock_tells_the_machine_time():
    clock = SystemClock()
    before, wall = time.monotonic(), time.time() * 1000
    assert clock.monotonic() >= before
    assert wall - 1 <= clock.now_ms() <= wall + 60_000
    assert clock.speed == 1


def test_system_clock_wait_ends_with_the_event():
    event = threading.Event()
    event.set()
    assert SystemClock().wait(event, 60)


def test_manual_clock_moves_only_when_told_to():
    clock = ManualClock(5000)
    assert (clock.now_ms(), clock.monotonic()) == (5000, 0)
    clock.advance(1.5)
    assert (clock.now_ms(), clock.monotonic()) == (6500, 1.5)


def test_manual_wait_moves_the_clock_and_tells_of_the_event():
    clock, event = ManualClock(0), threading.Event()
    assert not clock.wait(event, 90)
    event.set()
    assert clock.wait(event, 90)
    assert clock.now_ms() == 180_000


def test_a_jump_of_the_wall_clock_leaves_the_monotonic_one():
    clock = ManualClock(10_000_000)
    clock.jump_wall(-3600)
    assert (clock.now_ms(), clock.monotonic()) == (6_400_000, 0)
