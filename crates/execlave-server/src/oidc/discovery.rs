//! What a provider says about itself: `OpenID` Connect Discovery 1.0, and its keys (RFC 7517).

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::id_token::Key;
use super::{OidcError, address};
use crate::http::{Http, HttpAnswer};

/// A provider.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    /// Whether it takes this application's password in the header; else it goes into the form.
    pub(super) takes_basic: bool,
    pub(super) keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// Asks a provider what it is.
pub(super) async fn discover(
    http: &Http,
    issuer: &str,
    timeout: Duration,
) -> Result<Provider, OidcError> {
    let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let place = address("issuer", &place)?;
    let metadata: Metadata = parsed("description", &http.get(&place, timeout).await?)?;
    // Otherwise one provider could speak for another.
    if metadata.issuer != issuer {
        let fault =
            format!("it calls itself `{}` and is configured as `{issuer}`", metadata.issuer);
        return Err(OidcError::Answer { what: "description", fault });
    }
    let keys = address("`jwks_uri`", &metadata.jwks_uri)?;
    let keys: KeySet = parsed("key set", &http.get(&keys, timeout).await?)?;
    // The default where it says nothing is the header.
    let methods = metadata.token_endpoint_auth_methods_supported;
    Ok(Provider {
        authorization_endpoint: address(
            "`authorization_endpoint`",
            &metadata.authorization_endpoint,
        )?,
        token_endpoint: address("`token_endpoint`", &metadata.token_endpoint)?,
        takes_basic: methods
            .is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")),
        issuer: metadata.issuer,
        // Kinds of key that are not known here are none.
        keys: keys.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect(),
    })
}

/// The JSON of a good answer.
pub(super) fn parsed<T: DeserializeOwned>(
    what: &'static str,
    answer: &HttpAnswer,
) -> Result<T, OidcError> {
    if answer.status != 200 {
        return Err(OidcError::Status(answer.status));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| OidcError::Answer { what, fault: error.to_string() })
}
