//! From the parser's tree to a program: names and types are checked, constants and expressions prepared, and
//! the worst case is counted.

use std::cmp::Ordering;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators,
};

use super::Fault;
use super::operators::{Arithmetic, Function, call};
use super::run::{Fold, Kind, Node, SLOTS, Val0, Variable};
use super::types::Type;
use super::value::Val;
use crate::policy::patterns;

/// Steps of the worst case, over lists of [`LENGTH`] entries.
const COST: u64 = 100_000;
const LENGTH: u64 = 100;

pub(super) struct Checker<'a> {
    positions: &'a SourceInfo,
    /// Loop variables, innermost last.
    scope: Vec<(String, usize, Type)>,
    /// How many loop variables are in use.
    slots: usize,
    reads_output: bool,
    cost: u64,
    /// How often what is being checked runs, at worst.
    times: u64,
}

type Checked = Result<(Node, Type), Fault>;

const VARIABLES: &[(&str, Variable)] = &[
    ("input", Variable::Input),
    ("output", Variable::Output),
    ("agentId", Variable::AgentId),
    ("agentName", Variable::AgentName),
    ("environment", Variable::Environment),
    ("orgId", Variable::OrgId),
    ("phase", Variable::Phase),
    ("tools", Variable::Tools),
    ("metadata", Variable::Metadata),
    ("tags", Variable::Tags),
    ("cost", Variable::Cost),
    ("now", Variable::Now),
];

fn type_of(variable: Variable) -> Type {
    match variable {
        Variable::Tools | Variable::Tags => Type::list(Type::Text),
        Variable::Metadata => Type::map(Type::Dyn),
        Variable::Cost => Type::Double,
        Variable::Now => Type::Time,
        _ => Type::Text,
    }
}

/// A function: its name, what it does, the types of its values and of its result.
struct Signature {
    name: &'static str,
    function: Function,
    values: &'static [Type],
    argument: Option<Type>,
    result: Type,
}

const ANY_SIZE: &[Type] = &[Type::Text, Type::Dyn];
const TEXT: &[Type] = &[Type::Text];
const MOMENT: &[Type] = &[Type::Time];
const MOMENT_OR_SPAN: &[Type] = &[Type::Time, Type::Span];
const CONVERTIBLE: &[Type] =
    &[Type::Int, Type::Uint, Type::Double, Type::Text, Type::Bool, Type::Time];

macro_rules! signatures {
    ($($name:literal $function:ident($values:expr $(, $argument:expr)?) -> $result:expr;)+) => {
        &[$(Signature {
            name: $name,
            function: Function::$function,
            values: $values,
            argument: signatures!(@ $($argument)?),
            result: $result,
        }),+]
    };
    (@) => { None };
    (@ $argument:expr) => { Some($argument) };
}

const FUNCTIONS: &[Signature] = signatures! {
    "size" Size(ANY_SIZE) -> Type::Int;
    "contains" Contains(TEXT, Type::Text) -> Type::Bool;
    "startsWith" StartsWith(TEXT, Type::Text) -> Type::Bool;
    "endsWith" EndsWith(TEXT, Type::Text) -> Type::Bool;
    "lowerAscii" LowerAscii(TEXT) -> Type::Text;
    "upperAscii" UpperAscii(TEXT) -> Type::Text;
    "trim" Trim(TEXT) -> Type::Text;
    "int" ToInt(&[Type::Int, Type::Uint, Type::Double, Type::Text, Type::Time]) -> Type::Int;
    "uint" ToUint(&[Type::Int, Type::Uint, Type::Double, Type::Text]) -> Type::Uint;
    "double" ToDouble(&[Type::Int, Type::Uint, Type::Double, Type::Text]) -> Type::Double;
    "string" ToText(CONVERTIBLE) -> Type::Text;
    "timestamp" ToTime(&[Type::Time, Type::Text, Type::Int]) -> Type::Time;
    "duration" ToSpan(&[Type::Span, Type::Text]) -> Type::Span;
    "getFullYear" FullYear(MOMENT) -> Type::Int;
    "getMonth" Month(MOMENT) -> Type::Int;
    "getDayOfMonth" DayOfMonth(MOMENT) -> Type::Int;
    "getDayOfWeek" DayOfWeek(MOMENT) -> Type::Int;
    "getHours" Hours(MOMENT_OR_SPAN) -> Type::Int;
    "getMinutes" Minutes(MOMENT_OR_SPAN) -> Type::Int;
    "getSeconds" Seconds(MOMENT_OR_SPAN) -> Type::Int;
};

impl<'a> Checker<'a> {
    pub(super) fn new(positions: &'a SourceInfo) -> Self {
        Self { positions, scope: Vec::new(), slots: 0, reads_output: false, cost: 0, times: 1 }
    }

    pub(super) fn reads_output(&self) -> bool {
        self.reads_output
    }

    fn at(&self, expr: &IdedExpr) -> u32 {
        // The parser counts bytes, people count characters.
        let start = self.positions.offset_for(expr.id).map_or(0, |(start, _)| start);
        let before = usize::try_from(start).ok().and_then(|end| self.positions.source.get(..end));
        let characters = before.map_or(0, |before| before.chars().count());
        u32::try_from(characters).unwrap_or(start)
    }

    fn fault<T>(&self, expr: &IdedExpr, message: impl Into<String>) -> Result<T, Fault> {
        let at = usize::try_from(self.at(expr)).unwrap_or_default();
        Err(Fault { at, message: message.into() })
    }

    pub(super) fn check(&mut self, expr: &IdedExpr) -> Checked {
        self.cost = self.cost.saturating_add(self.times);
        if self.cost > COST {
            let message =
                "takes too many steps over long lists: nest fewer loops or split the policy";
            return self.fault(expr, message);
        }
        let (kind, of) = match &expr.expr {
            Expr::Literal(literal) => match constant(literal) {
                Some((constant, of)) => (Kind::Constant(constant), of),
                None => return self.fault(expr, "bytes are not supported: use a string"),
            },
            Expr::Ident(name) => self.name(expr, name)?,
            Expr::Select(select) => {
                let (whole, of) = self.check(&select.operand)?;
                let found = match of {
                    Type::Map(of) => *of,
                    Type::Dyn => Type::Dyn,
                    other => {
                        let message = format!("`{}` is not a field of {other}", select.field);
                        return self.fault(expr, message);
                    }
                };
                let name = select.field.as_str().into();
                if select.test {
                    (Kind::Has(Box::new(whole), name), Type::Bool)
                } else {
                    (Kind::Select(Box::new(whole), name), found)
                }
            }
            Expr::List(list) => {
                if !list.optional_indices.is_empty() {
                    return self.fault(expr, "optional entries are not supported");
                }
                let mut of: Option<Type> = None;
                let mut items = Vec::with_capacity(list.elements.len());
                for element in &list.elements {
                    let (item, kind) = self.check(element)?;
                    of = Some(of.map_or(kind.clone(), |of| of.join(kind)));
                    items.push(item);
                }
                (Kind::List(items), Type::list(of.unwrap_or(Type::Dyn)))
            }
            Expr::Map(map) => {
                let mut of: Option<Type> = None;
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else {
                        return self.fault(expr, "is not a map");
                    };
                    let (key, of_key) = self.check(&entry.key)?;
                    if !of_key.fits(&Type::Text) || entry.optional {
                        return self.fault(&entry.key, "keys of maps are strings");
                    }
                    let (value, kind) = self.check(&entry.value)?;
                    of = Some(of.map_or(kind.clone(), |of| of.join(kind)));
                    entries.push((key, value));
                }
                (Kind::Map(entries), Type::map(of.unwrap_or(Type::Dyn)))
            }
            Expr::Call(call) => self.call(expr, call)?,
            Expr::Comprehension(comprehension) => self.fold(expr, comprehension)?,
            Expr::Struct(_) | Expr::Unspecified => {
                return self.fault(expr, "messages are not supported: use the variables");
            }
        };
        Ok((Node { at: self.at(expr), kind }, of))
    }

    fn name(&mut self, expr: &IdedExpr, name: &str) -> Result<(Kind, Type), Fault> {
        if let Some((_, slot, of)) = self.scope.iter().rev().find(|(known, ..)| known == name) {
            return Ok((Kind::Slot(*slot), of.clone()));
        }
        if let Some((_, variable)) = VARIABLES.iter().find(|(known, _)| *known == name) {
            self.reads_output |= *variable == Variable::Output;
            return Ok((Kind::Variable(*variable), type_of(*variable)));
        }
        let known: Vec<String> = VARIABLES.iter().map(|(name, _)| format!("`{name}`")).collect();
        self.fault(expr, format!("unknown name `{name}`: use one of {}", known.join(", ")))
    }

    fn call(&mut self, expr: &IdedExpr, called: &CallExpr) -> Result<(Kind, Type), Fault> {
        let values: Vec<&IdedExpr> =
            called.target.as_deref().into_iter().chain(&called.args).collect();
        let name = called.func_name.as_str();
        match (name, values.as_slice()) {
            (operators::LOGICAL_NOT, [value]) => Ok((Kind::Not(self.boolean(value)?), Type::Bool)),
            (operators::NOT_STRICTLY_FALSE, [value]) => {
                Ok((Kind::NotFalse(self.boolean(value)?), Type::Bool))
            }
            (operators::LOGICAL_AND, [one, other]) => {
                Ok((Kind::And(self.boolean(one)?, self.boolean(other)?), Type::Bool))
            }
            (operators::LOGICAL_OR, [one, other]) => {
                Ok((Kind::Or(self.boolean(one)?, self.boolean(other)?), Type::Bool))
            }
            (operators::CONDITIONAL, [condition, yes, no]) => {
                let condition = self.boolean(condition)?;
                let (yes, of) = self.check(yes)?;
                let (no, other) = self.check(no)?;
                if !of.fits(&other) {
                    let message = format!("one choice is {of}, the other {other}: make them alike");
                    return self.fault(expr, message);
                }
                Ok((Kind::Choose(condition, Box::new(yes), Box::new(no)), of.join(other)))
            }
            (operators::NEGATE, [value]) => {
                let (value, of) = self.check(value)?;
                match of {
                    Type::Int | Type::Double | Type::Dyn => Ok((Kind::Negate(Box::new(value)), of)),
                    other => self.fault(expr, format!("`-` does not apply to {other}")),
                }
            }
            (_, [one, other]) if name.starts_with('_') || name == operators::IN => {
                self.binary(expr, name, one, other)
            }
            ("matches", [text, pattern]) => self.matches(expr, text, pattern),
            (_, values) => self.function(expr, name, values),
        }
    }

    fn boolean(&mut self, expr: &IdedExpr) -> Result<Box<Node>, Fault> {
        let (node, of) = self.check(expr)?;
        if !of.fits(&Type::Bool) {
            return self.fault(expr, format!("is {of}, but must be bool"));
        }
        Ok(Box::new(node))
    }

    fn binary(
        &mut self,
        expr: &IdedExpr,
        name: &str,
        one: &IdedExpr,
        other: &IdedExpr,
    ) -> Result<(Kind, Type), Fault> {
        let (one, left) = self.check(one)?;
        let (other, right) = self.check(other)?;
        let (one, other) = (Box::new(one), Box::new(other));
        let numbers = left.is_number() && right.is_number();
        let alike = left.fits(&right) || numbers;
        let holds: Option<fn(Ordering) -> bool> = match name {
            operators::LESS => Some(Ordering::is_lt),
            operators::LESS_EQUALS => Some(Ordering::is_le),
            operators::GREATER => Some(Ordering::is_gt),
            operators::GREATER_EQUALS => Some(Ordering::is_ge),
            _ => None,
        };
        let arithmetic = match name {
            operators::ADD => Some(Arithmetic::Add),
            operators::SUBSTRACT => Some(Arithmetic::Subtract),
            operators::MULTIPLY => Some(Arithmetic::Multiply),
            operators::DIVIDE => Some(Arithmetic::Divide),
            operators::MODULO => Some(Arithmetic::Remainder),
            _ => None,
        };
        let sign = name.trim_matches('_').trim_start_matches('@');
        let refuse = |checker: &Self| {
            checker.fault(expr, format!("`{sign}` does not apply to {left} and {right}"))
        };
        if let Some(holds) = holds {
            let ordered = |of: &Type| {
                of.is_number()
                    || matches!(of, Type::Dyn | Type::Bool | Type::Text | Type::Time | Type::Span)
            };
            if !alike || !ordered(&left) || !ordered(&right) {
                return refuse(self);
            }
            return Ok((Kind::Order(one, other, holds), Type::Bool));
        }
        if let Some(operator) = arithmetic {
            return match result_of(operator, &left, &right) {
                Some(of) => Ok((Kind::Arithmetic(operator, one, other), of)),
                None => refuse(self),
            };
        }
        match name {
            operators::EQUALS | operators::NOT_EQUALS => {
                let null = left == Type::Null || right == Type::Null;
                if !alike && !null {
                    return refuse(self);
                }
                Ok((Kind::Equal(one, other, name == operators::EQUALS), Type::Bool))
            }
            operators::IN => {
                let fits = match &right {
                    Type::List(of) => left.fits(of) || (left.is_number() && of.is_number()),
                    Type::Map(_) => left.fits(&Type::Text),
                    Type::Dyn => true,
                    _ => false,
                };
                if !fits {
                    return refuse(self);
                }
                Ok((Kind::In(one, other), Type::Bool))
            }
            operators::INDEX => match left.clone() {
                Type::List(of) if matches!(right, Type::Int | Type::Uint | Type::Dyn) => {
                    Ok((Kind::Index(one, other), *of))
                }
                Type::Map(of) if right.fits(&Type::Text) => Ok((Kind::Index(one, other), *of)),
                Type::Dyn => Ok((Kind::Index(one, other), Type::Dyn)),
                _ => refuse(self),
            },
            _ => self.fault(expr, format!("`{sign}` is not supported")),
        }
    }

    fn matches(
        &mut self,
        expr: &IdedExpr,
        text: &IdedExpr,
        pattern: &IdedExpr,
    ) -> Result<(Kind, Type), Fault> {
        let (text, of) = self.check(text)?;
        if !of.fits(&Type::Text) {
            return self.fault(expr, format!("`matches` does not apply to {of}"));
        }
        let Expr::Literal(LiteralValue::String(source)) = &pattern.expr else {
            let message = "the expression of `matches` must be written out: it is compiled once";
            return self.fault(pattern, message);
        };
        match patterns::compile(source.inner(), false) {
            Ok(regex) => Ok((Kind::Matches(Box::new(text), Box::new(regex)), Type::Bool)),
            Err(message) => self.fault(pattern, message),
        }
    }

    fn function(
        &mut self,
        expr: &IdedExpr,
        name: &str,
        values: &[&IdedExpr],
    ) -> Result<(Kind, Type), Fault> {
        let Some(known) = FUNCTIONS.iter().find(|known| known.name == name) else {
            let mut names: Vec<&str> = FUNCTIONS.iter().map(|known| known.name).collect();
            names.push("matches");
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("unknown function `{name}`: use one of {}", names.join(", "));
            return self.fault(expr, message);
        };
        let wanted = if known.argument.is_some() { 2 } else { 1 };
        let (Some(value), true) = (values.first(), values.len() == wanted) else {
            return self.fault(expr, format!("`{name}` takes {wanted} values"));
        };
        let (value, of) = self.check(value)?;
        let sized = known.function == Function::Size
            && matches!(of, Type::List(_) | Type::Map(_) | Type::Text | Type::Dyn);
        let fits = sized
            || (known.function != Function::Size
                && known.values.iter().any(|wanted| of.fits(wanted)));
        if !fits {
            return self.fault(expr, format!("`{name}` does not apply to {of}"));
        }
        let argument = match (&known.argument, values.get(1)) {
            (Some(wanted), Some(argument)) => {
                let (node, of) = self.check(argument)?;
                if !of.fits(wanted) {
                    return self.fault(argument, format!("is {of}, but must be {wanted}"));
                }
                Some(Box::new(node))
            }
            _ => None,
        };
        if let Kind::Constant(Val0::Text(text)) = &value.kind
            && matches!(known.function, Function::ToTime | Function::ToSpan)
        {
            return match call(known.function, Val::text(text), None) {
                Ok(Val::Time(time)) => Ok((Kind::Constant(Val0::Time(time)), Type::Time)),
                Ok(Val::Span(span)) => Ok((Kind::Constant(Val0::Span(span)), Type::Span)),
                _ => self.fault(expr, format!("`{text}` is not a {name}")),
            };
        }
        Ok((Kind::Call(known.function, Box::new(value), argument), known.result.clone()))
    }

    /// A macro such as `all` or `map`, as the parser writes it out.
    fn fold(
        &mut self,
        expr: &IdedExpr,
        written: &ComprehensionExpr,
    ) -> Result<(Kind, Type), Fault> {
        if written.iter_var2.is_some() {
            return self.fault(expr, "macros with two variables are not supported");
        }
        let (range, of) = self.check(&written.iter_range)?;
        let of = match of {
            Type::List(of) => *of,
            Type::Map(_) => Type::Text,
            Type::Dyn => Type::Dyn,
            other => {
                return self.fault(&written.iter_range, format!("is {other}, but must be a list"));
            }
        };
        let (start, of_result) = self.check(&written.accu_init)?;
        let (item, result) = (self.slots, self.slots.saturating_add(1));
        self.slots = self.slots.saturating_add(2);
        if self.slots > SLOTS {
            return self.fault(expr, "loops are nested too deep: split the policy");
        }
        let depth = self.scope.len();
        let times = self.times;
        self.scope.push((written.iter_var.clone(), item, of));
        self.scope.push((written.accu_var.clone(), result, of_result.clone()));
        self.times = times.saturating_mul(LENGTH);
        let (goes_on, _) = self.check(&written.loop_cond)?;
        let (step, of_step) = self.check(&written.loop_step)?;
        self.times = times;
        if !of_step.fits(&of_result) {
            return self.fault(expr, format!("the condition is {of_step}, but must be bool"));
        }
        // A list that grows has the type of what is put into it.
        let of_result = if matches!(of_result, Type::List(_)) { of_step } else { of_result };
        self.scope.truncate(depth);
        self.scope.push((written.accu_var.clone(), result, of_result));
        let (end, of) = self.check(&written.result)?;
        self.scope.truncate(depth);
        // Loops one after the other share their variables.
        self.slots = item;
        let step = appending(step, result);
        let fold = Fold { range, item, result, start, goes_on, step, end };
        Ok((Kind::Fold(Box::new(fold)), of))
    }
}

/// `result + [x]` puts `x` at the end instead of copying the list.
fn appending(node: Node, result: usize) -> Node {
    let Node { at, kind } = node;
    let kind = match kind {
        Kind::Arithmetic(Arithmetic::Add, one, other) => match (one.kind, other.kind) {
            (Kind::Slot(slot), Kind::List(mut items)) if slot == result && items.len() == 1 => {
                match items.pop() {
                    Some(item) => Kind::Append(slot, Box::new(item)),
                    None => Kind::Slot(slot),
                }
            }
            (left, right) => Kind::Arithmetic(
                Arithmetic::Add,
                Box::new(Node { at: one.at, kind: left }),
                Box::new(Node { at: other.at, kind: right }),
            ),
        },
        Kind::Choose(condition, yes, no) => {
            Kind::Choose(condition, Box::new(appending(*yes, result)), no)
        }
        other => other,
    };
    Node { at, kind }
}

/// The type of a sum and its like; `None` if there is none.
fn result_of(operator: Arithmetic, left: &Type, right: &Type) -> Option<Type> {
    use Arithmetic::{Add, Remainder, Subtract};
    let dynamic = *left == Type::Dyn || *right == Type::Dyn;
    match (left, right) {
        (Type::Int, Type::Int) | (Type::Uint, Type::Uint) => Some(left.clone()),
        (Type::Double, Type::Double) if operator != Remainder => Some(Type::Double),
        (Type::Text, Type::Text) if operator == Add => Some(Type::Text),
        (Type::List(_), Type::List(_)) if operator == Add => {
            // An empty list literal takes on the other's type.
            Some(match (left, right) {
                (Type::List(of), other) | (other, Type::List(of)) if **of == Type::Dyn => {
                    other.clone()
                }
                (left, right) => left.clone().join(right.clone()),
            })
        }
        (Type::Time, Type::Span) if matches!(operator, Add | Subtract) => Some(Type::Time),
        (Type::Span, Type::Time) if operator == Add => Some(Type::Time),
        (Type::Span, Type::Span) if matches!(operator, Add | Subtract) => Some(Type::Span),
        (Type::Time, Type::Time) if operator == Subtract => Some(Type::Span),
        (one, other) if dynamic => {
            let known = if *one == Type::Dyn { other } else { one };
            let possible = match known {
                Type::Dyn | Type::Int | Type::Uint | Type::Double => true,
                Type::Text | Type::List(_) => operator == Add,
                Type::Time | Type::Span => matches!(operator, Add | Subtract),
                Type::Null | Type::Bool | Type::Map(_) => false,
            };
            possible.then_some(Type::Dyn)
        }
        _ => None,
    }
}

fn constant(literal: &LiteralValue) -> Option<(Val0, Type)> {
    Some(match literal {
        LiteralValue::Null => (Val0::Null, Type::Null),
        LiteralValue::Boolean(flag) => (Val0::Bool(*flag.inner()), Type::Bool),
        LiteralValue::Int(number) => (Val0::Int(*number.inner()), Type::Int),
        LiteralValue::UInt(number) => (Val0::Uint(*number.inner()), Type::Uint),
        LiteralValue::Double(number) => (Val0::Double(*number.inner()), Type::Double),
        LiteralValue::String(text) => (Val0::Text(text.inner().into()), Type::Text),
        LiteralValue::Bytes(_) => return None,
    })
}
