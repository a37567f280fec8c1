//! `external_call`: fires when an action names a host that is denied, not allowed, or in a private network.
//!
//! Hosts are looked for in the input, the metadata and what tools are asked. How they are recognised and
//! normalised is in [`crate::request::hosts`]. A denied domain includes its subdomains; an allowed one is that
//! host alone, so that allowing a shared domain does not allow everyone on it (`*.example.com` does).

use std::collections::HashSet;

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, NAMES, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject, shown};
use crate::request::hosts::{Host, Reading, parse_host};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::texts("allowedDomains", NAMES, "hosts, or `*.` and a domain; none: every host"),
    Field::texts("deniedDomains", NAMES, "domains with all their subdomains; deny wins"),
    Field::flag("allowPrivateNetworks", false, "allow private, local and reserved addresses"),
]);

#[derive(Debug)]
pub(super) struct ExternalCall {
    allowed: Domains,
    denied: Domains,
    allow_private_networks: bool,
}

/// Names in their normal form.
#[derive(Debug, Default)]
struct Domains {
    hosts: HashSet<String>,
    /// Without the `*.`.
    parents: HashSet<String>,
}

impl Domains {
    fn read(fields: &Fields, name: &str, with_subdomains: bool) -> Result<Self, PolicyError> {
        let mut domains = Self::default();
        for (index, entry) in fields.texts(name).iter().enumerate() {
            let entry = entry.trim();
            let (wild, host) = match entry.strip_prefix("*.") {
                Some(parent) => (true, parent),
                None => (false, entry),
            };
            let Some(host) = parse_host(host) else {
                let message = "is not a host: write a domain such as `example.com`, `*.example.com` or an IP address";
                return Err(fields.error(&format!("{name}[{index}]"), message));
            };
            if wild || with_subdomains {
                domains.parents.insert(host.name.clone());
            }
            if !wild {
                domains.hosts.insert(host.name);
            }
        }
        Ok(domains)
    }

    fn contains(&self, host: &Host) -> bool {
        if self.hosts.contains(&host.name) {
            return true;
        }
        let mut rest = host.name.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            if self.parents.contains(parent) {
                return true;
            }
            rest = parent;
        }
        false
    }

    fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.parents.is_empty()
    }
}

pub(super) fn read(fields: &Fields) -> Result<ExternalCall, PolicyError> {
    Ok(ExternalCall {
        allowed: Domains::read(fields, "allowedDomains", false)?,
        denied: Domains::read(fields, "deniedDomains", true)?,
        allow_private_networks: fields.flag("allowPrivateNetworks"),
    })
}

impl Rule for ExternalCall {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        for place in subject.hosts() {
            for reading in &place.readings {
                let Some((rule, message)) = self.judge(reading) else { continue };
                let evidence = place.evidence(reading);
                checked.hit(rule, format!("{message} (`{}`)", evidence.field), Some(evidence));
                return;
            }
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (self.allowed.is_empty() && self.denied.is_empty() && self.allow_private_networks)
            .then_some("every host is allowed: fill `allowedDomains` or `deniedDomains`")
    }
}

impl ExternalCall {
    fn judge(&self, reading: &Reading) -> Option<(&'static str, String)> {
        let Some(host) = &reading.host else {
            // Nobody knows where it leads, so no list of hosts allows it.
            return (!self.allowed.is_empty()).then(|| {
                let message = "a URL whose host cannot be read; write it plainly".to_owned();
                ("unreadable_host", message)
            });
        };
        let name = shown(&host.name);
        if self.denied.contains(host) {
            return Some(("domain_denied", format!("the host `{name}` is denied; do not call it")));
        }
        // `settings.local` in running text is more likely a file than a machine; an address is an address.
        let meant = !reading.is_bare || host.is_address();
        if meant && host.private && !self.allow_private_networks && !self.allowed.contains(host) {
            let message = format!(
                "the host `{name}` is in a private or reserved network; allow it by name or set `allowPrivateNetworks`"
            );
            return Some(("private_network", message));
        }
        let private = host.private && self.allow_private_networks;
        let listed = reading.is_bare || private || self.allowed.contains(host);
        let refused = !listed && !self.allowed.is_empty();
        refused.then(|| {
            let message =
                format!("the host `{name}` is not in `allowedDomains`; add it or do not call it");
            ("domain_not_allowed", message)
        })
    }
}
