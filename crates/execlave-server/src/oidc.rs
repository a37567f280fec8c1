//! Signing in with a provider that people already have an account with: `OpenID` Connect Core 1.0, the authorization code flow with PKCE
//! (RFC 7636).
//!
//! The provider is named in the configuration, so it may be anywhere, on a private network too. What it says is believed only with its
//! signature, for this application, for this attempt and for a short time.

mod attempt;
mod discovery;
mod id_token;

use std::sync::Mutex;
use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use execlave_core::time::Timestamp;
use execlave_store::users::Role;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::config::OidcConfig;
use crate::http::{Http, HttpError};
use discovery::Provider;

pub(crate) use attempt::Attempt;
pub(crate) use id_token::Identity;

/// How long the provider may take to answer one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// For how long a provider is believed to be what it was.
const FRESH_MS: i64 = 3_600_000;

/// How soon keys are asked for again when a token names an unknown one.
const KEYS_AGAIN_MS: i64 = 60_000;

/// Speaks to the provider.
#[derive(Debug)]
pub struct Oidc {
    http: Http,
    config: OidcConfig,
    known: Mutex<Option<(Timestamp, Provider)>>,
}

/// Why somebody could not be signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    #[error("the sign-in provider cannot be asked: {0}")]
    Http(#[from] HttpError),
    #[error("the sign-in provider answered with status {0}")]
    Status(u16),
    #[error("the sign-in provider's {what} is not understood: {fault}")]
    Answer { what: &'static str, fault: String },
    #[error("the sign-in provider's token is not good: {0}")]
    Token(&'static str),
    #[error("this sign-in was not begun in this browser, or too long ago: begin again")]
    Attempt,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Oidc {
    /// Nobody has been asked yet. `None` where no provider is configured.
    pub(crate) fn new(config: &OidcConfig) -> Option<Self> {
        config.issuer.as_ref()?;
        let http = Http::new(true, "oidc.issuer");
        Some(Self { http, config: config.clone(), known: Mutex::default() })
    }

    /// What the button says.
    pub(crate) fn label(&self) -> &str {
        &self.config.label
    }

    /// The role of somebody whom nobody here knows yet; none if they stay strangers.
    pub(crate) fn new_user_role(&self) -> Option<Role> {
        self.config.new_user_role
    }

    /// Where to send the browser for this attempt.
    pub(crate) async fn address(
        &self,
        attempt: &Attempt,
        return_to: &str,
        now: Timestamp,
    ) -> Result<String, OidcError> {
        let mut url = self.provider(now).await?.authorization_endpoint;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", return_to)
            .append_pair("scope", "openid email profile")
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Turns the code that the browser came back with into who it is.
    pub(crate) async fn identify(
        &self,
        attempt: &Attempt,
        code: &str,
        return_to: &str,
        now: Timestamp,
    ) -> Result<Identity, OidcError> {
        let provider = self.provider(now).await?;
        let token = self.exchange(&provider, attempt, code, return_to).await?;
        let wanted = id_token::Wanted {
            issuer: &provider.issuer,
            client_id: &self.config.client_id,
            nonce: &attempt.nonce,
            now,
        };
        match id_token::read(&token, &provider.keys, &wanted) {
            Err(id_token::UNKNOWN_KEY) => {
                let keys = self.keys_again(now).await?;
                id_token::read(&token, &keys, &wanted).map_err(OidcError::Token)
            }
            read => read.map_err(OidcError::Token),
        }
    }

    async fn exchange(
        &self,
        provider: &Provider,
        attempt: &Attempt,
        code: &str,
        return_to: &str,
    ) -> Result<String, OidcError> {
        let (headers, body) = self.token_request(provider, attempt, code, return_to);
        let answer = self.http.ask(&provider.token_endpoint, headers, body, TIMEOUT).await?;
        let tokens: Tokens = discovery::parsed("token answer", &answer)?;
        Ok(tokens.id_token)
    }

    fn token_request(
        &self,
        provider: &Provider,
        attempt: &Attempt,
        code: &str,
        return_to: &str,
    ) -> (HeaderMap, Vec<u8>) {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", return_to)
            .append_pair("code_verifier", &attempt.verifier);
        let mut headers = HeaderMap::new();
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, content_type);
        match &self.config.client_secret {
            Some(secret) if provider.takes_basic => {
                headers.insert(AUTHORIZATION, basic(&self.config.client_id, secret));
            }
            Some(secret) => {
                form.append_pair("client_id", &self.config.client_id)
                    .append_pair("client_secret", secret);
            }
            // A public client: PKCE alone ties the code to this attempt.
            None => {
                form.append_pair("client_id", &self.config.client_id);
            }
        }
        (headers, form.finish().into_bytes())
    }

    async fn provider(&self, now: Timestamp) -> Result<Provider, OidcError> {
        if let Some(known) = self.known_since(now.minus_millis(FRESH_MS)) {
            return Ok(known);
        }
        let issuer = self.config.issuer.as_deref().unwrap_or_default();
        let provider = discovery::discover(&self.http, issuer, TIMEOUT).await?;
        self.remember(now, provider.clone());
        Ok(provider)
    }

    /// The keys as they are by now: providers replace them without notice.
    async fn keys_again(&self, now: Timestamp) -> Result<Vec<id_token::Key>, OidcError> {
        if self.known_since(now.minus_millis(KEYS_AGAIN_MS)).is_some() {
            return Err(OidcError::Token(id_token::UNKNOWN_KEY));
        }
        let issuer = self.config.issuer.as_deref().unwrap_or_default();
        let provider = discovery::discover(&self.http, issuer, TIMEOUT).await?;
        self.remember(now, provider.clone());
        Ok(provider.keys)
    }

    fn known_since(&self, since: Timestamp) -> Option<Provider> {
        let known = self.known.lock().ok()?;
        known.as_ref().filter(|(at, _)| *at > since).map(|(_, provider)| provider.clone())
    }

    fn remember(&self, now: Timestamp, provider: Provider) {
        if let Ok(mut known) = self.known.lock() {
            *known = Some((now, provider));
        }
    }
}

/// RFC 6749 section 2.3.1: both halves are form-encoded first.
fn basic(id: &str, secret: &str) -> HeaderValue {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    let mut value =
        HeaderValue::try_from(format!("Basic {pair}")).expect("base64 is visible ASCII");
    value.set_sensitive(true);
    value
}

/// An address of the provider. Without TLS only this machine is asked.
fn address(what: &'static str, text: &str) -> Result<Url, OidcError> {
    let fault = |fault: String| OidcError::Answer { what, fault };
    let url: Url = text.parse().map_err(|error| fault(format!("`{text}`: {error}")))?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && here) {
        Ok(url)
    } else {
        Err(fault(format!("`{text}` does not begin with `https://`")))
    }
}
