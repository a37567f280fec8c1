//! The environments a key reaches. A key without a list reaches all of them.

use execlave_api::error::ErrorCode;

use crate::directory::AgentEntry;
use crate::error::{AppError, AppResult};

/// Where a key reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environments(Option<Vec<String>>);

impl From<Option<Vec<String>>> for Environments {
    fn from(list: Option<Vec<String>>) -> Self {
        Self(list)
    }
}

impl Environments {
    /// All of them.
    pub(crate) const ALL: &'static Self = &Self(None);

    /// The list, if there is one.
    pub(crate) fn list(&self) -> Option<&[String]> {
        self.0.as_deref()
    }

    /// Whether an environment is among them.
    pub(crate) fn reach(&self, environment: &str) -> bool {
        self.list().is_none_or(|list| list.iter().any(|one| one == environment))
    }

    /// Refuses an environment that is not among them; the answer names both.
    pub(crate) fn check(&self, environment: &str) -> AppResult<()> {
        if self.reach(environment) {
            return Ok(());
        }
        let own = self.list().unwrap_or_default().join("`, `");
        let shown: String = environment.chars().take(64).collect();
        let message = format!(
            "this key reaches the environment `{own}`, not `{shown}`: use a key of that environment"
        );
        Err(AppError::new(ErrorCode::Forbidden, message))
    }

    /// Refuses an agent that runs elsewhere, and a question about elsewhere.
    pub(crate) fn check_agent(&self, agent: &AgentEntry, asked: Option<&str>) -> AppResult<()> {
        asked.map_or(Ok(()), |environment| self.check(environment))?;
        self.check(&agent.profile.environment)
    }

    /// Nobody hands out more than they have.
    pub(crate) fn may_give(&self, wanted: Option<&[String]>) -> AppResult<()> {
        match (self.list(), wanted) {
            (None, _) => Ok(()),
            (Some(own), None) => {
                let message = format!(
                    "this key reaches the environment `{}` and cannot make one that reaches all: give `environments`",
                    own.join("`, `")
                );
                Err(AppError::new(ErrorCode::Forbidden, message))
            }
            (Some(_), Some(wanted)) => wanted.iter().try_for_each(|one| self.check(one)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_all_there_is() {
        let staging = Environments::from(Some(vec!["staging".to_owned()]));
        assert!(staging.reach("staging") && !staging.reach("production"));
        let refused = staging.check("production").expect_err("elsewhere");
        assert!(
            refused.message().contains("`staging`") && refused.message().contains("`production`")
        );
        assert!(Environments::default().reach("production"));
        assert!(Environments::from(Some(Vec::new())).check("staging").is_err());
        assert!(staging.may_give(None).is_err());
        assert!(staging.may_give(Some(&["staging".to_owned()])).is_ok());
    }
}
