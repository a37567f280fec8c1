//! Where the server is: one spelling per place.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::InvalidSetting;

/// The hosted service.
pub const DEFAULT_BASE_URL: &str = "https://api.execlave.com";

/// An `http` or `https` URL without trailing slashes. Plain `http` to the hosted service becomes `https`, so that a key is never
/// sent there in the clear; every other `http` URL is kept, since a server on one's own machine has no certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The URL as text, to put a path behind.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether requests are encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self(DEFAULT_BASE_URL.to_owned())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        let mut url = Url::parse(text.trim())
            .map_err(|error| InvalidSetting(format!("`{text}` is not a URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(InvalidSetting(format!(
                "`{text}` is not the address of a server; it must start with http:// or https://"
            )));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidSetting(format!(
                "`{text}` has a query or a fragment; give the address alone"
            )));
        }
        let hosted = url.host_str() == Some("api.execlave.com") && url.port().is_none();
        if url.scheme() == "http" && hosted && url.path() == "/" && url.username().is_empty() {
            // Infallible: both schemes are special and the URL has a host.
            let _ = url.set_scheme("https");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        text.parse::<BaseUrl>().expect("a base URL").to_string()
    }

    #[test]
    fn trailing_slashes_go_and_only_the_hosted_service_is_upgraded() {
        assert_eq!(normal("http://localhost:4000//"), "http://localhost:4000");
        assert_eq!(normal("HTTP://API.execlave.com/"), "https://api.execlave.com");
        assert_eq!(normal("http://api.execlave.com:8080"), "http://api.execlave.com:8080");
        assert_eq!(normal("https://proxy.example/execlave/"), "https://proxy.example/execlave");
        assert_eq!(normal("http://127.0.0.1"), "http://127.0.0.1");
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for text in ["", "localhost:4000", "ftp://example.com", "http://", "http://a/?b=c"] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text}");
        }
    }
}
