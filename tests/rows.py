"""Users and accounts by the million, made by the database itself in seconds."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

_USERS = """
INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
    date_joined)
SELECT i, '', {false}, 'person' || i, 'Given', 'Family', 'Person' || i || '@Example.com', {false}, {true}, '2020-01-01'
FROM {numbers}
"""
_ACCOUNTS = """
INSERT INTO socialreg_socialaccount (id, user_id, provider, issuer, subject, identity, username, full_name,
    first_name, last_name, email, email_verified, picture, profile_url, locale, profile, sealed_credentials, scope,
    refreshable, lost_code, created_at, used_at)
SELECT i, i, 'twitter', 'https://x.com', {text}, {hexadecimal}, 'person' || i, 'Given Family',
    'Given', 'Family', 'Person' || i || '@example.com', {true}, 'https://pbs.example.com/' || i,
    'https://x.com/person' || i, '', '{{}}', '', '', {false}, '', '2020-01-01', '2020-01-01'
FROM {numbers}
"""
_SESSIONS = """
INSERT INTO django_session (session_key, session_data, expire_date)
SELECT 'session' || i, '', '2099-01-01' FROM {numbers} WHERE i <= {sessions}
"""
_WORDS = {
    "sqlite": {
        "numbers": "(WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i+1 FROM n LIMIT {million}) SELECT i FROM n)",
        "text": "'' || i",
        "hexadecimal": "printf('%064x', i)",
        "false": "0",
        "true": "1",
    },
    "postgresql": {
        "numbers": "generate_series(1, {million}) AS i",
        "text": "i::text",
        "hexadecimal": "lpad(to_hex(i), 64, '0')",
        "false": "false",
        "true": "true",
    },
}
#: Nothing here must outlive a power failure, and every row is right as it stands.
_HURRY = {
    "sqlite": ["PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000"],
    "postgresql": ["SET synchronous_commit = off", "SET session_replication_role = replica"],
}
_NEXT_ID = {
    "sqlite": "",
    "postgresql": "SELECT setval(pg_get_serial_sequence('{table}', 'id'), {million})",
}
_TABLES = ("auth_user", "socialreg_socialaccount")


def fill(connection: BaseDatabaseWrapper, rows: int) -> None:
    """Make ``rows`` users, each with an account, and a tenth as many sessions."""
    words = {name: text.format(million=rows) for name, text in _WORDS[connection.vendor].items()}
    insert = [text.format(**words, sessions=rows // 10) for text in (_USERS, _ACCOUNTS, _SESSIONS)]
    follow = [_NEXT_ID[connection.vendor].format(table=table, million=rows) for table in _TABLES]
    with connection.cursor() as cursor:
        for statement in filter(None, (*_HURRY[connection.vendor], *insert, *follow)):
            cursor.execute(statement)
    connection.close()  # and with it what was set for the hurry
