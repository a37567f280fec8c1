//! Behaviour of the core: runners over the case files in `testdata/`, and properties that hold for any input.

mod audit;
mod cases;
mod detect;
mod digest;
mod disguise;
mod expressions;
mod injection;
mod lint;
mod policy;
mod policy_properties;
mod properties;
mod redact;
mod reference;
mod risk;
mod webhook;
