"""``python -m sandbox``: starts without a question, says what to do, stops when told."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path
from urllib.request import urlopen

import pytest

from .process import PATIENCE, environment, free_ports, greeting, start


def test_all_servers_answer_and_stop_when_told(tmp_path: Path):
    ports = free_ports()
    with start(environment(tmp_path, ports), tmp_path / "log") as process:
        said = greeting(process)
        for port in ports:
            assert f"http://127.0.0.1:{port}/" in said
            with urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
                assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0
    for port in ports:
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", port))


@pytest.mark.parametrize(("place", "variable"), [(0, "SANDBOX_PORT"), (1, "STANDIN_PORT"), (2, "ACME_PORT")])
def test_a_taken_port_is_named_with_the_variable_that_chooses_another(tmp_path: Path, place: int, variable: str):
    ports = free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[place]))
        taken.listen()
        with start(environment(tmp_path, ports), tmp_path / "log") as process:
            assert process.wait(timeout=PATIENCE) == 1
    said = (tmp_path / "log").read_text()
    assert f"Port {ports[place]} on 127.0.0.1 cannot be used" in said
    assert variable in said
    assert "Traceback" not in said


def test_with_keys_of_its_own_it_talks_to_the_real_x(tmp_path: Path):
    """The callback address that X must be told is printed, and its button leads there; the others stay as they are."""
    ports = free_ports()
    keys = {"TWITTER_CLIENT_ID": "id", "TWITTER_CLIENT_SECRET": "secret"}
    with start(environment(tmp_path, ports, **keys), tmp_path / "log") as process:
        said = greeting(process)
        with urlopen(f"http://127.0.0.1:{ports.site}/", timeout=PATIENCE) as answer:
            policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
    assert f"http://127.0.0.1:{ports.site}/accounts/twitter/callback/" in said
    assert "https:" in re.search("form-action ([^;]+)", policy)[1].split()
    assert "Log in with Acme SSO" in page


def test_half_of_the_keys_is_an_error_that_says_so(tmp_path: Path):
    with start(environment(tmp_path, free_ports(), TWITTER_CLIENT_ID="id"), tmp_path / "log") as process:
        assert process.wait(timeout=PATIENCE) == 1
    said = (tmp_path / "log").read_text()
    assert "CLIENT_SECRET" in said
    assert "Traceback" not in said


def test_acme_ends_with_the_sandbox_in_whatever_way_that_ends(tmp_path: Path):
    """Killed, the sandbox cannot stop anybody. Acme notices, and lets go of what it inherited: its stderr."""
    ports = free_ports()
    reader, writer = os.pipe()
    with os.fdopen(reader) as errors, start(environment(tmp_path, ports), writer) as process:
        os.close(writer)
        greeting(process)
        with urlopen(f"http://127.0.0.1:{ports.acme}/", timeout=PATIENCE) as answer:
            assert answer.status == 200
        process.kill()
        errors.read()  # until nobody has the other end
    with socket.socket() as nobody:
        assert nobody.connect_ex(("127.0.0.1", ports.acme)) != 0
