"""What nobody thought of: every parser, the ``next`` validator, identities and the callback, under made-up input."""
