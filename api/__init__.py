"""Serves values and alarms, keeps the alarm book, and drives the purifiers."""
