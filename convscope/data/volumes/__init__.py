"""Volumes: files of them, and arrays brought to another size."""
