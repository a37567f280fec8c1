//! The pure core of Execlave: what an agent asks, which policies fire, what is decided.
//!
//! Nothing here reads a file, a clock, a socket or a random source, nothing is asynchronous and nothing
//! panics. The server, the Rust client and the Python package all link this crate, so the same action
//! against the same policies gives the same decision wherever it is evaluated. Times and ids are
//! parameters; what depends on shared state (budgets, rates, earlier actions, custom
//! validators) is asked with [`policy::StateCheck`] and answered by the caller.
//!
//! Modules in reading order: [`ids`], [`time`] and [`json`] are the ground; [`request`] is the question,
//! [`digest`] its fingerprint, [`decision`] the answer; [`policy`] turns one into the other with the help
//! of [`detect`] and [`redact`]; [`risk`] and [`certificate`] belong to approvals, [`credential`] proves who acts, [`bundle`] takes policies to where actions happen,
//! [`webhook`] what happened to who wants to know, and [`audit`] is what a log has to look like to be evidence.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]

mod words;

pub mod ids;
pub mod time;

pub mod json;

pub mod request;

pub mod digest;

pub mod decision;

pub mod policy;

pub mod detect;

pub mod redact;

pub mod risk;

pub mod certificate;

pub mod credential;

pub mod bundle;

pub mod audit;

pub mod webhook;
