"""The other end of every wire: halls, sensors and purifiers, simulated byte by byte."""
