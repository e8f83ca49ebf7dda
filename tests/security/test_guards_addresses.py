"""The guards of where a connection goes, each at its very edge: which addresses, how many questions, how long."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator

import pytest

from socialreg.addresses import Gate, dial, is_public
from socialreg.deadlines import CONNECT_SECONDS, Fault, deadline
from tests.servers import Server, keep_alive

PUBLIC, OTHER = "9.9.9.9", "8.8.4.4"


def found(*addresses: str) -> list[tuple[object, ...]]:
    """Return what getaddrinfo says of a name with these addresses."""
    return [(_family(address), socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found(*addresses))


def fault(host: str = "provider.test", *names: str, plain: bool = False) -> Fault:
    with pytest.raises(Fault) as raised:
        Gate(frozenset(names)).addresses(host, 443, plain=plain)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return raised.value


class TestPublic:
    @pytest.mark.parametrize(
        "address",
        [
            *(PUBLIC, "2606:4700::1", "::ffff:9.9.9.9", "64:ff9b::9.9.9.9", "2002:909:909::1"),
            *("2001:4860:4860::8888", "3fff:ffff::1", "192.0.1.0", "223.255.255.255"),
        ],
    )
    def test_what_is_out_in_the_internet(self, address):
        assert is_public(ipaddress.ip_address(address)) is True

    @pytest.mark.parametrize(
        "address",
        [
            *("127.0.0.1", "10.0.0.1", "169.254.169.254", "224.0.0.1", "239.255.255.255", "0.0.0.0", "100.64.0.1"),
            *("::1", "fe80::1", "fc00::1", "ff0e::1", "2001:db8::1", "4000::1", "1fff::1", "::"),
            *("::ffff:10.0.0.1", "::ffff:224.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254"),
            *("64:ff9b::e000:1", "2002:a00:1::1", "2002:7f00:1::1", "64:ff9b:1::9.9.9.9"),
        ],
    )
    def test_what_is_not(self, address):
        assert is_public(ipaddress.ip_address(address)) is False


class TestNames:
    def test_hosts_are_named_bare_in_brackets_or_with_their_port(self):
        assert Gate(frozenset({"op.test"})).knows("op.test", 443)
        assert Gate(frozenset({"op.test:443"})).knows("op.test", 443)
        assert not Gate(frozenset({"op.test:443"})).knows("op.test", 444)
        assert not Gate(frozenset({"op.test"})).knows("other.test", 443)
        assert not Gate(frozenset()).knows("", 443)
        for name in ("::1", "[::1]", "[::1]:443"):
            assert Gate(frozenset({name})).knows("::1", 443)
        assert not Gate(frozenset({"::1:443"})).knows("::1", 443)


class TestAddresses:
    def test_all_that_were_checked_come_back_as_they_are_dialled(self, monkeypatch):
        leads_to(monkeypatch, PUBLIC, "2606:4700::1")
        expected = [(socket.AF_INET, (PUBLIC, 443)), (socket.AF_INET6, ("2606:4700::1", 443))]
        assert Gate(frozenset()).addresses("provider.test", 443, plain=False) == expected

    def test_streams_are_asked_for(self, monkeypatch):
        asked: list[object] = []
        monkeypatch.setattr("socket.getaddrinfo", lambda *told, **more: asked.append((told, more)) or found(PUBLIC))
        Gate(frozenset()).addresses("provider.test", 443, plain=False)
        assert asked == [(("provider.test", 443), {"type": socket.SOCK_STREAM})]

    @pytest.mark.parametrize("addresses", [["10.0.0.1"], [PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC]])
    def test_one_that_is_not_public_spoils_them_all(self, monkeypatch, addresses):
        leads_to(monkeypatch, *addresses)
        assert fault().code == "private-address"
        assert len(Gate(frozenset({"provider.test"})).addresses("provider.test", 443, plain=False)) == len(addresses)

    @pytest.mark.parametrize("address", [PUBLIC, "10.0.0.1", "::ffff:127.0.0.1", "127.0.0.1"])
    def test_in_the_clear_nothing_goes_to_who_is_not_named(self, monkeypatch, address):
        leads_to(monkeypatch, address)
        error = fault(plain=True)
        assert (error.code, "it is not named in PRIVATE_HOSTS" in error.cause) == ("not-https", True)

    @pytest.mark.parametrize("address", [PUBLIC, "10.0.0.1", "::ffff:127.0.0.1"])
    def test_in_the_clear_nothing_leaves_this_machine(self, monkeypatch, address):
        leads_to(monkeypatch, address)
        error = fault("provider.test", "provider.test", plain=True)
        assert (error.code, "may not leave this machine" in error.cause) == ("not-https", True)

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
    def test_on_this_machine_it_may_be_in_the_clear(self, monkeypatch, address):
        leads_to(monkeypatch, address)
        assert Gate(frozenset({"provider.test"})).addresses("provider.test", 443, plain=True)


class TestLookUp:
    @pytest.mark.parametrize("error", [socket.gaierror(8, "secret"), UnicodeError("secret")])
    def test_a_name_that_leads_nowhere_is_said_to_and_frees_its_place(self, monkeypatch, error):
        def fail(*told: object, **more: object) -> object:
            raise error

        monkeypatch.setattr("socket.getaddrinfo", fail)
        gate = Gate(frozenset())
        for _ in range(9):
            with deadline(5), pytest.raises(Fault) as raised:
                gate.addresses("provider.test", 443, plain=False)
            assert raised.value.code == "dns"

    def test_a_machine_without_a_thread_to_spare_says_so_and_keeps_its_places(self, monkeypatch):
        def fail(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        gate = Gate(frozenset())
        with monkeypatch.context() as patched:
            patched.setattr("threading.Thread.start", fail)
            for _ in range(9):
                with deadline(5), pytest.raises(Fault) as raised:
                    gate.addresses("provider.test", 443, plain=False)
                assert (raised.value.code, raised.value.__suppress_context__) == ("dns", True)
        leads_to(monkeypatch, PUBLIC)
        assert gate.addresses("provider.test", 443, plain=False)

    def test_eight_hang_at_once_and_the_ninth_is_not_begun(self, monkeypatch):
        let_go, begun = threading.Event(), []

        def hang(*told: object, **more: object) -> object:
            begun.append(told)
            let_go.wait(20)
            return found(PUBLIC)

        monkeypatch.setattr("socket.getaddrinfo", hang)
        gate = Gate(frozenset())
        try:
            for _ in range(9):
                with deadline(0.02), pytest.raises(Fault) as raised:
                    gate.addresses("provider.test", 443, plain=False)
                assert (raised.value.code, raised.value.__suppress_context__ or not raised.value.__context__) == (
                    "timeout",
                    True,
                )
            hanging = [each for each in threading.enumerate() if each.name.endswith("(_ask)")]
            assert len(begun) == len(hanging) == 8
            assert all(each.daemon for each in hanging), "the process would wait for them at its end"
        finally:
            let_go.set()
        leads_to(monkeypatch, PUBLIC)
        assert gate.addresses("provider.test", 443, plain=False)

    def test_each_process_has_places_of_its_own(self):
        assert Gate(frozenset())._free is not Gate(frozenset())._free


class TestDial:
    @pytest.fixture
    def server(self) -> Iterator[Server]:
        with Server(keep_alive()) as server:
            yield server

    @pytest.fixture
    def made(self, monkeypatch) -> list[tuple[socket.socket, float | None]]:
        """All sockets that are connected, and the seconds that each had for it."""
        all_of_them: list[tuple[socket.socket, float | None]] = []

        class Noted(socket.socket):
            def connect(self, where: object) -> None:
                all_of_them.append((self, self.gettimeout()))
                super().connect(where)  # type: ignore[arg-type]

        monkeypatch.setattr("socket.socket", Noted)
        return all_of_them

    def test_what_is_sent_leaves_at_once(self, server):
        with dial([(socket.AF_INET, ("127.0.0.1", server.port))]) as sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    @pytest.mark.parametrize(("count", "share"), [(1, 1), (2, 2), (3, 3), (5, 3)])
    def test_none_uses_up_the_time_of_the_next_and_what_failed_is_closed(self, server, made, count, share):
        closed = (socket.AF_INET, ("127.0.0.1", 1))
        with dial([closed] * (count - 1) + [(socket.AF_INET, ("127.0.0.1", server.port))]) as sock:
            assert [seconds for _, seconds in made] == [CONNECT_SECONDS / share] * count
            assert [each.fileno() for each, _ in made[:-1]] == [-1] * (count - 1)
            assert sock is made[-1][0]

    def test_of_several_that_fail_the_last_one_is_told_of_and_all_are_closed(self, made):
        with pytest.raises(Fault) as raised:
            dial([(socket.AF_INET, ("127.0.0.1", 1)), (socket.AF_INET, ("127.0.0.1", 2))])
        assert (raised.value.code, raised.value.cause) == ("connection", "connecting failed: Connection refused")
        assert [each.fileno() for each, _ in made] == [-1, -1]

    def test_the_deadline_of_all_is_heeded(self, server, made):
        with deadline(0.5), dial([(socket.AF_INET, ("127.0.0.1", server.port))]):
            [(_, seconds)] = made
            assert 0 < seconds <= 0.5
