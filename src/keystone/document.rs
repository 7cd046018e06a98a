//! The documents about tokens and projects, in v3's form.

use serde_json::{Value, json};

use super::catalog;
use super::public_url::PublicUrl;
use crate::http::date::format_swift;
use crate::identity::{Domain, Identity, TokenInfo};
use crate::model::Timestamp;

/// The body of a token response.
pub(super) fn token(info: &TokenInfo, public_url: &PublicUrl, with_catalog: bool) -> Value {
    let mut token = json!({
        "methods": info.methods,
        "user": {
            "id": info.user.id.as_str(),
            "name": info.user.name,
            "domain": domain(&info.user.domain),
            "password_expires_at": null,
        },
        "audit_ids": [info.id],
        "issued_at": time(info.issued),
        "expires_at": time(info.expires),
    });
    if let Some(identity) = &info.identity {
        token["project"] = json!({
            "id": identity.account.as_str(),
            "name": identity.account_name,
            "domain": domain(&identity.account_domain),
        });
        token["is_domain"] = json!(false);
        token["roles"] = roles(identity);
        if with_catalog {
            token["catalog"] = catalog::version_three(public_url, &identity.account);
        }
    }
    json!({"token": token})
}

/// The body of a list of projects.
pub(super) fn projects(identities: &[Identity], public_url: &PublicUrl) -> Value {
    let projects: Vec<_> = identities.iter().map(|identity| project(identity, public_url)).collect();
    json!({"projects": projects, "links": links(&public_url.join("/v3/auth/projects"))})
}

/// The links of a list that has only one page.
pub(super) fn links(url: &str) -> Value {
    json!({"self": url, "previous": null, "next": null})
}

/// The roles of an identity. Their names are their ids.
pub(super) fn roles(identity: &Identity) -> Value {
    identity.roles.iter().map(|name| json!({"id": name, "name": name})).collect()
}

fn project(identity: &Identity, public_url: &PublicUrl) -> Value {
    let id = identity.account.as_str();
    json!({
        "id": id,
        "name": identity.account_name,
        "domain_id": identity.account_domain.id,
        "parent_id": identity.account_domain.id,
        "description": "",
        "enabled": true,
        "is_domain": false,
        "tags": [],
        "options": {},
        "links": {"self": public_url.join(&format!("/v3/projects/{id}"))},
    })
}

fn domain(domain: &Domain) -> Value {
    json!({"id": domain.id, "name": domain.name})
}

fn time(at: Timestamp) -> String {
    format!("{}Z", format_swift(at))
}
