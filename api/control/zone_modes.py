"""Whether control acts in a zone or only advises: what a person said last, else the settings. In ops_db."""

from sqlalchemy import Engine, delete, select

from api.tables.control import zone_modes
from venueair.site import Site


class ZoneModeBook:
    """Blocking; raises sqlalchemy.exc.SQLAlchemyError when the database cannot be read or written."""

    def __init__(self, engine: Engine, site: Site) -> None:
        self._engine = engine
        self._site = site
        with engine.connect() as connection:
            rows = connection.execute(select(zone_modes)).mappings().all()
        self._said: dict[str, bool] = {row["zone"]: row["automatic"] for row in rows}

    def is_automatic(self, zone: str) -> bool:
        """Raises KeyError for an unknown zone."""
        return self._said.get(zone, self._site.zone[zone].automatic)

    def enter(self, zone: str, automatic: bool, by: str, reason: str, now_ms: int) -> None:
        """Raises KeyError for an unknown zone."""
        row = {"zone": self._site.zone[zone].id, "automatic": automatic}
        row |= {"by": by, "reason": reason, "changed": now_ms}
        with self._engine.begin() as connection:
            connection.execute(delete(zone_modes).where(zone_modes.c.zone == zone))
            connection.execute(zone_modes.insert().values(row))
        self._said[zone] = automatic
