//! `execlave audit export`.

use clap::Args;
use execlave_api::paths;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::output;
use crate::remote::Remote;

#[derive(Args, Debug)]
pub(super) struct Export {
    /// The file to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

impl Export {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let connection = self.remote.connect()?;
        let Some(path) = self.out else {
            return connection.download(paths::AUDIT_EXPORT, output::write).await;
        };
        let unwritable = |error: std::io::Error| {
            Failure::usage(format!("cannot write `{}`: {error}", path.display()))
        };
        let mut file = File::create(&path).map_err(unwritable)?;
        let mut written = Ok(());
        let sink = |bytes: &[u8]| {
            written = file.write_all(bytes);
            written.is_ok()
        };
        connection.download(paths::AUDIT_EXPORT, sink).await?;
        written.and_then(|()| file.sync_all()).map_err(unwritable)
    }
}
