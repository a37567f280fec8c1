//! What happens around every request, from the outside in: an id, one log line with metrics, panics turned into answers.

pub(crate) mod observe;
pub(crate) mod panics;
pub(crate) mod request_id;
