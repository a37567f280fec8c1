//! The Rust SDK: asks before an agent acts, records what it did, and obeys the kill switch.
//!
//! [`Client`] is the one door. Where the server offers its policies as a signed bundle, actions that need nobody else are decided in
//! this process, in microseconds and through an outage; about everything else, and about everything where no bundle is offered, the
//! server is asked. It also adds what an application needs when the network is not perfect: deadlines, a circuit breaker per agent,
//! bounded buffers, and a memory of which agents are paused.
//!
//! ```no_run
//! use execlave_client::{ApiKey, Client, Config, Error};
//!
//! # use execlave_api::{agents::RegisterAgent, enforce::EnforceRequest};
//! # async fn example(registration: RegisterAgent, question: EnforceRequest) -> Result<(), Error> {
//! let mut config = Config::new(ApiKey::new("exe_dev_…")?);
//! config.base_url = "http://127.0.0.1:4000".parse()?;
//! let client = Client::new(config)?;
//! client.register_agent(&registration).await?;
//! match client.enforce(question).await {
//!     Ok(_) => println!("go ahead"),
//!     Err(error) if error.is_halt() => println!("stop: {error}"),
//!     Err(error) => println!("no decision: {error}"),
//! }
//! client.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! There is no global state and no thread of its own: background work runs as tasks on the caller's Tokio runtime, what takes long to
//! compute on its blocking threads or those of [`WorkThreads`], and [`Client::shutdown`] waits for it.

pub mod agents;
pub mod approvals;
pub mod client;
mod compute;
pub mod config;
pub mod control;
pub mod credentials;
pub mod enforce;
pub mod error;
pub mod observer;
pub mod prompt_versions;
pub mod resolutions;
pub mod tools;
pub mod trace;
pub mod usage;

mod agent_versions;
mod buffer;
mod bypasses;
mod clock;
mod grants;
mod http;
mod local;
mod outbox;
mod privacy;
mod reports;
mod request;

pub use crate::agents::RegisteredAgent;
pub use crate::approvals::PendingApproval;
pub use crate::bypasses::Occurrence;
pub use crate::client::{Client, Knowledge};
pub use crate::compute::{WorkThread, WorkThreads};
pub use crate::config::{ApiKey, Config, FailMode, Privacy};
pub use crate::credentials::AgentCredential;
pub use crate::enforce::{Allowed, Answer, AtOnce, Bypass, Source, Undecided};
pub use crate::error::{Error, ErrorKind};
pub use crate::observer::{LogObserver, Observer};
pub use crate::prompt_versions::{PromptDeployment, PromptVersion};
pub use crate::trace::{FlushReport, RejectedTrace};
