//! # What it finds
//! The user name and password in the URL of a database, cache or queue: `postgres://app:pa55word@db:5432/app`.
//!
//! # How it is checked
//! A scheme of such a service, and credentials that are not a placeholder.
//!
//! # What it leaves alone
//! URLs without a password. Credentials of web servers are reported as `url_credentials`; `Password=…` in a
//! semicolon-separated string as `named_secret`.
//!
//! # References
//! RFC 3986 section 3.2.1; the documentation of each service.

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::pii::user_and_password;
use crate::detect::source::Source;

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Colon(look)] };

const SCHEMES: [&[u8]; 19] = [
    b"postgres",
    b"postgresql",
    b"mysql",
    b"mariadb",
    b"mongodb",
    b"mongodb+srv",
    b"redis",
    b"rediss",
    b"amqp",
    b"amqps",
    b"mssql",
    b"sqlserver",
    b"clickhouse",
    b"cockroachdb",
    b"kafka",
    b"nats",
    b"cassandra",
    b"ldap",
    b"smtp",
];

fn look(source: Source<'_>, colon: usize) -> Option<Hit> {
    let credentials = user_and_password(source, colon)?;
    let scheme = source.run_start(colon, colon.saturating_sub(32), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-')
    });
    // A driver may be named behind the service: `postgresql+psycopg`.
    let scheme = source.slice(scheme..colon);
    let service = SCHEMES.contains(&scheme)
        || scheme.split(|byte| *byte == b'+').next().is_some_and(|first| SCHEMES.contains(&first));
    service.then(|| Hit::proven(credentials, 0.95))
}
