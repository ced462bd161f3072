"""The four captions of a rehearsal. The crowd begins the story; the rest is told by what really happens.

crowd      people come in (the simulator says so)
alarm      an alarm was raised
purifier   a command to run was applied
cleared    the alarm was cleared
"""

import threading
from typing import Any

from api.stream import Hub


class Captions:
    """Listens to `hub` and publishes each caption once a story, as a `caption` event."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lit: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        hub.subscribe_local(self._listen)

    def lit(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._lit.values())

    def crowd(self) -> None:
        with self._lock:
            self._lit.clear()
        self._light("crowd", "관람객이 들어오기 시작합니다", "People begin to come in")

    def _listen(self, event: str, row: dict[str, Any]) -> None:
        if event == "command" and row.get("state") == "APPLIED" and row.get("mode") == "run":
            text = f"{row.get('purifier')}: {row.get('reason') or ''}".rstrip(": ")
            self._light("purifier", f"공기청정기 가동 · {text}", f"Purifier runs · {text}")
        elif event == "alarm" and row.get("is_notice"):
            return  # the story is about what people act on
        elif event == "alarm" and row.get("state") == "cleared":
            if "alarm" in self._lit:
                self._light("cleared", f"경보 해제 · {_what(row, 'ko')}", f"Cleared · {_what(row, 'en')}")
        elif event == "alarm" and row.get("acknowledged") is None:
            self._light("alarm", f"경보 · {_what(row, 'ko')}", f"Alarm · {_what(row, 'en')}")

    def _light(self, caption: str, ko: str, en: str) -> None:
        row = {"caption": caption, "ko": ko, "en": en}
        with self._lock:
            if self._lit.setdefault(caption, row) is not row:
                return
        self._hub.publish("caption", row)


def _what(row: dict[str, Any], language: str) -> str:
    return f"{row.get(f'scope_{language}')} {row.get(f'name_{language}')}"
