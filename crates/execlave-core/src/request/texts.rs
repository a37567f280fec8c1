//! The texts of an action, each read by a detector at most once however many policies ask.
//!
//! This is where policies and detectors meet: a policy asks a text what is in it and never calls a detector.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::decision::Evidence;
pub(crate) use crate::detect::injection::{Finding, RiskLevel, risk_of};
pub(crate) use crate::detect::pii::{Match, PiiType};
use crate::detect::{injection, pii, text};
use crate::redact;

use super::{Action, Role};

/// One text of the action and what was found in it.
pub(crate) struct Text<'a> {
    field: String,
    content: Cow<'a, str>,
    injection: OnceCell<Vec<Finding>>,
    pii: OnceCell<Vec<Match>>,
}

impl<'a> Text<'a> {
    fn new(field: impl Into<String>, content: impl Into<Cow<'a, str>>) -> Self {
        Self {
            field: field.into(),
            content: content.into(),
            injection: OnceCell::new(),
            pii: OnceCell::new(),
        }
    }

    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.content
    }

    pub(crate) fn injection(&self) -> &[Finding] {
        self.injection.get_or_init(|| injection::scan(&self.content).findings)
    }

    pub(crate) fn pii(&self) -> &[Match] {
        self.pii.get_or_init(|| pii::find(&self.content))
    }

    /// The place `range` (bytes) of this text, as people are shown it.
    pub(crate) fn evidence(&self, range: Range<usize>) -> Evidence {
        Evidence {
            field: self.field.clone(),
            start: text::scalar_offset(&self.content, range.start),
            end: text::scalar_offset(&self.content, range.end),
            excerpt: redact::excerpt(&self.content, range),
        }
    }
}

/// The user's turns and the input as one text, so that an instruction split over turns is seen.
pub(crate) struct Conversation<'a> {
    pub(crate) whole: Text<'a>,
    /// Where each part lies in the whole: byte range, index of the turn (`None` for the input).
    parts: Vec<(Range<usize>, Option<usize>)>,
}

/// All texts of one action.
pub(crate) struct Texts<'a> {
    action: &'a Action,
    input: Text<'a>,
    turns: Vec<Text<'a>>,
    conversation: OnceCell<Option<Conversation<'a>>>,
    outputs: OnceCell<Vec<Text<'a>>>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(action: &'a Action) -> Self {
        let turns = action.conversation_history.iter().enumerate();
        Self {
            action,
            input: Text::new("input", action.input.as_str()),
            turns: turns
                .filter(|(_, turn)| turn.role == Role::User)
                .map(|(index, turn)| {
                    Text::new(
                        format!("conversationHistory[{index}].content"),
                        turn.content.as_str(),
                    )
                })
                .collect(),
            conversation: OnceCell::new(),
            outputs: OnceCell::new(),
        }
    }

    pub(crate) fn input(&self) -> &Text<'a> {
        &self.input
    }

    /// What the user said before; other roles are not the user's words.
    pub(crate) fn turns(&self) -> &[Text<'a>] {
        &self.turns
    }

    /// `None` without earlier turns: the input alone is the conversation.
    pub(crate) fn conversation(&self) -> Option<&Conversation<'a>> {
        self.conversation.get_or_init(|| self.join()).as_ref()
    }

    /// The text inside each tool's output.
    pub(crate) fn outputs(&self) -> &[Text<'a>] {
        self.outputs.get_or_init(|| {
            let outputs = self.action.tool_outputs.iter().enumerate();
            outputs
                .map(|(index, tool)| {
                    Text::new(format!("toolOutputs[{index}].output"), text::extract(&tool.output))
                })
                .collect()
        })
    }

    /// Evidence for a place in the conversation, given in the turn (or input) where it starts.
    pub(crate) fn evidence_in(
        &self,
        conversation: &Conversation<'a>,
        range: Range<usize>,
    ) -> Option<Evidence> {
        let (part, turn) = conversation.parts.iter().find(|(part, _)| part.end > range.start)?;
        let text = match turn {
            Some(index) => self.turns.get(*index)?,
            None => &self.input,
        };
        let start = range.start.saturating_sub(part.start);
        let end = range.end.min(part.end).saturating_sub(part.start);
        Some(text.evidence(start..end.max(start)))
    }

    fn join(&self) -> Option<Conversation<'a>> {
        if self.turns.is_empty() {
            return None;
        }
        let mut whole = String::new();
        let mut parts = Vec::new();
        let turns = self.turns.iter().enumerate().map(|(index, text)| (Some(index), text));
        for (turn, text) in turns.chain([(None, &self.input)]) {
            if !whole.is_empty() {
                whole.push('\n');
            }
            let start = whole.len();
            whole.push_str(text.as_str());
            parts.push((start..whole.len(), turn));
        }
        Some(Conversation { whole: Text::new("conversationHistory", whole), parts })
    }
}
