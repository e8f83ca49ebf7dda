"""How a right answer of a played provider becomes a faulty one. What is no 200, or lacks the field, stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlencode

import jwt

from socialreg.testing import pages
from socialreg.testing.messages import FORM, JSON, Request, Response
from socialreg.testing.switchboard import Act, Switch

from . import inversion, refusal

Json = dict[str, object]
Change = Callable[[Json], Mapping[str, object]]


def changed(change: Callable[[Json, Response], object]) -> Act:
    """Return the act that changes the JSON object in an answer."""

    def act(response: Response, _request: Request, _switch: Switch) -> Response:
        if response.status != HTTPStatus.OK or response.content_type != JSON:
            return response
        body = json.loads(response.body)
        return (
            replace(response, body=json.dumps(change(body, response)).encode()) if isinstance(body, dict) else response
        )

    return act


def fields(change: Change) -> Act:
    """Return the act that changes the members of a token answer or of a document."""
    return changed(lambda body, _: change(body))


def without(name: str) -> Act:
    """Return the act that leaves one member out."""
    return fields(lambda body: {key: value for key, value in body.items() if key != name})


def member(name: str, value: object) -> Act:
    """Return the act that puts another value for one member, or adds it."""
    return fields(lambda body: {**body, name: value})


def told(name: str, value: object) -> Act:
    """Return the act that tells another value of one field of a profile, wherever the class's map has it."""

    def change(body: Json, response: Response) -> Json:
        path = response.notes.paths.get(name)
        if path:
            inversion.change(body, path, value)
        return body

    return changed(change)


def untold(name: str) -> Act:
    """Return the act that leaves one field of a profile out."""

    def change(body: Json, response: Response) -> Json:
        path = response.notes.paths.get(name)
        if path:
            inversion.remove(body, path)
        return body

    return changed(change)


def all_but_uid(value: object) -> Act:
    """Return the act that tells the same of every field of a profile but the uid."""

    def change(body: Json, response: Response) -> Json:
        for path in response.notes.paths.values():
            if path != response.notes.paths.get("uid"):
                inversion.change(body, path, value)
        return body

    return changed(change)


def claims(change: Change) -> Act:
    """Return the act that signs other claims in an ID token, with the right key."""

    def forge(body: Json, response: Response) -> Json:
        sign = response.notes.sign
        if sign is None:
            return body
        header = {"kid": response.notes.kid}
        return {**body, "id_token": sign(change(_read(body)), response.notes.algorithm, header)}

    return changed(forge)


def claimed(name: str, value: object) -> Act:
    """Return the act that makes one claim of an ID token another, or adds it."""
    return claims(lambda found: {**found, name: value})


def unclaimed(name: str) -> Act:
    """Return the act that leaves one claim of an ID token out."""
    return claims(lambda found: {key: value for key, value in found.items() if key != name})


def token(forge: Callable[[str, Json, Response], str]) -> Act:
    """Return the act that hands out another ID token.

    :param forge: makes it of the right one, its claims and the answer.
    """

    def change(body: Json, response: Response) -> Json:
        if response.notes.sign is None:
            return body
        return {**body, "id_token": forge(str(body["id_token"]), _read(body), response)}

    return changed(change)


def _read(body: Json) -> Json:
    found: Json = jwt.decode(str(body["id_token"]), options={"verify_signature": False})
    return found


def as_form(response: Response, _request: Request, _switch: Switch) -> Response:
    """Encode a token answer as a form."""
    if response.status != HTTPStatus.OK or response.content_type != JSON:
        return response
    body = {name: str(value) for name, value in json.loads(response.body).items()}
    return replace(response, body=urlencode(body).encode(), content_type=FORM)


def fail(status: int) -> Act:
    """Return the act that fails with the error word that the switch has."""

    def act(_response: Response, _request: Request, switch: Switch) -> Response:
        return refusal.error(switch.error, "A fault that is switched on.", status)

    return act


def back(change: Callable[[dict[str, str], Switch], Mapping[str, str]]) -> Act:
    """Return the act that changes what the browser brings back."""
    # Here and not in alterations: the error word is the switch's.

    def act(response: Response, _request: Request, switch: Switch) -> Response:
        if response.way is None:
            return response
        way = replace(response.way, fields=change(dict(response.way.fields), switch))
        sent = pages.send_back(way)
        return replace(sent, headers={**response.headers, **sent.headers})

    return act
