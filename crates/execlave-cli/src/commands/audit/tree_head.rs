//! `execlave audit tree-head`.

use clap::Args;
use execlave_api::paths;
use execlave_core::audit::{TreeHead, line_of};

use crate::failure::Failure;
use crate::output;
use crate::remote::Remote;

#[derive(Args, Debug)]
pub(super) struct ShowTreeHead {
    #[command(flatten)]
    remote: Remote,
}

impl ShowTreeHead {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let head: TreeHead = self.remote.connect()?.get(paths::AUDIT_TREE_HEAD).await?;
        output::write(&line_of(&head));
        Ok(())
    }
}
