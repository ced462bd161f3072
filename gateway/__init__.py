"""From sensor bytes to canonical readings: frames, sensor models, spool, serial ports."""
