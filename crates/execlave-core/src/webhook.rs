//! Webhooks: what is told to other systems, in which form, signed how and tried how often.
//!
//! Nothing here sends anything: the server does, with what these functions make of an [`Event`].

mod answer;
mod backoff;
mod event;
mod format;
mod formats;
mod signature;

pub use self::answer::{AnswerLink, Offer};
pub use self::backoff::{ATTEMPTS, delay_ms};
pub use self::event::{Event, EventType};
pub use self::format::{Format, Message};
pub use self::signature::{SignatureVersion, Signed, sign};
