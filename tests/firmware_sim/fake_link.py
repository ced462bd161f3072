"""A link that a test holds the other end of."""

import json

from firmware_sim.mqtt_link import Acknowledged, Arrived, Connected, Lost


class FakeLink:
    """`is_connected` false: publishing fails, as without a broker. `acknowledges`: PUBACKs by itself."""

    def __init__(self, clock, *, acknowledges=True):
        self.clock = clock
        self.acknowledges = acknowledges
        self.is_connected = False
        self.is_closed = False
        self.sent = []
        self._events = []

    def connect(self):
        self.is_connected = True
        self._events.append(Connected())

    def lose(self):
        self.is_connected = False
        self._events.append(Lost())

    def deliver(self, topic, payload, *, retained=False, received=None):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        when = self.clock.monotonic() if received is None else received
        self._events.append(Arrived(topic, body, retained, when))

    def poll(self):
        events, self._events = self._events, []
        return events

    def publish(self, topic, payload, *, qos=1, retain=False):
        if not self.is_connected:
            return None
        self.sent.append((topic.rsplit("/", 1)[1], payload, qos, retain))
        if self.acknowledges:
            self._events.append(Acknowledged(len(self.sent)))
        return len(self.sent)

    def drop(self):
        self.is_connected = False

    def close(self):
        self.is_connected = False
        self.is_closed = True

    def of(self, kind):
        return [json.loads(payload) for name, payload, _, _ in self.sent if name == kind]
