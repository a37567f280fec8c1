//! `sequence`: fires when an action that matches `deny` follows one that matched `after` in the same session
//! or trace, such as "no message to the outside after untrusted content was read".
//!
//! An action that matches `after` leaves a mark, and one that matches `deny` asks for it. What a tool has
//! answered came before the action that carries it, so an `after` that looks at tool outputs alone is met by
//! the action itself.

use sha2::{Digest as _, Sha256};

use crate::digest::hex;
use crate::json;
use crate::policy::error::PolicyError;
use crate::policy::expression::Program;
use crate::policy::field::{Field, NAMES, Spec};
use crate::policy::fields::Fields;
use crate::policy::globs::{Globs, Name};
use crate::policy::rule::{Checked, Hit, Question, Rule, Subject};
use crate::policy::state::{SequenceCheck, SequenceMark, StateQuestion};

use super::data_restriction::{DataClass, declared};

const MATCHER: Spec = Spec::with_one_of(
    &[
        Field::texts("tools", NAMES, "globs; one of the requested tools").optional(),
        Field::texts("toolOutputs", NAMES, "globs; a tool whose answer the action carries")
            .optional(),
        Field::words::<DataClass>("dataClasses", "a class declared in `metadata.dataClass`")
            .optional(),
        Field::text("expression", 2000, None, "CEL, true for a match"),
    ],
    &["tools", "toolOutputs", "dataClasses", "expression"],
);

static MATCHER_SPEC: Spec = MATCHER;

const FIELDS: &[Field] = &[
    Field::object("after", &MATCHER_SPEC, "what came first; everything given must match")
        .required(),
    Field::object("deny", &MATCHER_SPEC, "what must not follow; everything given must match")
        .required(),
    Field::choice(
        "within",
        &["session", "trace"],
        Some("session"),
        "what holds the sequence together",
    ),
    Field::integer("maxAgeSeconds", 1, 31_536_000, None, "how long the first action counts"),
];

pub(super) const SPEC: Spec = Spec::new(FIELDS);

#[derive(Debug)]
pub(super) struct Sequence {
    after: Matcher,
    fingerprint: String,
    deny: Matcher,
    within: String,
    max_age_seconds: Option<u64>,
}

/// Everything that is given must match.
#[derive(Debug)]
struct Matcher {
    tools: Option<Globs>,
    tool_outputs: Option<Globs>,
    data_classes: Option<Vec<DataClass>>,
    expression: Option<Program>,
}

pub(super) fn read(fields: &Fields) -> Result<Sequence, PolicyError> {
    let (Some(after), Some(deny)) = (fields.object("after"), fields.object("deny")) else {
        return Err(fields.whole("needs `after` and `deny`"));
    };
    let (first, then) = (Matcher::read(&after)?, Matcher::read(&deny)?);
    let digest = Sha256::digest(json::canonical(&after.into_value()));
    Ok(Sequence {
        after: first,
        fingerprint: hex(digest.get(..16).unwrap_or_default()),
        deny: then,
        within: fields.text("within").unwrap_or_default(),
        max_age_seconds: fields.integer("maxAgeSeconds"),
    })
}

impl Matcher {
    fn read(fields: &Fields) -> Result<Self, PolicyError> {
        let expression = fields.text("expression").map(|text| {
            Program::compile(&text)
                .map_err(|fault| fields.error("expression", fault.explain(&text)))
        });
        let globs = |name: &str| fields.given_texts(name).map(|list| Globs::new(&list));
        Ok(Self {
            tools: globs("tools"),
            tool_outputs: globs("toolOutputs"),
            data_classes: fields
                .given_texts("dataClasses")
                .map(|list| list.iter().filter_map(|word| word.parse().ok()).collect()),
            expression: expression.transpose()?,
        })
    }

    fn matches(&self, subject: &Subject<'_>, checked: &mut Checked) -> bool {
        let tools = self
            .tools
            .as_ref()
            .is_none_or(|globs| subject.tools().any(|(_, tool)| globs.matches(tool)));
        let outputs = self.tool_outputs.as_ref().is_none_or(|globs| {
            let mut outputs = subject.action.tool_outputs.iter();
            outputs.any(|output| globs.matches(&Name::new(&output.name)))
        });
        let classes = self.data_classes.as_ref().is_none_or(|classes| {
            let declared = declared(subject, "dataClass").unwrap_or_default();
            declared.iter().any(|class| classes.contains(class))
        });
        if !(tools && outputs && classes) {
            return false;
        }
        let Some(program) = &self.expression else { return true };
        if program.reads_output() && !subject.occasion.phase.is_post() {
            return false;
        }
        subject.run(program).unwrap_or_else(|error| {
            checked.problem(format!("`expression` has no result for this action: {error}"));
            false
        })
    }

    fn looks_at_tool_outputs_alone(&self) -> bool {
        self.tool_outputs.is_some()
            && self.tools.is_none()
            && self.data_classes.is_none()
            && self.expression.is_none()
    }
}

impl Rule for Sequence {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let has_happened = subject.occasion.phase.is_post();
        let first = self.after.matches(subject, checked);
        let then = !has_happened && self.deny.matches(subject, checked);
        if !(first || then) {
            return;
        }
        let message = format!(
            "this action may not follow what happened before in the same {}; start a new one or leave it out",
            self.within
        );
        if first && then && self.after.looks_at_tool_outputs_alone() {
            checked.hit("denied_after", message.clone(), None);
        }
        let id = match self.within.as_str() {
            "trace" => subject.action.trace_id(),
            _ => subject.action.session_id(),
        };
        let Some(id) = id else {
            if then {
                checked.problem(format!(
                    "the sequence is not known: send `metadata.{}Id` with the action",
                    self.within
                ));
            }
            return;
        };
        let mark = SequenceMark {
            sequence: format!("{}:{id}", self.within),
            matcher: self.fingerprint.clone(),
        };
        if then {
            let check = SequenceCheck { mark: mark.clone(), max_age_seconds: self.max_age_seconds };
            checked.questions.push(Question {
                what: StateQuestion::Sequence(check),
                violated: Hit { rule: "denied_after".into(), message, evidence: None },
                warned: None,
            });
        }
        if first {
            checked.marks.push(mark);
        }
    }
}
