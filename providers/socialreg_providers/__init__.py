"""Providers that come with socialreg: one module and one picture each.

Nothing is listed here: a provider is found by its module's name, so adding one edits no shared file.
"""
