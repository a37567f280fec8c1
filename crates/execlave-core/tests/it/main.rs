//! Behaviour of the core: runners over the case files in `testdata/`, and properties that hold for any input.

mod cases;
mod detect;
mod digest;
mod disguise;
mod injection;
mod policy;
mod properties;
mod redact;
mod reference;
mod risk;
