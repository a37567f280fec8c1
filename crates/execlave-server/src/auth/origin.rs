//! Where a request comes from, as far as anybody can tell: for the list of sessions, and to slow down who guesses passwords.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::state::AppState;

/// More of a browser's name helps nobody.
const USER_AGENT_LENGTH: usize = 256;

/// Where a request comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The IP address; none where there is no connection, such as in tests.
    pub(crate) address: Option<String>,
    /// What the program says it is.
    pub(crate) user_agent: Option<String>,
}

impl FromRequestParts<AppState> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let header = state.config.sign_in.client_address_header.as_str();
        let address = forwarded(&parts.headers, header).or(peer);
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self {
            address: address.map(|address| address.to_canonical().to_string()),
            user_agent: agent.map(|agent| agent.chars().take(USER_AGENT_LENGTH).collect()),
        })
    }
}

/// The last address in the header is what the nearest proxy saw; those before it are the client's own claims.
fn forwarded(headers: &HeaderMap, name: &str) -> Option<IpAddr> {
    if name.is_empty() {
        return None;
    }
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_nearest_proxy_is_believed_and_only_where_there_is_one() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.9, 192.0.2.7"));
        assert_eq!(forwarded(&headers, ""), None);
        assert_eq!(forwarded(&headers, "x-real-ip"), None);
        assert_eq!(forwarded(&headers, "X-Forwarded-For"), "192.0.2.7".parse().ok());
        headers.append("x-forwarded-for", HeaderValue::from_static("192.0.2.8"));
        assert_eq!(forwarded(&headers, "x-forwarded-for"), "192.0.2.8".parse().ok());
        headers.append("x-forwarded-for", HeaderValue::from_static("unknown"));
        assert_eq!(forwarded(&headers, "x-forwarded-for"), None);
    }
}
