//! What surrounds every page of a signed-in person: who, where, and what waits for them.

use execlave_store::approvals::ApprovalStatus;
use execlave_store::page::PageRequest;

use crate::auth::session::SignedIn;
use crate::pages::assets::AssetUrls;
use crate::pages::failure::PageError;
use crate::state::AppState;

/// The pages one can navigate to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Agents,
    Approvals,
    Traces,
    Keys,
    People,
    Account,
}

/// The frame around a page.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) organisation: String,
    pub(crate) user: String,
    pub(crate) email: String,
    pub(crate) role: String,
    /// The session's token, repeated by every form.
    pub(crate) csrf: String,
    pub(crate) section: Section,
    /// Approvals waiting for somebody.
    pub(crate) waiting: i64,
    /// When the page was made, RFC 3339: the browser's clock may be wrong.
    pub(crate) now: String,
    pub(crate) assets: AssetUrls,
}

/// One entry of the navigation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NavItem {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    pub(crate) icon: Section,
    pub(crate) current: bool,
    /// None where nothing is counted.
    pub(crate) count: Option<i64>,
}

impl Layout {
    /// The frame for somebody.
    pub(crate) async fn load(
        state: &AppState,
        who: &SignedIn,
        section: Section,
    ) -> Result<Self, PageError> {
        let org = state.store.find_org(who.org).await?;
        let one = PageRequest { limit: 1, cursor: None };
        let waiting =
            state.store.list_approvals(who.org, Some(ApprovalStatus::Pending), &one).await?;
        Ok(Self {
            organisation: org.map(|org| org.name).unwrap_or_default(),
            user: who.name.clone(),
            email: who.email.clone(),
            role: who.role.as_str().to_owned(),
            csrf: who.csrf_token.clone(),
            section,
            waiting: waiting.total.unwrap_or_default(),
            now: state.clock.now().to_string(),
            assets: AssetUrls::new(),
        })
    }

    /// The navigation, in reading order.
    pub(crate) fn nav(&self) -> [NavItem; 7] {
        let item = |icon, href, label| NavItem {
            href,
            label,
            icon,
            current: icon == self.section,
            count: None,
        };
        [
            item(Section::Overview, "/", "Overview"),
            item(Section::Agents, "/agents", "Agents"),
            NavItem {
                count: Some(self.waiting),
                ..item(Section::Approvals, "/approvals", "Approvals")
            },
            item(Section::Traces, "/traces", "Traces"),
            item(Section::Keys, "/api-keys", "API keys"),
            item(Section::People, "/users", "People"),
            item(Section::Account, "/account", "Account"),
        ]
    }

    #[cfg(test)]
    pub(crate) fn sample(section: Section) -> Self {
        Self {
            organisation: "Northwind Freight".to_owned(),
            user: "Ada Okafor".to_owned(),
            email: "ada@northwind.example".to_owned(),
            role: "owner".to_owned(),
            csrf: "c2FtcGxl".to_owned(),
            section,
            waiting: 3,
            now: "2026-11-24T01:42:07.000Z".to_owned(),
            assets: AssetUrls::new(),
        }
    }
}
