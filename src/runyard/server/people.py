"""Composition of what is about people: who they are, what they may do, what they did."""

from __future__ import annotations

from runyard.server.access import Access
from runyard.server.routes.api import audit, login, principals, roles, tokens
from runyard.server.routing import Route
from runyard.server.session_cookies import SessionCookies
from runyard.server.settings import Settings
from runyard.services.access_tokens import AccessTokenService
from runyard.services.audit import AuditTrail
from runyard.services.audit_log import AuditLogService
from runyard.services.login import LoginService
from runyard.services.principals import PrincipalService
from runyard.services.roles import RoleService
from runyard.store.sql.access_tokens import SqlAccessTokens
from runyard.store.sql.audit import SqlAudit
from runyard.store.sql.database import Database
from runyard.store.sql.principals import SqlPrincipals
from runyard.store.sql.roles import SqlRoles


def people_routes(
    database: Database, key: bytes, access: Access, trail: AuditTrail, settings: Settings
) -> list[Route]:
    """All routes about people.

    Args:
        key: the server's secret; keys of single purposes are derived from it.
    """
    identity, keep_owner, changed = access.identity, settings.needs_login, access.forget
    principal_store = SqlPrincipals(database, key)
    token_service = AccessTokenService(
        SqlAccessTokens(database, key), principal_store, identity, changed=changed
    )
    cookies = SessionCookies(secure=settings.is_secure)
    return [
        *principals.routes(
            PrincipalService(principal_store, identity, keep_owner=keep_owner, changed=changed)
        ),
        *tokens.routes(token_service),
        *roles.routes(RoleService(SqlRoles(database, key), identity, keep_owner=keep_owner, changed=changed)),
        *login.routes(
            LoginService(identity, token_service, trail), token_service, cookies, settings.oidc_issuer or None
        ),
        *audit.routes(AuditLogService(SqlAudit(database, key))),
    ]
