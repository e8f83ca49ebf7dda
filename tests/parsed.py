"""A page as a browser takes it: what its form would send, and what its elements say about each other."""

from __future__ import annotations

from html.parser import HTMLParser

from django.http import HttpResponse


class Page(HTMLParser):
    """The elements of a page, in order, and its text."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._options: list[dict[str, str]] = []
        self._select = ""
        self._area = ""
        self._values: dict[str, list[str]] = {}
        self.feed(response.content.decode())
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        name = found.get("name", "")
        if tag == "input" and found.get("type") not in {"checkbox", "radio", "file", "submit"}:
            self._values.setdefault(name, []).append(found.get("value", ""))
        elif tag == "input" and found.get("type") != "file" and "checked" in found:
            self._values.setdefault(name, []).append(found.get("value", "on"))
        elif tag == "select":
            self._select, self._options = name, []
        elif tag == "option":
            self._options.append(found)
        elif tag == "textarea":
            self._area = name
            self._values[name] = [""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            chosen = [option["value"] for option in self._options if "selected" in option]
            one = not any("multiple" in attrs for name, attrs in self.of("select") if attrs["name"] == self._select)
            self._values[self._select] = chosen or ([self._options[0]["value"]] if one and self._options else [])
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._area:
            self._values[self._area][0] += data

    def of(self, *tags: str) -> list[tuple[str, dict[str, str]]]:
        """Return the elements of some kinds."""
        return [(tag, attrs) for tag, attrs in self.elements if tag in tags]

    def named(self, name: str) -> dict[str, str]:
        """Return the attributes of the input of this name."""
        return next(attrs for _, attrs in self.elements if attrs.get("name") == name)

    def form(self, **changes: object) -> dict[str, object]:
        """Return what the browser would send, with some answers changed; ``None`` unticks a box."""
        return {name: value for name, value in {**self._values, **changes}.items() if value not in ([], None)}

    def asked(self) -> set[str]:
        """Return the names of what a visitor can answer."""
        inputs = [attrs for _, attrs in self.of("input", "select", "textarea") if attrs.get("type") != "hidden"]
        return {attrs["name"] for attrs in inputs}
