"""A purifier and a broker link, small and real, with failure switches; written from docs/messages.md."""

from collections.abc import Callable
from dataclasses import dataclass, field

from venueair.clock import ManualClock
from venueair.messages import Ack, Command, Lease, PurifierState, Status, decode, encode
from venueair.mqtt_link import Incoming


class FakeLink:
    """Delivers what units publish when `pump` is called; keeps what control publishes."""

    def __init__(self) -> None:
        self.connected = True
        self.refuses = False
        self.handlers: list[tuple[str, Callable[[Incoming], None]]] = []
        self.connected_callbacks: list[Callable[[], None]] = []
        self.units: dict[str, FakePurifier] = {}
        self.inbox: list[Incoming] = []
        self.sent: list[tuple[str, Command]] = []
        self.leases: list[tuple[str, Lease]] = []

    def subscribe(self, topic_filter, handler, *, qos=1):
        self.handlers.append((topic_filter.rsplit("/", 1)[1], handler))

    def on_connected(self, callback):
        self.connected_callbacks.append(callback)

    def publish(self, topic, payload, *, qos=1, retain=False):
        if not self.connected or self.refuses:
            return False
        assert not retain
        _, _, venue, device, kind = topic.split("/")
        if kind == "lease":
            assert qos == 0
            self.leases.append((device, decode(payload, Lease)))
        else:
            assert (kind, qos, venue) == ("set", 1, "expo")
            self.sent.append((device, decode(payload, Command)))
        if device in self.units:
            self.units[device].receive(kind, payload)
        return True

    def hear(self, device: str, kind: str, payload: bytes, *, retained: bool = False, venue: str = "expo"):
        self.inbox.append(Incoming(f"venueair/v1/{venue}/{device}/{kind}", payload, retained, 1, 1, 1))

    def pump(self):
        while self.inbox:
            incoming = self.inbox.pop(0)
            for kind, handler in self.handlers:
                if incoming.topic.endswith(f"/{kind}"):
                    handler(incoming)


@dataclass
class FakePurifier:
    """Obeys session, ttl, stopped and ids; each switch breaks one habit."""

    link: FakeLink
    clock: ManualClock
    name: str
    session: str = "s1"
    mode: str = "idle"
    level: int = 0
    source: str = "auto"
    command: str | None = None
    fault: str | None = None
    acks: int = 1  # how often each ack is sent
    ack_delay_s: float = 0.0
    is_deaf: bool = False
    is_lying: bool = False  # says "applied" and stays as it is
    refuses_with: str | None = None
    reports: bool = True
    seen: list[str] = field(default_factory=list)
    switches: list[tuple[float, bool]] = field(
        default_factory=list
    )  # when a command switched the fan, to running?
    later: list[tuple[float, str, bytes]] = field(default_factory=list)
    was_started_while_stopped: bool = False

    def __post_init__(self):
        self.link.units[self.name] = self

    def connect(self, *, retained: bool = False):
        self.link.hear(self.name, "status", encode(Status(state="online")), retained=retained)
        self.report(retained=retained)

    def disconnect(self):
        self.link.hear(self.name, "status", encode(Status(state="offline")))

    def reboot(self, session: str):
        self.session = session
        self.seen.clear()
        self.later.clear()
        if self.mode != "stopped":
            self.mode, self.level, self.source, self.command = "idle", 0, "auto", None
        self.connect()

    def press(self, mode: str, level: int):
        self.mode, self.level, self.source = mode, level, "local"
        self.report()

    def report(self, *, retained: bool = False):
        if not self.reports:
            return
        state = PurifierState(
            session=self.session,
            mode=self.mode,
            level=self.level,
            source=self.source,
            t=self.clock.now_ms(),
            fault=self.fault,
            command=self.command,
        )
        self.link.hear(self.name, "state", encode(state), retained=retained)

    def receive(self, kind: str, payload: bytes):
        if kind == "lease" or self.is_deaf:
            return
        command = decode(payload, Command)
        if self.refuses_with is not None:
            self._ack(command.id, "rejected", self.refuses_with)
        elif command.session != self.session:
            self._ack(command.id, "rejected", "session")
        elif self.clock.now_ms() > command.t + command.ttl_s * 1000:
            self._ack(command.id, "rejected", "expired")
        elif self.mode == "stopped" and not command.release and command.mode != "stopped":
            self._ack(command.id, "rejected", "stopped")
        elif command.id in self.seen:
            self._ack(command.id, "applied")
        else:
            self._act(command)

    def _act(self, command: Command):
        self.seen.append(command.id)
        self._ack(command.id, "accepted")
        if not self.is_lying:
            if (command.mode == "run") != (self.mode == "run"):
                self.switches.append((self.clock.monotonic(), command.mode == "run"))
            self.was_started_while_stopped |= (self.mode, command.mode) == ("stopped", "run")
            self.mode, self.level, self.source = command.mode, command.level, "remote"
            self.command = command.id
        self._ack(command.id, "applied")
        self.report()

    def _ack(self, id_: str, result: str, reason: str | None = None):
        payload = encode(Ack(id=id_, result=result, reason=reason))
        for _ in range(self.acks):
            if self.ack_delay_s:
                self.later.append((self.clock.monotonic() + self.ack_delay_s, "ack", payload))
            else:
                self.link.hear(self.name, "ack", payload)

    def pass_time(self):
        now_s = self.clock.monotonic()
        due = [entry for entry in self.later if entry[0] <= now_s]
        self.later = [entry for entry in self.later if entry[0] > now_s]
        for _, kind, payload in due:
            self.link.hear(self.name, kind, payload)
