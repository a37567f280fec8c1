//! The one door out: requests to addresses that people have configured.
//!
//! Whoever may write such an address could otherwise make the server speak to its own neighbours. So a name is resolved here, every
//! address it has is checked, and the connection goes to an address that was checked; an address in the URL itself is checked as well.
//! Redirects are not followed, proxies of the environment are not used.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use reqwest::Method;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::{Host, Url};

/// More than any answer that is asked for here.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Sends requests.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// Made when it is first needed: it reads every certificate that this machine trusts, and most servers never call anybody.
    client: Arc<OnceLock<reqwest::Client>>,
    allow_private: bool,
    setting: &'static str,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The address may not be asked.
    #[error("{0}")]
    Refused(String),
    /// It does not answer in time.
    #[error("it did not answer within {0} ms")]
    Timeout(u128),
    /// It cannot be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// Its answer is larger than any should be.
    #[error("its answer is larger than {ANSWER_LIMIT} bytes")]
    TooLarge,
}

/// A status and a body.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Http {
    /// A pool of connections; none is made yet. `setting` is what allows private networks, for those who want to go there.
    pub(crate) fn new(allow_private: bool, setting: &'static str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Self { client: Arc::default(), allow_private, setting }
    }

    fn client(&self) -> &reqwest::Client {
        let resolver = Checked { allow_private: self.allow_private, setting: self.setting };
        self.client.get_or_init(|| {
            #[expect(clippy::disallowed_methods, reason = "this is the place where it is built")]
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .dns_resolver(Arc::new(resolver))
                .user_agent(concat!("execlave/", env!("CARGO_PKG_VERSION")))
                .pool_idle_timeout(Duration::from_mins(1))
                .build()
                .expect("the settings are constants")
        })
    }

    /// Why an address may not be asked, as far as the URL itself tells.
    pub(crate) fn fault(&self, url: &Url) -> Option<String> {
        if url.scheme() != "https" && !(self.allow_private && url.scheme() == "http") {
            return Some("must begin with `https://`".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Some("must not hold a user name or password: requests are signed".to_owned());
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return None,
            None => return Some("must name a host".to_owned()),
        };
        (!self.allow_private && !is_public(address)).then(|| private(self.setting))
    }

    /// Sends a JSON body and reads the answer, all within `timeout`.
    pub(crate) async fn post_json(
        &self,
        url: &Url,
        mut headers: HeaderMap,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<HttpAnswer, HttpError> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.ask(url, headers, body, timeout).await
    }

    /// Sends a body of any kind and reads the answer, all within `timeout`.
    pub(crate) async fn ask(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<HttpAnswer, HttpError> {
        self.read(self.request(Method::POST, url, headers, body)?, timeout).await
    }

    /// Reads what stands at an address, all within `timeout`.
    pub(crate) async fn get(&self, url: &Url, timeout: Duration) -> Result<HttpAnswer, HttpError> {
        self.read(self.request(Method::GET, url, HeaderMap::new(), Vec::new())?, timeout).await
    }

    async fn read(
        &self,
        request: reqwest::RequestBuilder,
        timeout: Duration,
    ) -> Result<HttpAnswer, HttpError> {
        let asking = async {
            let mut response = request.send().await.map_err(unreachable)?;
            let mut body = Vec::new();
            while let Some(part) = response.chunk().await.map_err(unreachable)? {
                if body.len() + part.len() > ANSWER_LIMIT {
                    return Err(HttpError::TooLarge);
                }
                body.extend_from_slice(&part);
            }
            Ok(HttpAnswer { status: response.status().as_u16(), body })
        };
        tokio::time::timeout(timeout, asking)
            .await
            .map_err(|_| HttpError::Timeout(timeout.as_millis()))?
    }

    /// Sends a body and gives back the status, which has to come within `timeout`. What else the answer holds is not read.
    pub(crate) async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<u16, HttpError> {
        let request = self.request(Method::POST, url, headers, body)?;
        let answered = tokio::time::timeout(timeout, request.send()).await;
        let response = answered.map_err(|_| HttpError::Timeout(timeout.as_millis()))?;
        Ok(response.map_err(unreachable)?.status().as_u16())
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<reqwest::RequestBuilder, HttpError> {
        if let Some(fault) = self.fault(url) {
            return Err(HttpError::Refused(format!("its address {fault}")));
        }
        Ok(self.client().request(method, url.clone()).headers(headers).body(body))
    }
}

/// Without the URL, which may be a secret, and with the cause that says why.
fn unreachable(error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    HttpError::Unreachable(cause.to_string())
}

fn private(setting: &str) -> String {
    format!("belongs to a private network: set `{setting}` to ask there")
}

/// Resolves names to public addresses.
struct Checked {
    allow_private: bool,
    setting: &'static str,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { allow_private, setting } = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One private address among public ones is refused too: which of them is used is not ours to choose.
            if !allow_private && found.iter().any(|address| !is_public(address.ip())) {
                return Err(format!("the host {}", private(setting)).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet (the special-purpose registries of IANA, RFC 6890 and its successors).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // Shared between a provider and its customers.
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments, and the retired relays from IPv6.
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        // Benchmarks.
        || (a == 198 && (18..20).contains(&b))
        // Reserved, and broadcast.
        || a >= 240;
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, ..] = segments;
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    // An IPv4 address in another coat: NAT64 (RFC 6052) and 6to4 (RFC 3056).
    let embedded = match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = embedded {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Only global unicast, without documentation, Teredo, benchmarks and local NAT64.
    (first & 0xe000) == 0x2000
        && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        && !(first == 0x3fff && second < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
    }

    #[test]
    fn an_address_is_judged_in_every_spelling() {
        let http = Http::new(false, "some.setting");
        let fault = |text: &str| http.fault(&text.parse().expect("a URL"));
        for bad in [
            "http://example.com/",
            "ftp://example.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://user:x@example.com/",
            "https://169.254.169.254/latest",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert_eq!(fault("https://example.com:8443/check?x=1"), None);
        let open = Http::new(true, "some.setting");
        assert_eq!(open.fault(&"http://127.0.0.1:9/".parse().expect("a URL")), None);
    }
}
