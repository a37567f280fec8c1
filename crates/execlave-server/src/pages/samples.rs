//! Every page with sample data; one test renders them all.

use execlave_core::time::Timestamp;

use crate::pages::moment::Moment;
use crate::pages::{
    account, agent, agent_group, agents, answer, approval, approvals, code, failure, invitation,
    key, keys, overview, second_factor, sign_in, trace, traces, user, users,
};

/// The moment at which every sample was made.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_795_484_527_000)
}

/// A moment so many seconds before the samples were made.
pub(crate) fn ago(seconds: i64) -> Moment {
    Moment::new(now().minus_millis(seconds * 1_000), now())
}

fn all() -> Vec<(&'static str, String)> {
    let render = |page: &dyn askama::DynTemplate| page.dyn_render().expect("a sample renders");
    vec![
        ("overview", render(&overview::OverviewPage::sample())),
        ("overview-newcomer", render(&overview::OverviewPage::sample_newcomer())),
        ("agents", render(&agents::AgentsPage::sample())),
        ("agent", render(&agent::AgentPage::sample())),
        ("agents-pause", render(&agent_group::GroupPage::sample())),
        ("agent-pause", render(&agent::PausePage::sample())),
        ("agent-resume", render(&agent::ResumePage::sample())),
        ("approvals", render(&approvals::ApprovalsPage::sample())),
        ("answer", render(&answer::AnswerPage::sample())),
        ("approval", render(&approval::ApprovalPage::sample())),
        ("keys", render(&keys::KeysPage::sample())),
        ("key-made", render(&keys::MadePage::sample())),
        ("key-rotate", render(&key::AskPage::sample(true))),
        ("key-revoke", render(&key::AskPage::sample(false))),
        ("traces", render(&traces::TracesPage::sample())),
        ("trace", render(&trace::TracePage::sample())),
        ("users", render(&users::UsersPage::sample())),
        ("user", render(&user::UserPage::sample())),
        ("account", render(&account::AccountPage::sample())),
        ("second-factor", render(&second_factor::EnrolPage::sample())),
        ("recovery-codes", render(&second_factor::CodesPage::sample())),
        ("sign-in-code", render(&code::CodePage::sample())),
        ("sign-in", render(&sign_in::ExplainPage::sample())),
        ("invitation", render(&invitation::InvitationPage::sample())),
        ("sign-in-used", render(&sign_in::UsedPage::sample())),
        ("failure", failure::sample()),
    ]
}

#[test]
fn every_sample_renders_as_one_document() {
    for (name, html) in all() {
        assert!(html.starts_with("<!doctype html>"), "{name} starts with the document type");
        assert_eq!(html.matches("<h1").count(), 1, "{name} has one main heading");
        assert!(
            !html.contains(" style=") && !html.contains("<style"),
            "{name} has no inline style"
        );
        assert!(
            !html.contains(" onclick=") && !html.contains("<script>"),
            "{name} has no inline script"
        );
    }
}
