"""Register and log in to a Django site with an account that people already have.

The rooms, from the bottom up: :mod:`types`, :mod:`exceptions` and :mod:`answer` are plain data; :mod:`provider`,
:mod:`http` and :mod:`oauth1` speak to providers and know nothing of Django; :mod:`conf`, :mod:`registry`,
:mod:`attempt`, :mod:`pending`, :mod:`finders`, :mod:`decision`, :mod:`forms` and :mod:`asking` say who somebody is and
what is still to be asked; :mod:`accounts` alone writes; :mod:`arrival` does what was decided; :mod:`pages`,
:mod:`views`, the template tags and the admin show it. The whole order stands in ``pyproject.toml``, where
import-linter keeps it.
"""

__version__ = "0.1.0"
