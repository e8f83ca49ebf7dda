"""A small site to try socialreg on: ``python -m sandbox``."""
