//! The program and how it runs: a tree walked once per action, with a bound on its steps.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use regex::Regex;

use super::compare;
use super::operators::{self, Arithmetic, Function, Problem};
use super::value::{List, Map, Val};
use crate::request::{Occasion, Phase};

/// More steps than the check at save time allows for lists of the usual length.
const STEPS: u32 = 1_000_000;
/// Two for each of the loops that may be nested; the bound on cost allows no more.
pub(super) const SLOTS: usize = 8;

#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands in the text, in characters.
    pub(super) at: u32,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Constant(Val0),
    Variable(Variable),
    Slot(usize),
    Select(Box<Node>, Box<str>),
    Has(Box<Node>, Box<str>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    /// Errors count as true, so that a loop goes on looking for what decides.
    NotFalse(Box<Node>),
    Choose(Box<Node>, Box<Node>, Box<Node>),
    Equal(Box<Node>, Box<Node>, bool),
    Order(Box<Node>, Box<Node>, fn(Ordering) -> bool),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    Negate(Box<Node>),
    In(Box<Node>, Box<Node>),
    Index(Box<Node>, Box<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Call(Function, Box<Node>, Option<Box<Node>>),
    Matches(Box<Node>, Box<Regex>),
    /// Puts a value at the end of the list in a slot.
    Append(usize, Box<Node>),
    Fold(Box<Fold>),
}

/// A loop over a list or the keys of a map.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) range: Node,
    pub(super) item: usize,
    pub(super) result: usize,
    pub(super) start: Node,
    pub(super) goes_on: Node,
    pub(super) step: Node,
    pub(super) end: Node,
}

/// A constant that can be shared between threads.
#[derive(Debug, Clone)]
pub(super) enum Val0 {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Box<str>),
    Time(Timestamp),
    Span(jiff::SignedDuration),
}

impl Val0 {
    fn value(&self) -> Val<'_> {
        match self {
            Self::Null => Val::Null,
            Self::Bool(flag) => Val::Bool(*flag),
            Self::Int(number) => Val::Int(*number),
            Self::Uint(number) => Val::Uint(*number),
            Self::Double(number) => Val::Double(*number),
            Self::Text(text) => Val::text(text),
            Self::Time(time) => Val::Time(*time),
            Self::Span(span) => Val::Span(*span),
        }
    }
}

/// What a program can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    Input,
    Output,
    AgentId,
    AgentName,
    Environment,
    OrgId,
    Phase,
    Tools,
    Metadata,
    Tags,
    Cost,
    Now,
}

/// The values of the variables for one action, shared by all programs that look at it.
pub(in crate::policy) struct Environment<'a> {
    occasion: &'a Occasion<'a>,
    output: &'a str,
    org: &'a OnceCell<String>,
}

impl<'a> Environment<'a> {
    pub(in crate::policy) fn new(
        occasion: &'a Occasion<'a>,
        output: &'a str,
        org: &'a OnceCell<String>,
    ) -> Self {
        Self { occasion, output, org }
    }

    fn get(&self, variable: Variable) -> Val<'a> {
        let Occasion { org, agent, action, now, phase } = self.occasion;
        match variable {
            Variable::Input => Val::text(&action.input),
            Variable::Output => Val::text(self.output),
            Variable::AgentId => Val::text(&agent.external_id),
            Variable::AgentName => Val::text(&agent.name),
            Variable::Environment => Val::text(self.occasion.environment()),
            Variable::OrgId => Val::text(self.org.get_or_init(|| org.to_string())),
            Variable::Phase => Val::text(if phase.is_post() { "post" } else { "pre" }),
            Variable::Tools => {
                Val::List(List::Texts(action.tools.as_deref().unwrap_or_default(), &[]))
            }
            Variable::Metadata => Val::Map(action.metadata.as_ref().map_or(Map::Empty, Map::Json)),
            Variable::Tags => {
                let more: &[String] = match phase {
                    Phase::Post { tags, .. } => tags,
                    Phase::Pre | Phase::Tool => &[],
                };
                Val::List(List::Texts(&agent.tags, more))
            }
            Variable::Cost => Val::Double(action.estimated_cost.unwrap_or_default()),
            Variable::Now => Val::Time(
                Timestamp::from_millisecond(now.as_millis()).unwrap_or(Timestamp::UNIX_EPOCH),
            ),
        }
    }
}

/// Why a program has no result, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    at: u32,
    problem: Problem,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let character = self.at.saturating_add(1);
        write!(f, "character {character}: {}", self.problem.as_str())
    }
}

type Outcome<'a> = Result<Val<'a>, Failure>;

/// One run.
pub(super) struct Runner<'a> {
    environment: &'a Environment<'a>,
    slots: [Outcome<'a>; SLOTS],
    steps: u32,
}

impl<'a> Runner<'a> {
    pub(super) fn new(environment: &'a Environment<'a>) -> Self {
        Self { environment, slots: [const { Ok(Val::Null) }; SLOTS], steps: STEPS }
    }

    pub(super) fn run(&mut self, node: &'a Node) -> Outcome<'a> {
        let fail = |problem| Failure { at: node.at, problem };
        self.steps = self.steps.checked_sub(1).ok_or(fail(Problem::TooExpensive))?;
        match &node.kind {
            Kind::Constant(constant) => Ok(constant.value()),
            Kind::Variable(variable) => Ok(self.environment.get(*variable)),
            Kind::Slot(slot) => {
                self.slots.get(*slot).cloned().unwrap_or(Err(fail(Problem::WrongType)))
            }
            Kind::Select(whole, name) => {
                let whole = self.run(whole)?;
                operators::select(&whole, name).map_err(fail)
            }
            Kind::Has(whole, name) => match self.run(whole)? {
                Val::Map(map) => Ok(Val::Bool(map.get(name).is_some())),
                _ => Err(fail(Problem::WrongType)),
            },
            Kind::And(one, other) => self.decide(node, one, other, false),
            Kind::Or(one, other) => self.decide(node, one, other, true),
            Kind::Not(value) => Ok(Val::Bool(!self.flag(value)?)),
            Kind::NotFalse(value) => {
                Ok(Val::Bool(!matches!(self.run(value), Ok(Val::Bool(false)))))
            }
            Kind::Choose(condition, yes, no) => {
                if self.flag(condition)? {
                    self.run(yes)
                } else {
                    self.run(no)
                }
            }
            Kind::Equal(one, other, wanted) => {
                let (one, other) = (self.run(one)?, self.run(other)?);
                let equal = compare::equal(&one, &other).ok_or(fail(Problem::TooExpensive))?;
                Ok(Val::Bool(equal == *wanted))
            }
            Kind::Order(one, other, holds) => {
                let (one, other) = (self.run(one)?, self.run(other)?);
                let order = compare::order(&one, &other).map_err(|()| fail(Problem::WrongType))?;
                Ok(Val::Bool(order.is_some_and(holds)))
            }
            Kind::Arithmetic(operator, one, other) => {
                let (one, other) = (self.run(one)?, self.run(other)?);
                self.pay(node, weight(&one).saturating_add(weight(&other)))?;
                operators::arithmetic(*operator, one, other).map_err(fail)
            }
            Kind::Negate(value) => operators::negate(&self.run(value)?).map_err(fail),
            Kind::In(value, whole) => {
                let (value, whole) = (self.run(value)?, self.run(whole)?);
                self.pay(node, weight(&whole))?;
                operators::contains(&value, &whole).map_err(fail)
            }
            Kind::Index(whole, place) => {
                let (whole, place) = (self.run(whole)?, self.run(place)?);
                operators::index(&whole, &place).map_err(fail)
            }
            Kind::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.run(item)).collect();
                Ok(Val::list(items?))
            }
            Kind::Map(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    map.push((self.run(key)?, self.run(value)?));
                }
                operators::map_of(map).map_err(fail)
            }
            Kind::Call(function, value, argument) => {
                let value = self.run(value)?;
                let argument = argument.as_ref().map(|argument| self.run(argument)).transpose()?;
                self.pay(node, weight(&value))?;
                operators::call(*function, value, argument.as_ref()).map_err(fail)
            }
            Kind::Matches(value, pattern) => match self.run(value)? {
                Val::Text(text) => {
                    self.pay(node, weight(&Val::Text(text.clone())))?;
                    Ok(Val::Bool(pattern.is_match(&text)))
                }
                _ => Err(fail(Problem::WrongType)),
            },
            Kind::Append(slot, value) => self.append(node, *slot, value),
            Kind::Fold(fold) => self.fold(node, fold),
        }
    }

    fn flag(&mut self, node: &'a Node) -> Result<bool, Failure> {
        match self.run(node)? {
            Val::Bool(flag) => Ok(flag),
            _ => Err(Failure { at: node.at, problem: Problem::WrongType }),
        }
    }

    /// `&&` and `||`: the side that decides wins, even over an error on the other.
    fn decide(
        &mut self,
        node: &'a Node,
        one: &'a Node,
        other: &'a Node,
        decisive: bool,
    ) -> Outcome<'a> {
        let first = self.flag(one);
        if first == Ok(decisive) {
            return Ok(Val::Bool(decisive));
        }
        if first.is_err_and(|failure| failure.problem == Problem::TooExpensive) {
            return Err(Failure { at: node.at, problem: Problem::TooExpensive });
        }
        match (first, self.flag(other)) {
            (_, Ok(second)) if second == decisive => Ok(Val::Bool(decisive)),
            (Err(failure), _) | (Ok(_), Err(failure)) => Err(failure),
            (Ok(_), Ok(second)) => Ok(Val::Bool(second)),
        }
    }

    fn append(&mut self, node: &'a Node, slot: usize, value: &'a Node) -> Outcome<'a> {
        let value = self.run(value)?;
        let wrong = Failure { at: node.at, problem: Problem::WrongType };
        let held = self.slots.get_mut(slot).ok_or(wrong)?;
        // Taken out, so that the list is not shared and grows in place.
        match std::mem::replace(held, Ok(Val::Null))? {
            Val::List(List::Owned(mut items)) => {
                std::rc::Rc::make_mut(&mut items).push(value);
                Ok(Val::List(List::Owned(items)))
            }
            _ => Err(wrong),
        }
    }

    fn fold(&mut self, node: &'a Node, fold: &'a Fold) -> Outcome<'a> {
        let range = self.run(&fold.range)?;
        let keys = match &range {
            Val::Map(map) => List::Owned(std::rc::Rc::new(map.keys())),
            Val::List(list) => list.clone(),
            _ => return Err(Failure { at: node.at, problem: Problem::WrongType }),
        };
        let start = self.run(&fold.start);
        self.put(fold.result, start);
        for index in 0..keys.len() {
            let Some(item) = keys.get(index) else { break };
            if !matches!(self.run(&fold.goes_on), Ok(Val::Bool(true))) {
                break;
            }
            self.put(fold.item, Ok(item));
            let result = self.run(&fold.step);
            if let Err(Failure { problem: Problem::TooExpensive, .. }) = result {
                return result;
            }
            self.put(fold.result, result);
        }
        self.run(&fold.end)
    }

    fn put(&mut self, slot: usize, value: Outcome<'a>) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = value;
        }
    }

    fn pay(&mut self, node: &Node, steps: u32) -> Result<(), Failure> {
        let failure = Failure { at: node.at, problem: Problem::TooExpensive };
        self.steps = self.steps.checked_sub(steps).ok_or(failure)?;
        Ok(())
    }
}

/// What it costs to walk over a value: a step for 256 bytes or an entry of a list.
fn weight(value: &Val<'_>) -> u32 {
    let weight = match value {
        Val::Text(text) => text.len() >> 8,
        Val::List(list) => list.len(),
        _ => 0,
    };
    u32::try_from(weight).unwrap_or(u32::MAX)
}
