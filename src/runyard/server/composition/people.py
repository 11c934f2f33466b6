"""Composition of what is about people: who they are, what they may do, what they did."""

from __future__ import annotations

from runyard.server.composition.foundation import Foundation
from runyard.server.oidc_provider import OidcProvider
from runyard.server.routes.api import audit, login, oidc, principals, roles, tokens
from runyard.server.routing import Route
from runyard.server.session_cookies import SessionCookies
from runyard.services.access_tokens import AccessTokenService
from runyard.services.audit_log import AuditLogService
from runyard.services.login import LoginService
from runyard.services.oidc import OidcLogin
from runyard.services.oidc_people import OidcPeople
from runyard.services.principals import PrincipalService
from runyard.services.roles import RoleService
from runyard.store.sql.access_tokens import SqlAccessTokens
from runyard.store.sql.audit import SqlAudit
from runyard.store.sql.principals import SqlPrincipals
from runyard.store.sql.roles import SqlRoles


def people_routes(base: Foundation) -> list[Route]:
    """All routes about people."""
    database, key, settings, trail = base.database, base.key, base.settings, base.trail
    identity, keep_owner, changed = base.access.identity, settings.needs_login, base.access.forget
    principal_store = SqlPrincipals(database, key)
    token_service = AccessTokenService(
        SqlAccessTokens(database, key), principal_store, identity, changed=changed
    )
    cookies = SessionCookies(secure=settings.is_secure)
    role_store = SqlRoles(database, key)
    login_service = LoginService(identity, token_service, trail)
    oidc_login = None
    if settings.oidc_issuer:
        people = OidcPeople(
            settings.oidc_issuer,
            principal_store,
            role_store,
            trail,
            owners=settings.oidc_owners,
            changed=changed,
        )
        provider = OidcProvider(
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret,
            settings.oidc_groups_claim,
        )
        oidc_login = OidcLogin(provider, people, login_service, trail, key)
    return [
        *principals.routes(
            PrincipalService(
                principal_store,
                identity,
                keep_owner=keep_owner,
                owners=settings.oidc_owners if settings.oidc_issuer else "",
                changed=changed,
            ),
            base.access.csrf,
        ),
        *tokens.routes(token_service),
        *roles.routes(RoleService(role_store, identity, keep_owner=keep_owner, changed=changed)),
        *login.routes(login_service, token_service, cookies, base.access.csrf, settings.oidc_issuer or None),
        *oidc.routes(oidc_login, cookies, settings.public_url),
        *audit.routes(AuditLogService(SqlAudit(database, key), identity.find_workspace)),
    ]
