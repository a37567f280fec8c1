//! The texts of an action, each read by a detector at most once however many policies ask.
//!
//! This is where policies and detectors meet: a policy asks a text what is in it and never calls a detector.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use serde_json::Value;

use crate::decision::Evidence;
pub(crate) use crate::detect::injection::{Finding, RiskLevel, risk_of};
pub(crate) use crate::detect::pii::{Match, PiiType};
use crate::detect::secret::Match as Secret;
pub(crate) use crate::detect::secret::SecretKind;
use crate::detect::{injection, pii, secret, text};
use crate::redact;

use super::folded::Folded;
use super::{Action, Occasion, Phase, Role};

/// One text of the action and what was found in it.
pub(crate) struct Text<'a> {
    field: Cow<'static, str>,
    content: Cow<'a, str>,
    injection: OnceCell<Vec<Finding>>,
    pii: OnceCell<Vec<Match>>,
    secrets: OnceCell<Vec<Secret>>,
    folded: OnceCell<String>,
}

impl<'a> Text<'a> {
    fn new(field: impl Into<Cow<'static, str>>, content: impl Into<Cow<'a, str>>) -> Self {
        Self {
            field: field.into(),
            content: content.into(),
            injection: OnceCell::new(),
            pii: OnceCell::new(),
            secrets: OnceCell::new(),
            folded: OnceCell::new(),
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

    pub(crate) fn secrets(&self) -> &[Secret] {
        self.secrets.get_or_init(|| secret::find(&self.content))
    }

    /// The text in the spelling policies' words are compared in.
    pub(crate) fn folded(&self) -> Folded<'_> {
        Folded::cached(&self.content, &self.folded)
    }

    /// The place `range` (bytes) of this text, as people are shown it.
    pub(crate) fn evidence(&self, range: Range<usize>) -> Evidence {
        Evidence {
            field: self.field.clone().into_owned(),
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

/// All texts of one action, as far as the phase looks at them.
pub(crate) struct Texts<'a> {
    action: &'a Action,
    phase: Phase<'a>,
    input: Text<'a>,
    turns: OnceCell<Vec<Text<'a>>>,
    conversation: OnceCell<Option<Conversation<'a>>>,
    outputs: OnceCell<Vec<Text<'a>>>,
    output: OnceCell<Option<Text<'a>>>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(occasion: &Occasion<'a>) -> Self {
        Self {
            action: occasion.action,
            phase: occasion.phase,
            input: Text::new("input", occasion.action.input.as_str()),
            turns: OnceCell::new(),
            conversation: OnceCell::new(),
            outputs: OnceCell::new(),
            output: OnceCell::new(),
        }
    }

    /// `None` when only tool outputs are looked at.
    pub(crate) fn input(&self) -> Option<&Text<'a>> {
        (self.phase != Phase::Tool).then_some(&self.input)
    }

    /// What the user said before; other roles are not the user's words.
    pub(crate) fn turns(&self) -> &[Text<'a>] {
        if self.phase == Phase::Tool {
            return &[];
        }
        self.turns.get_or_init(|| {
            let turns = self.action.conversation_history.iter().enumerate();
            turns
                .filter(|(_, turn)| turn.role == Role::User)
                .map(|(index, turn)| {
                    let field = format!("conversationHistory[{index}].content");
                    Text::new(field, turn.content.as_str())
                })
                .collect()
        })
    }

    /// Every text once: the input, the user's turns, what tools answered, the output.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Text<'a>> {
        self.input().into_iter().chain(self.turns()).chain(self.outputs()).chain(self.output())
    }

    /// What came out of an action that has happened.
    pub(crate) fn output(&self) -> Option<&Text<'a>> {
        let Phase::Post { output: Some(output), .. } = self.phase else { return None };
        self.output
            .get_or_init(|| match output {
                Value::Null => None,
                Value::String(text) => Some(Text::new("output", text.as_str())),
                other => Some(Text::new("output", text::extract(other))),
            })
            .as_ref()
    }

    /// `None` without earlier turns: the input alone is the conversation.
    pub(crate) fn conversation(&self) -> Option<&Conversation<'a>> {
        self.conversation.get_or_init(|| self.join()).as_ref()
    }

    /// The text inside each tool's output; places in a text are places there.
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
            Some(index) => self.turns().get(*index)?,
            None => &self.input,
        };
        let start = range.start.saturating_sub(part.start);
        let end = range.end.min(part.end).saturating_sub(part.start);
        Some(text.evidence(start..end.max(start)))
    }

    fn join(&self) -> Option<Conversation<'a>> {
        let turns = self.turns();
        if turns.is_empty() {
            return None;
        }
        let mut whole = String::new();
        let mut parts = Vec::new();
        let turns = turns.iter().enumerate().map(|(index, text)| (Some(index), text));
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
