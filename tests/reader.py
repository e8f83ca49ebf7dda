"""Somebody who follows a page of the documentation to the letter: runs its commands, writes its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.project import Project, free_port

#: A walk, or a block with the fence's word and body; a block after "not run" is left alone.
_STEP = re.compile(
    r"^(?:<!-- walk: (.+) -->|(<!-- not run.*\n)?```(?:\{code-block\} )?(\S+)\n((?:.*\n)*?)```)$", re.MULTILINE
)


class Reader:
    """A reader, with free ports in the place of those that the page names.

    :param folder: where they work.
    :param servers: ends the servers that they start.
    :param ports: the ports that stand on the page.
    """

    def __init__(self, folder: Path, servers: ExitStack, ports: tuple[str, ...] = ()) -> None:
        self.project = Project(folder)
        self.servers = servers
        self.ports = {port: str(free_port()) for port in ports}
        self.running: dict[str, tuple[str, ExitStack]] = {}
        self.said = ""
        self.walked: list[str] = []

    def follow(self, text: str, walks: Mapping[str, Callable[[Self], None]]) -> None:
        """Do everything that a page says, in its order.

        :param walks: what is done at ``<!-- walk: name -->``.
        """
        for port, free in self.ports.items():
            text = text.replace(port, free)
        for walk, left_alone, fence, body in _STEP.findall(text):
            if walk:
                walks[walk](self)
                self.walked.append(walk)
            elif not left_alone:
                self._do(fence, body)

    def _do(self, fence: str, body: str) -> None:
        if fence == "console":
            self.said = "".join(self._run(line.removeprefix("$ ")) for line in body.splitlines())
            return
        caption, _, content = body.partition("\n\n")
        place = caption.removeprefix(":caption: ")
        if place == "what it says":
            assert self.said.strip() == content.strip()
            return
        path = self.project.folder / place.removesuffix(", at the end")
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text("utf-8") if place.endswith(", at the end") else ""
        path.write_text(before + content, "utf-8")

    def _run(self, command: str) -> str:
        port = next((free for free in self.ports.values() if command.endswith(free)), "")
        if not port:
            return self.project.run(command)
        self.serve(command, port)
        return ""

    def serve(self, command: str, port: str) -> None:
        """Start a server, and leave it running."""
        server = self.servers.enter_context(ExitStack())
        server.enter_context(self.project.serve(command, int(port)))
        self.running[port] = (command, server)
