//! The coloured words: status, outcome, risk. Colour never stands alone; the word and a shape say the same.

/// A word with its tone; the tone picks colour and shape in the style sheet.
#[derive(Clone, Debug)]
pub(crate) struct Pill {
    pub(crate) tone: &'static str,
    pub(crate) text: String,
}

impl Pill {
    fn new(tone: &'static str, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }

    /// An agent's status.
    pub(crate) fn agent(status: &str) -> Self {
        let tone = match status {
            "active" => "good",
            "paused" => "paused",
            "error" => "bad",
            _ => "quiet",
        };
        Self::new(tone, status)
    }

    /// The state of an API key.
    pub(crate) fn key(state: &str) -> Self {
        let tone = match state {
            "active" => "good",
            "replaced" => "wait",
            _ => "quiet",
        };
        Self::new(tone, state)
    }

    /// Whether a person can sign in.
    pub(crate) fn user(state: &str) -> Self {
        let tone = match state {
            "active" => "good",
            "invited" => "wait",
            _ => "quiet",
        };
        Self::new(tone, state)
    }

    /// The outcome of a decision.
    pub(crate) fn outcome(outcome: &str) -> Self {
        match outcome {
            "allow" => Self::new("good", "allowed"),
            "require_approval" => Self::new("wait", "sent for approval"),
            "block" => Self::new("bad", "blocked"),
            other => Self::new("quiet", other),
        }
    }

    /// An approval's status.
    pub(crate) fn approval(status: &str) -> Self {
        let tone = match status {
            "approved" => "good",
            "pending" => "wait",
            "denied" => "bad",
            _ => "quiet",
        };
        Self::new(tone, status)
    }

    /// A trace's status.
    pub(crate) fn trace(status: &str) -> Self {
        let tone = match status {
            "success" => "good",
            "error" => "bad",
            "timeout" => "wait",
            _ => "quiet",
        };
        Self::new(tone, status)
    }

    /// A risk level, with the word `risk` so that it stands alone.
    pub(crate) fn risk(level: &str) -> Self {
        let tone = match level {
            "low" => "good",
            "medium" => "wait",
            "high" | "critical" => "bad",
            _ => "quiet",
        };
        Self::new(tone, format!("{level} risk"))
    }

    /// Whether a certificate can still be used.
    pub(crate) fn certificate(used: bool) -> Self {
        if used { Self::new("quiet", "used") } else { Self::new("good", "unused") }
    }
}

/// A small framed word without a shape: a finding, a flag.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    pub(crate) tone: &'static str,
    pub(crate) text: String,
}

/// One line of a `<select>`.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) selected: bool,
}

impl Choice {
    /// The choices of a closed list, the chosen one marked.
    pub(crate) fn list(choices: &[(&str, &str)], chosen: &str) -> Vec<Self> {
        choices
            .iter()
            .map(|(value, label)| Self {
                value: (*value).to_owned(),
                label: (*label).to_owned(),
                selected: *value == chosen,
            })
            .collect()
    }
}
