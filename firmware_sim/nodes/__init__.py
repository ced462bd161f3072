"""Nodes that publish by themselves, one file per dialect."""
