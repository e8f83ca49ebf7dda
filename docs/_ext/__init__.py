"""What the documentation is built with besides Sphinx's own extensions."""
