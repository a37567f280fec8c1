//! The dashboard, as a browser without a script sees it.

mod access;
mod agents;
mod approvals;
mod browser;
mod keys;
mod overview;
mod safety;
mod second_factor;
mod sign_in;
mod traces;
