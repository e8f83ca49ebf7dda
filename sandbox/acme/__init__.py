"""Acme SSO: a company's login server, real and local, for the sandbox and the tests: ``python -m sandbox.acme``.

It is django-oauth-toolkit, an OAuth 2.0 and OpenID provider that others run in production, in a process and with a
database of its own. Nothing of socialreg's has a part in it, so the two can only agree where both follow the standards.
"""
