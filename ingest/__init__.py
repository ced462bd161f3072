"""From readings to flags, zone values, alarms and stored rows."""
