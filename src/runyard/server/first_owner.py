"""The first owner of a server, made on its database."""

from __future__ import annotations

import msgspec

from runyard.artifacts.local.syncing import make_directories
from runyard.entities.principal import LOCAL, TokenKind
from runyard.server.settings import Settings, secret_key
from runyard.server.storage import connect_for_schema, open_database
from runyard.services.access_tokens import LIFE_S, new_token
from runyard.services.first_owner import make_owner
from runyard.store.sql import schema
from runyard.store.sql.access_tokens import SqlAccessTokens
from runyard.store.sql.audit import SqlAudit
from runyard.store.sql.owners import owners
from runyard.store.sql.principals import SqlPrincipals
from runyard.store.sql.roles import SqlRoles


async def create_owner(
    settings: Settings, name: str, password: str | None, *, with_token: bool
) -> str | None:
    """Make a user the server's owner; the secret of an access token where one is asked for.

    Raises: RunyardError.
    """
    make_directories(settings.data_dir, 0o700)
    database = open_database(settings, serves=False)
    try:
        key = secret_key(settings)
        principals, audit = SqlPrincipals(database, key), SqlAudit(database, key)
        found = await make_owner(principals, SqlRoles(database, key), audit, name, password)
        if not with_token:
            return None
        secret, new = new_token(found.id, TokenKind.PERSONAL, "first token", LIFE_S)
        await SqlAccessTokens(database, key).create(msgspec.structs.replace(new, created_by=LOCAL.name))
        return secret
    finally:
        await database.close()


def has_owner(settings: Settings) -> bool:
    """Whether somebody owns the server who can log in to it. The schema is brought up to date first.

    Raises: RunyardError.
    """
    connection = connect_for_schema(settings)
    try:
        schema.upgrade(connection)
        return bool(owners(connection))
    finally:
        connection.close()
