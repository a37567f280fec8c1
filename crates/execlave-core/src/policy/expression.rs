//! CEL expressions: parsed by the `cel` crate, checked and run here.
//!
//! The crate's parser knows the grammar. Running is our own, because a decision needs more than the language:
//! values are borrowed from the action instead of being copied into a context, every program ends within a
//! number of steps that is known when it is saved, regular expressions are compiled once and linear, and
//! nothing can panic. A differential test compares the results with the crate's own interpreter.
//!
//! Bounds: 2,000 characters, 400 tokens, brackets 24 deep; the worst case over lists of 100 entries may take
//! 100,000 steps, a run at most a million.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::parser::Parser;

mod check;
mod compare;
mod guard;
mod operators;
mod run;
mod types;
mod value;

use check::Checker;
pub(super) use run::Environment;
use run::{Node, Runner};
use types::Type;
use value::Val;

/// Why a text is not a program that can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where, in characters from the start.
    pub(super) at: usize,
    pub(super) message: String,
}

/// A checked program with a boolean result.
#[derive(Debug)]
pub(super) struct Program {
    root: Node,
    reads_output: bool,
}

impl Program {
    /// Parses and checks a text.
    pub(super) fn compile(text: &str) -> Result<Self, Fault> {
        guard::check(text)?;
        // The parser is generated code from outside: should it fail on a text, the text is refused.
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            Parser::new().parse_with_source_info(text).map_err(|errors| syntax_fault(text, &errors))
        }));
        let (tree, positions) = parsed.unwrap_or_else(|_| {
            Err(Fault { at: 0, message: "cannot be read: write it differently".into() })
        })?;
        let mut checker = Checker::new(&positions);
        let (root, kind) = checker.check(&tree)?;
        if kind != Type::Bool {
            let message =
                format!("the result is {kind}, but must be bool: compare it with something");
            return Err(Fault { at: 0, message });
        }
        Ok(Self { root, reads_output: checker.reads_output() })
    }

    /// Whether the result depends on what came out of the action.
    pub(super) fn reads_output(&self) -> bool {
        self.reads_output
    }

    /// Whether it is `false`, written out.
    pub(super) fn is_always_false(&self) -> bool {
        matches!(self.root.kind, run::Kind::Constant(run::Val0::Bool(false)))
    }

    /// Runs the program. An error says where and why there is no result.
    pub(super) fn run(&self, environment: &Environment<'_>) -> Result<bool, String> {
        let mut runner = Runner::new(environment);
        match runner.run(&self.root) {
            Ok(Val::Bool(result)) => Ok(result),
            Ok(_) => Err("its result is not bool".into()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn syntax_fault(text: &str, errors: &cel::ParseErrors) -> Fault {
    let Some(first) = errors.errors.first() else {
        return Fault { at: 0, message: "is not a CEL expression".into() };
    };
    let (line, column) = first.pos;
    let before = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let start: usize =
        text.split_inclusive('\n').take(before).map(|line| line.chars().count()).sum();
    let column = usize::try_from(column).unwrap_or(1).saturating_sub(1);
    let message = first.msg.trim_start_matches("Syntax error: ").replace('\n', " ");
    Fault {
        at: start.saturating_add(column),
        message: format!("is not a CEL expression: {message}"),
    }
}

impl Fault {
    /// The fault with line and column, as an editor counts them.
    pub(super) fn explain(&self, text: &str) -> String {
        let before: Vec<char> = text.chars().take(self.at).collect();
        let line = before.iter().filter(|character| **character == '\n').count().saturating_add(1);
        let column = before
            .iter()
            .rev()
            .take_while(|character| **character != '\n')
            .count()
            .saturating_add(1);
        format!("line {line}, column {column}: {}", self.message)
    }
}
