"""정비 중: devices that people work on, in ops_db: who, why, who released them. The newest of each counts.

As with stops of halls, the commands that carry out a lock bear its id, so that a unit which stood still
before is not started by the release. A lock never ends by itself: somebody may have a hand in the fan.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Engine, RowMapping, select, update

from api.control_port import ControlRefusedError
from api.tables.maintenance import maintenance_locks


@dataclass(frozen=True, slots=True)
class MaintenanceLock:
    """Times are ms UTC. `until` is when the work was expected to be done; it ends nothing."""

    id: str
    device: str
    by: str
    reason: str
    created: int
    until: int | None = None
    released: int | None = None
    released_by: str | None = None
    release_reason: str | None = None

    @property
    def is_in_force(self) -> bool:
        return self.released is None

    @property
    def why_released(self) -> str:
        return f"its maintenance was ended by {self.released_by}"

    def has_issued(self, command_id: str | None) -> bool:
        return command_id is not None and (command_id == self.id or command_id.startswith(f"{self.id}."))


class MaintenanceBook:
    """Blocking; raises sqlalchemy.exc.SQLAlchemyError when the database cannot be read or written.

    `newest` and `in_force` do neither, and may be asked from any thread.
    """

    def __init__(self, engine: Engine, devices: Collection[str]) -> None:
        self._engine = engine
        self._devices = frozenset(devices)
        with engine.connect() as connection:
            query = select(maintenance_locks).order_by(maintenance_locks.c.created)
            rows = connection.execute(query).mappings().all()
        # One in force stands before newer ones that are over, whatever the clock said.
        locks = sorted(map(_lock, rows), key=lambda lock: lock.is_in_force)
        self._newest = {lock.device: lock for lock in locks}

    def newest(self, device: str) -> MaintenanceLock | None:
        """In force, or over."""
        return self._newest.get(device)

    def in_force(self, device: str) -> MaintenanceLock | None:
        lock = self._newest.get(device)
        return lock if lock is not None and lock.is_in_force else None

    def all_in_force(self) -> list[MaintenanceLock]:
        return [lock for lock in self._newest.values() if lock.is_in_force and lock.device in self._devices]

    def enter(self, lock: MaintenanceLock) -> None:
        """Locked already: it stays as it is. Raises KeyError for an unknown device."""
        if lock.device not in self._devices:
            raise KeyError(lock.device)
        if self.in_force(lock.device) is not None:
            return
        with self._engine.begin() as connection:
            connection.execute(maintenance_locks.insert().values(asdict(lock)))
        self._newest[lock.device] = lock

    def release(self, device: str, by: str, reason: str, now_ms: int) -> None:
        """Only once it is written down. Raises KeyError for an unknown device and ControlRefusedError for one
        that is not locked."""
        if device not in self._devices:
            raise KeyError(device)
        lock = self.in_force(device)
        if lock is None:
            raise ControlRefusedError(f"{device} is not in maintenance: nothing to release")
        ended = replace(lock, released=now_ms, released_by=by, release_reason=reason)
        with self._engine.begin() as connection:
            query = update(maintenance_locks).where(maintenance_locks.c.id == lock.id)
            connection.execute(query.values(asdict(ended)))
        self._newest[device] = ended


def maintenance_row(lock: MaintenanceLock, now_ms: int) -> dict[str, Any]:
    return {
        "device": lock.device,
        "by": lock.by,
        "reason": lock.reason,
        "since": lock.created,
        "until": lock.until,
        "is_overdue": lock.until is not None and now_ms >= lock.until,
    }


def _lock(row: RowMapping) -> MaintenanceLock:
    return MaintenanceLock(**{column.name: row[column.name] for column in maintenance_locks.columns})
