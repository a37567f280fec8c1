//! The hosts an action names, in one spelling, however they are disguised.
//!
//! Recognised are URLs of any scheme, `//host/…`, `www.…`, and bare names and addresses. The URL standard's
//! own rules (WHATWG) bring a host into its normal form: international names become punycode, full-width
//! letters and dots become plain, user information and ports are set aside, and IPv4 addresses in decimal,
//! octal or hexadecimal become dotted. Addresses inside IPv6 (mapped, NAT64, 6to4) are judged by the IPv4
//! address they carry. URLs inside URLs (parameters, paths, fragments, percent-encoded up to three times) count
//! as well, because a redirect goes there.

mod tokens;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use url::Url;

use crate::decision::Evidence;
use crate::detect::text;
use crate::redact;

use super::Occasion;

/// A host in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// Lower-case punycode, a dotted IPv4 address, or an IPv6 address without brackets.
    pub(crate) name: String,
    /// Local, private, reserved, or a name that only means something inside a network.
    pub(crate) private: bool,
}

impl Host {
    /// Whether it is an address and not a name.
    pub(crate) fn is_address(&self) -> bool {
        self.name.parse::<IpAddr>().is_ok()
    }
}

/// One mention of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `None` for a URL whose host cannot be read.
    pub(crate) host: Option<Host>,
    /// Only a name in running text: it may be a file or a version, so it can be denied and not be missed in
    /// an allow list.
    pub(crate) is_bare: bool,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
}

/// The mentions in one text.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    field: String,
    content: &'a str,
    pub(crate) readings: Vec<Reading>,
}

impl Place<'_> {
    pub(crate) fn evidence(&self, reading: &Reading) -> Evidence {
        Evidence {
            field: self.field.clone(),
            start: text::scalar_offset(self.content, reading.range.start),
            end: text::scalar_offset(self.content, reading.range.end),
            excerpt: redact::excerpt(self.content, reading.range.clone()),
        }
    }
}

/// Places with at least one mention: the input, strings in the metadata, what tools were asked.
pub(crate) fn find<'a>(occasion: &Occasion<'a>) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    let action = occasion.action;
    if occasion.phase != super::Phase::Tool {
        let readings = read(&action.input);
        if !readings.is_empty() {
            places.push(Place { field: "input".into(), content: &action.input, readings });
        }
        if let Some(metadata) = &action.metadata {
            let entries = metadata.iter().rev();
            let entries = entries.map(|(key, value)| (None, Segment::Key(key), value)).collect();
            walk("metadata", entries, &mut places);
        }
    }
    for (index, tool) in action.tool_outputs.iter().enumerate() {
        if let Some(input) = &tool.input {
            let root = format!("toolOutputs[{index}]");
            walk(&root, vec![(None, Segment::Key("input"), input)], &mut places);
        }
    }
    places
}

/// One step of a path.
#[derive(Debug, Clone, Copy)]
enum Segment<'a> {
    Key(&'a str),
    Index(usize),
}

/// Every string. Own stack: depth costs memory and not the thread. Paths are written only where a host is.
fn walk<'a>(
    root: &str,
    mut waiting: Vec<(Option<usize>, Segment<'a>, &'a Value)>,
    places: &mut Vec<Place<'a>>,
) {
    // Containers on the way, each with the one it is in.
    let mut parents: Vec<(Option<usize>, Segment<'a>)> = Vec::new();
    while let Some((parent, segment, value)) = waiting.pop() {
        let here = Some(parents.len());
        match value {
            Value::String(content) => {
                let readings = read(content);
                if !readings.is_empty() {
                    let field = path(root, &parents, parent, segment);
                    places.push(Place { field, content, readings });
                }
            }
            Value::Array(items) => {
                parents.push((parent, segment));
                let items = items.iter().enumerate().rev();
                waiting.extend(items.map(|(index, item)| (here, Segment::Index(index), item)));
            }
            Value::Object(map) => {
                parents.push((parent, segment));
                waiting.extend(map.iter().rev().map(|(key, item)| (here, Segment::Key(key), item)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn path(
    root: &str,
    parents: &[(Option<usize>, Segment<'_>)],
    mut parent: Option<usize>,
    last: Segment<'_>,
) -> String {
    let mut segments = vec![last];
    while let Some((above, segment)) = parent.and_then(|place| parents.get(place)) {
        segments.push(*segment);
        parent = *above;
    }
    let mut path = root.to_owned();
    for segment in segments.iter().rev() {
        match segment {
            Segment::Key(key) => {
                path.push('.');
                path.push_str(&redact::redact_text(key));
            }
            Segment::Index(index) => {
                // Writing to a `String` cannot fail.
                let _ = write!(path, "[{index}]");
            }
        }
    }
    path
}

/// In a token: a scheme and a slash or backslash, a web scheme alone, two slashes, or something with a dot in it.
/// `None` only if it is not a valid expression, which the tests rule out.
static MENTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?P<url> [a-zA-Z][a-zA-Z0-9+.-]{0,31}: [/\\] .* | (?i:https?|wss?|ftp): .+ )
        | (?P<slashes> [/\\]{2} [^/\\] .* )
        | (?P<bare> \[? [\p{L}\p{N}_:-]+ (?: [.\u{3002}\u{ff0e}\u{ff61}] [\p{L}\p{N}_-]+ )+ \.? \]?
            (?: : [0-9]{1,5} )? (?: [/?\#] .* )? )
        | (?P<six> \[ [0-9a-fA-F:.]+ \] )
        ",
    )
    .ok()
});

/// How often a URL inside a URL is followed.
const DEPTH: usize = 3;

/// All mentions in one text.
pub(crate) fn read(content: &str) -> Vec<Reading> {
    let mut readings = Vec::new();
    let Some(pattern) = MENTION.as_ref() else { return readings };
    for (at, token) in tokens::naming(content) {
        for found in pattern.captures_iter(token) {
            let Some(whole) = found.get(0) else { continue };
            let is_url = found.name("url").is_some();
            let is_slashes = found.name("slashes").is_some();
            let range = at.saturating_add(whole.start())..at.saturating_add(whole.end());
            mention(whole.as_str(), is_url, is_slashes, range, &mut readings);
        }
    }
    readings
}

fn mention(
    token: &str,
    is_url: bool,
    is_slashes: bool,
    range: Range<usize>,
    readings: &mut Vec<Reading>,
) {
    let token = token.trim_end_matches(['.', '!', '?', ':', ']']);
    let mut push = |host, is_bare| readings.push(Reading { host, is_bare, range: range.clone() });
    if is_url || is_slashes {
        let rest = if is_url { token.split_once(':').map_or("", |(_, rest)| rest) } else { token };
        let has_host = rest.trim_start_matches(['/', '\\']).chars().next().is_some();
        // `file:///tmp` and `c:\dir` lead nowhere outside.
        let local = is_url && is_path(token);
        if has_host && !local {
            push(url_host(rest), false);
        }
        inner(rest, DEPTH, &range, readings);
        return;
    }
    // A name alone: an address, `www.` or something with a port or path is meant as a host.
    let end = token.find(['/', '?', '#']).unwrap_or(token.len());
    let (name, tail) = token.split_at_checked(end).unwrap_or((token, ""));
    let Some(host) = url_host(name) else { return };
    let is_address = host.is_address();
    let has_port = name.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_www = host.name.starts_with("www.");
    if is_address {
        // A version number is no address worth refusing; a private address is.
        if host.private || has_port || !tail.is_empty() {
            push(Some(host), !has_port && tail.is_empty());
        }
    } else if name_like(&host.name) {
        let meant = has_port || tail.starts_with('/') || is_www;
        push(Some(host), !meant);
        inner(tail, DEPTH, &range, readings);
    }
}

/// A drive letter, or a scheme without a host.
fn is_path(token: &str) -> bool {
    let Some((scheme, rest)) = token.split_once(':') else { return false };
    scheme.len() == 1
        || (scheme.eq_ignore_ascii_case("file") && rest.starts_with("///"))
        || ["mailto", "data", "urn", "tel", "javascript", "about"]
            .iter()
            .any(|other| scheme.eq_ignore_ascii_case(other))
}

/// The last label of a name in running text is a word of letters, or punycode.
fn name_like(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.')
        && last.len() >= 2
        && (last.starts_with("xn--") || last.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// URLs in what follows a host.
fn inner(rest: &str, depth: usize, range: &Range<usize>, readings: &mut Vec<Reading>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let rest = rest.trim_start_matches(['/', '\\']);
    let Some(start) = rest.find(['/', '?', '#', '\\']) else { return };
    let tail = rest.get(start..).unwrap_or_default();
    let decoded = decode(tail);
    for part in decoded.split(['?', '&', '#', ';', '=']) {
        let lower = part.to_ascii_lowercase();
        // Where in the part another URL begins: `https://…`, `//…`, `\\…`.
        let begins = ["http:", "https:", "ftp:", "ws:", "wss:", "://"]
            .iter()
            .filter_map(|scheme| lower.find(scheme))
            .min();
        let after = match begins {
            Some(at) => part.get(at..).and_then(|url| url.split_once(':')).map(|(_, rest)| rest),
            None => part.strip_prefix("//").or_else(|| part.strip_prefix("\\\\")),
        };
        let Some(after) = after.filter(|after| !after.trim_start_matches(['/', '\\']).is_empty())
        else {
            continue;
        };
        readings.push(Reading { host: url_host(after), is_bare: false, range: range.clone() });
        inner(after, depth, range, readings);
    }
}

/// Percent-decoded, up to three times: each layer of redirection adds one.
fn decode(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..DEPTH {
        if !text.contains('%') {
            break;
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let mut ahead = rest.clone();
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            match (byte, digit(ahead.next()), digit(ahead.next())) {
                (b'%', Some(high), Some(low)) => {
                    let value = (high << 4) | low;
                    bytes.push(u8::try_from(value).unwrap_or(b'?'));
                    rest = ahead;
                }
                _ => bytes.push(byte),
            }
        }
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    text
}

/// The host of `rest`, which follows a scheme: read by the rules for web addresses, which treat every spelling
/// alike. `None` if there is none that could be called.
fn url_host(rest: &str) -> Option<Host> {
    let rest = rest.trim_start_matches(['/', '\\']);
    let url = Url::parse(&format!("http://{rest}")).ok()?;
    host_of(&url)
}

/// A host written alone, as in a policy.
pub(crate) fn parse_host(name: &str) -> Option<Host> {
    let plain = !name.contains(['/', '\\', '?', '#', '@', '%', ' ', '*']);
    if !plain {
        return None;
    }
    let six = name.parse::<Ipv6Addr>().is_ok();
    let host = if six { format!("[{name}]") } else { name.to_owned() };
    let url = Url::parse(&format!("http://{host}/")).ok()?;
    if url.port().is_some() || (!six && name.contains(':') && !name.starts_with('[')) {
        return None;
    }
    host_of(&url)
}

fn host_of(url: &Url) -> Option<Host> {
    match url.host()? {
        url::Host::Ipv4(address) => {
            Some(Host { name: address.to_string(), private: is_private_v4(address) })
        }
        url::Host::Ipv6(address) => Some(match carried(address) {
            // The address that is called is the one inside.
            Some(inside) => Host { name: inside.to_string(), private: is_private_v4(inside) },
            None => Host { name: address.to_string(), private: is_private_v6(address) },
        }),
        url::Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let private = is_private_name(&name);
            (!name.is_empty()).then_some(Host { name, private })
        }
    }
}

/// RFC 6890 and its successors: whatever is not reachable from everywhere.
fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    match (a, b) {
        (0 | 10 | 127 | 224..=255, _)
        | (100, 64..=127)
        | (169, 254)
        | (172, 16..=31)
        | (192, 168)
        | (198, 18 | 19) => true,
        (192, 0) => c == 0 || c == 2,
        (198, 51) => c == 100,
        (203, 0) => c == 113,
        _ => false,
    }
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    address.is_loopback()
        || address.is_unspecified()
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
        || (first & 0xffc0) == 0xfec0
        || (first & 0xff00) == 0xff00
        || (first == 0x2001 && second == 0xdb8)
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (head, [high, low]) = match address.segments() {
        [first, second, third, fourth, fifth, sixth, high, low] => {
            ([first, second, third, fourth, fifth, sixth], [high, low])
        }
    };
    let join =
        |high: u16, low: u16| Some(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    match head {
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] => {
            join(high, low)
        }
        [0, 0, 0, 0, 0, 0] if high != 0 => join(high, low),
        [0x2002, high, low, ..] => join(high, low),
        _ => None,
    }
}

/// Names that mean something only inside a machine or a network (RFC 6761, 6762, 8375).
fn is_private_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.')
        || matches!(
            last,
            "localhost" | "local" | "internal" | "intranet" | "lan" | "home" | "corp" | "private"
        )
        || name.ends_with(".home.arpa")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        read(text)
            .into_iter()
            .map(|reading| reading.host.map_or("?".into(), |host| host.name))
            .collect()
    }

    #[test]
    fn disguised_hosts_are_read() {
        for (text, host) in [
            ("see https://Evil.com/x", "evil.com"),
            ("https://good.com@evil.com/", "evil.com"),
            ("https:\\\\evil.com\\x", "evil.com"),
            ("http:evil.com", "evil.com"),
            ("ftp://evil.com:21/", "evil.com"),
            ("postgres://u:p@evil.com/db", "evil.com"),
            ("//evil.com/x", "evil.com"),
            ("https://ｅｖｉｌ。com", "evil.com"),
            ("https://bücher.example", "xn--bcher-kva.example"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://0x7f.1/", "127.0.0.1"),
            ("http://0177.0.0.1", "127.0.0.1"),
            ("http://[::ffff:10.0.0.1]/", "10.0.0.1"),
            ("http://[64:ff9b::a9fe:a9fe]/", "169.254.169.254"),
            ("http://[::1]:8080/", "::1"),
            ("www.evil.com", "www.evil.com"),
            ("http://evil.com./", "evil.com"),
        ] {
            assert_eq!(names(text), [host], "{text}");
        }
    }

    #[test]
    fn urls_inside_urls_are_read() {
        for text in [
            "https://good.com/r?url=https%3A%2F%2Fevil.com%2Fx",
            "https://good.com/r?u=https%253A%252F%252Fevil.com",
            "https://good.com/r/https://evil.com",
            "https://good.com/r?next=//evil.com",
            "https://good.com/r#u=http:evil.com",
        ] {
            assert_eq!(names(text), ["good.com", "evil.com"], "{text}");
        }
    }

    #[test]
    fn ordinary_text_names_no_host() {
        for text in
            ["", "no dots", "one. two", "3.14", "1.2.3.4", "a/b and c\\d", "12:30", "e.g. x"]
        {
            assert_eq!(names(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn private_networks_are_known() {
        for name in [
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "192.168.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "localhost",
            "db.internal",
            "printer",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(parse_host(name).is_some_and(|host| host.private), "{name}");
        }
        for name in ["8.8.8.8", "example.com", "2606:4700::1111", "172.32.0.1"] {
            assert!(parse_host(name).is_some_and(|host| !host.private), "{name}");
        }
        for name in ["a b", "a/b", "a:80", "*", "", "http://x"] {
            assert_eq!(parse_host(name), None, "{name}");
        }
    }
}
