"""The gateway of one box: wired sensors -> spool -> broker, each sensor in a supervised thread of its own."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from gateway import publisher
from gateway.intake import Intake
from gateway.publisher import Publisher
from gateway.rows import Sample
from gateway.sensors import MODELS
from gateway.serial_link import SerialLink, State
from gateway.spool import Spool
from venueair.clock import Clock
from venueair.messages import Committed, MessageError, Status, decode, encode
from venueair.mqtt_link import Address, Handler, Incoming, MqttLink
from venueair.settings import Settings
from venueair.site import Sensor
from venueair.topics import device_topic

log = structlog.get_logger(__name__)

FLUSH_S: Final = 0.05
RESTART_S: Final = 1.0
JOIN_S: Final = 3.0


class Link(publisher.Link, Protocol):
    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Gateway:
    """Reads every sensor of the settings that has a port. Raises SpoolError for a spool it cannot use.

    `start` once; `stop_sensors` and `stop` are idempotent and may be called from any thread. The figures
    stay readable after `stop`.
    """

    def __init__(
        self, settings: Settings, clock: Clock, address: Address, *, link: Link | None = None
    ) -> None:
        self.boot = secrets.token_hex(8)
        self._id, self._venue = settings.gateway.id, settings.gateway.venue
        self._sensors = [sensor for sensor in settings.sensor if sensor.port is not None]
        self._clock = clock
        self._spool = Spool(settings.data / "spool.sqlite", settings.gateway.spool_max_mb, self.boot)
        self._intake = Intake(self._spool)
        will = encode(Status(state="offline", boot=self.boot, detail=f"gateway {self._id} is out of reach"))
        self._link: Link = link or MqttLink(
            address, f"gateway-{self._id}", will=(device_topic(self._venue, self._id, "status"), will)
        )
        self._link.subscribe(device_topic(self._venue, self._id, "committed"), self._on_committed)
        self._publisher = Publisher(self._link, self._spool, self._venue, self._id, time.monotonic)
        self._sensors_stop = threading.Event()
        self._stopping = threading.Event()
        self._stop_lock = threading.Lock()
        self._is_stopped = False
        self._sensor_threads = [
            self._thread(f"sensor-{sensor.id}", self._sensors_stop, sensor.id, self._reader(sensor))
            for sensor in self._sensors
        ]
        self._publish_thread = self._thread("publisher", self._stopping, self._id, self._publish)

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """(device or gateway, reason) -> how often bytes, ports or messages were not as they should be."""
        return self._intake.counts

    @property
    def accepted(self) -> int:
        """Readings committed to the spool over the life of the data folder."""
        return self._spool.accepted

    @property
    def spooled(self) -> int:
        """Readings that ingest has not committed yet."""
        return self._spool.spooled

    @property
    def dropped(self) -> int:
        """Readings given up over the life of the data folder because the spool was above its limit."""
        return self._spool.dropped

    @property
    def connected(self) -> bool:
        return self._link.connected

    def start(self) -> None:
        self._say_how_it_is()
        self._link.start()
        self._publish_thread.start()
        for thread in self._sensor_threads:
            thread.start()

    def stop_sensors(self) -> None:
        """When it returns, no port is read any more, and all that was read is in the spool."""
        self._sensors_stop.set()
        for thread in self._sensor_threads:
            if thread.is_alive():
                thread.join(JOIN_S)
        self._flush()
        self._intake.give_up()

    def drain(self, timeout_s: float) -> bool:
        """Waits, in real time, until everything is committed; False when the time was too short."""
        deadline = time.monotonic() + timeout_s
        while self.spooled and time.monotonic() < deadline and not self._stopping.wait(0.02):
            pass
        return self.spooled == 0

    def stop(self) -> None:
        """Rows that are not committed stay in the spool for the next start."""
        with self._stop_lock:
            if self._is_stopped:
                return
            self._is_stopped = True
        self.stop_sensors()
        self._stopping.set()
        if self._publish_thread.is_alive():
            self._publish_thread.join(JOIN_S)
        for device in [*(sensor.id for sensor in self._sensors), self._id]:
            detail = f"gateway {self._id} was stopped"
            status = Status(state="offline", boot=self.boot, detail=detail)
            self._link.publish(device_topic(self._venue, device, "status"), encode(status), retain=True)
        self._link.stop()
        self._spool.close()

    def sample(self, sample: Sample) -> None:
        self._intake.put(sample)

    def count(self, device: str, reason: str) -> None:
        self._intake.count(device, reason)

    def state(self, device: str, state: State, detail: str | None) -> None:
        """A sensor's own state, as its link sees it; published, retained."""
        sensor = next(sensor for sensor in self._sensors if sensor.id == device)
        tell = log.info if state == "online" else log.warning
        tell("sensor", device=device, state=state, detail=detail)
        status = Status(
            state=state,
            boot=self.boot,
            model=sensor.model,
            interval_s=_interval_s(sensor),
            detail=detail,
        )
        self._publisher.set_status(device, status)

    def _reader(self, sensor: Sensor) -> Callable[[], None]:
        def read() -> None:
            link = SerialLink(
                sensor.id, MODELS[sensor.model], str(sensor.port), _interval_s(sensor), self._clock, self
            )
            link.run(self._sensors_stop)

        return read

    def _publish(self) -> None:
        while not self._stopping.is_set():
            self._intake.group_is_full.wait(FLUSH_S)
            self._flush()
            self._say_how_it_is()
            self._publisher.step()

    def _flush(self) -> None:
        self._publisher.add(self._intake.flush())

    def _say_how_it_is(self) -> None:
        problem = self._intake.problem
        state: State = "fault" if problem else "online"
        self._publisher.set_status(self._id, Status(state=state, boot=self.boot, detail=problem))

    def _on_committed(self, message: Incoming) -> None:
        try:
            self._publisher.committed(decode(message.payload, Committed).upto)
        except MessageError as error:
            self._intake.count(self._id, f"committed_{error.reason}")
            log.warning("committed message is not readable", topic=message.topic, problem=str(error))

    def _thread(
        self, name: str, stopping: threading.Event, owner: str, work: Callable[[], None]
    ) -> threading.Thread:
        """A thread whose work is started again when it fails, without touching the others."""

        def supervise() -> None:
            while not stopping.is_set():
                try:
                    work()
                except Exception:
                    self._intake.count(owner, "crash")
                    log.exception("restarting after a crash", what=name)
                    stopping.wait(RESTART_S)

        return threading.Thread(target=supervise, name=name, daemon=True)


def _interval_s(sensor: Sensor) -> float:
    return sensor.interval_s or MODELS[sensor.model].interval_s
