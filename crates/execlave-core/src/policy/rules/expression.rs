//! `expression`: fires when a CEL expression over the action is true.

use crate::policy::error::PolicyError;
use crate::policy::expression::Program;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject, shown};

pub(super) const SPEC: Spec =
    Spec::new(&[Field::text("expression", 2000, None, "CEL; true means violation").required()]);

#[derive(Debug)]
pub(super) struct Expression {
    text: String,
    program: Program,
}

pub(super) fn read(fields: &Fields) -> Result<Expression, PolicyError> {
    let text = fields.text("expression").unwrap_or_default();
    match Program::compile(&text) {
        Ok(program) => Ok(Expression { text, program }),
        Err(fault) => Err(fields.error("expression", fault.explain(&text))),
    }
}

impl Rule for Expression {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        // What looks at the output has nothing to say before there is one.
        if self.program.reads_output() && !subject.occasion.phase.is_post() {
            return;
        }
        match subject.run(&self.program) {
            Ok(false) => {}
            Ok(true) => {
                let message = format!(
                    "the expression `{}` of this policy is true; change the action so that it is false",
                    shown(&self.text)
                );
                checked.hit("true", message, None);
            }
            Err(error) => {
                checked.problem(format!("`expression` has no result for this action: {error}"));
            }
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (self.program.is_always_false()).then_some("the expression is always false")
    }
}
