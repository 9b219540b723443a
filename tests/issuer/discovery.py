# SPDX-License-Identifier: Apache-2.0
"""The provider root, the metadata document and the JWK set."""

from urllib.parse import urlsplit

from . import answers, claims, config, keys, pages, tokens

RESPONSE_TYPES = ["code", "id_token", "id_token token", "code token", "code id_token", "code id_token token"]
GRANT_TYPES = ["authorization_code", "refresh_token", "implicit", "client_credentials", "password",
               config.DEVICE_GRANT]


def provider_root(app, request, slug):
    if app.provider_by_slug(slug) is None:
        return pages.not_found(app.settings)
    return answers.redirect(f"/application/o/{slug}/.well-known/openid-configuration")


def metadata(app, request, slug):
    provider = app.provider_by_slug(slug)
    if provider is None:
        return pages.not_found(app.settings)
    document = config.merge(document_of(app, request, provider), provider["discovery_patch"])
    return allow_origin(answers.indented_json(document), request, provider)


def document_of(app, request, provider):
    """The members in the order of the real document."""
    shared, own = app.url(request, "/application/o/"), app.url(request, f"/application/o/{provider['slug']}/")
    document = {
        "issuer": app.issuer(request, provider), "authorization_endpoint": shared + "authorize/",
        "token_endpoint": shared + "token/", "userinfo_endpoint": shared + "userinfo/",
        "end_session_endpoint": own + "end-session/", "introspection_endpoint": shared + "introspect/",
        "revocation_endpoint": shared + "revoke/", "device_authorization_endpoint": shared + "device/",
        "backchannel_logout_supported": True, "backchannel_logout_session_supported": True}
    if provider["behaviour"]["frontchannel"]:
        document |= {"frontchannel_logout_supported": True, "frontchannel_logout_session_supported": True}
    document |= {
        "response_types_supported": RESPONSE_TYPES, "response_modes_supported": ["query", "fragment", "form_post"],
        "jwks_uri": own + "jwks/", "grant_types_supported": GRANT_TYPES,
        "id_token_signing_alg_values_supported": [signing_algorithm(app, provider)],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "acr_values_supported": [claims.ACR], "scopes_supported": advertised_scopes(provider),
        "request_parameter_supported": False, "claims_supported": claims.advertised_claims(provider),
        "claims_parameter_supported": False, "code_challenge_methods_supported": ["plain", "S256"]}
    if provider["encryption_key"]:
        document |= {"id_token_encryption_alg_values_supported": ["RSA-OAEP-256"],
                     "id_token_encryption_enc_values_supported": ["A256CBC-HS512"]}
    if provider["advertise_iss"]:
        document["authorization_response_iss_parameter_supported"] = True
    return document


def signing_algorithm(app, provider):
    """One name. The document of a provider whose key lacks its private part still names the algorithm."""
    if provider["signing"] == "none":
        return "HS256"
    if provider["key_without_private"]:
        return keys.ALGORITHMS[provider["signing"]]
    return tokens.signing_key(app, provider).alg


def advertised_scopes(provider):
    names = provider.scopes()
    return names if "openid" in names else [*names, "openid"]


def jwks(app, request, slug):
    provider = app.provider_by_slug(slug)
    if provider is None:
        return pages.not_found(app.settings)
    published = published_keys(app, provider)
    body = {"keys": published} if published else {}
    return answers.spaced_json(body, [("access-control-allow-origin", "*")])


def published_keys(app, provider):
    found = []
    if provider["signing"] != "none" and not provider["key_without_private"]:
        tokens.signing_key(app, provider)  # fails for a key that breaks the server
        if provider["publish_signing"]:
            found.append(app.keys.get(provider["signing"]).jwk())
    for number, kind in enumerate(provider["second_signing"], 1):
        found.append(app.keys.get(kind, f"-second{number}").jwk())
    if provider["encryption_key"]:
        found.append(tokens.encryption_key(app, provider).encryption_jwk())
    found = [{name: value for name, value in key.items() if name not in provider["jwk_omit"]} for key in found]
    return [*provider["extra_jwks_first"], *found, *provider["extra_jwks"]]


def allow_origin(response, request, provider):
    """CORS as the real server: only the origin of a registered redirect URI is echoed."""
    origin = request.header("origin")
    if origin and provider is not None and origin in registered_origins(provider):
        response.headers.append(("access-control-allow-origin", origin))
    return response


def registered_origins(provider):
    found = set()
    for entry in provider["redirect_uris"]:
        parts = urlsplit(entry["url"]) if entry.get("mode", "strict") == "strict" else None
        if parts:
            found.add(f"{parts.scheme}://{parts.netloc}")
    return found
