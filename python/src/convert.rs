//! Python objects to JSON and back.
//!
//! What is recorded can be any object: what JSON has no form for is described by `execlave._plain`, and what cannot even be described
//! is replaced by a marker, so that one odd value costs itself at most, never the trace that carries it. What is asked is either carried
//! whole or refused: an answer about a marker would not be about what stands behind it.

use execlave_client::enforce::{DEEPEST, too_deep};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

use crate::error;

/// Levels of nesting that are recorded; what lies deeper is replaced by [`TOO_DEEP`].
const DEPTH_LIMIT: usize = 32;
const TOO_DEEP: &str = "[REDACTED_DEPTH_LIMIT]";
/// Stands for an object inside itself. Nothing is hidden by it: what it stands for is being carried already.
const CIRCULAR: &str = "[CIRCULAR]";
/// Values in one question, which a few shared objects can multiply without end.
const MOST_ASKED: usize = 1_000_000;

/// Converts any object for the record. Fails only with what is not an ordinary exception, such as an interrupt.
pub(crate) fn to_json(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    Walk::new(false).value(object).map_err(|fault| fault.into_error(object.py(), error::invalid))
}

/// Converts an object of which nothing may be lost. What cannot be carried whole is refused with `refuse`, and with its place.
pub(crate) fn to_whole_json(object: &Bound<'_, PyAny>, refuse: Refuse) -> PyResult<Value> {
    Walk::new(true).value(object).map_err(|fault| fault.into_error(object.py(), refuse))
}

/// As [`to_whole_json`], of an object that should be a mapping.
pub(crate) fn to_whole_map(
    object: &Bound<'_, PyAny>,
    refuse: Refuse,
) -> PyResult<Map<String, Value>> {
    to_whole_json(object, refuse).map(into_map)
}

/// Converts an object that should be a mapping; anything else is kept under the key `value`.
pub(crate) fn to_map(object: &Bound<'_, PyAny>) -> PyResult<Map<String, Value>> {
    to_json(object).map(into_map)
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null => Map::new(),
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// The text of any object: of a string the string, of anything else its `str`, and a marker if it has none.
pub(crate) fn to_text(object: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(text_of(object)?.unwrap_or_else(|| marker(object)))
}

fn text_of(object: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    match object.cast::<PyString>() {
        Ok(text) => string(text).map(Some),
        Err(_) => match object.str() {
            Ok(text) => string(&text).map(Some),
            Err(error) if is_ordinary(object.py(), &error) => Ok(None),
            Err(error) => Err(error),
        },
    }
}

/// Converts JSON to the Python objects that `json.loads` would give.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => integer.into_pyobject(py)?.into_any(),
            (None, Some(integer)) => integer.into_pyobject(py)?.into_any(),
            (None, None) => PyFloat::new(py, number.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(map) => to_dict(py, map)?.into_any(),
    })
}

/// Converts a JSON object to a dict.
pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    map: &Map<String, Value>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in map {
        dict.set_item(key, to_python(py, value)?)?;
    }
    Ok(dict)
}

/// One conversion under way: the objects it is inside of, by identity, and how many of them are levels of the result.
struct Walk {
    path: Vec<usize>,
    depth: usize,
    /// Whether nothing may be lost, and then how many more values there may be.
    whole: Option<usize>,
}

impl Walk {
    fn new(whole: bool) -> Self {
        Self { path: Vec::new(), depth: 0, whole: whole.then_some(MOST_ASKED) }
    }

    fn value(&mut self, object: &Bound<'_, PyAny>) -> Result<Value, Fault> {
        if let Some(left) = &mut self.whole {
            *left = left.checked_sub(1).ok_or_else(|| refused(TOO_MANY))?;
        }
        if object.is_none() {
            return Ok(Value::Null);
        }
        if let Ok(text) = object.cast_exact::<PyString>() {
            return Ok(Value::String(string(text)?));
        }
        if let Ok(flag) = object.cast::<PyBool>() {
            return Ok(Value::Bool(flag.is_true()));
        }
        if object.cast_exact::<PyInt>().is_ok() {
            return self.integer(object);
        }
        if let Ok(float) = object.cast_exact::<PyFloat>() {
            return Ok(number(float.value()));
        }
        if self.path.contains(&identity(object)) {
            return Ok(Value::from(CIRCULAR));
        }
        // An object that describes itself by ever new objects adds to the path without adding a level.
        if self.whole.is_some() {
            if self.path.len() >= 4 * DEEPEST {
                return Err(refused(ENDLESS));
            }
        } else if self.depth >= DEPTH_LIMIT || self.path.len() >= 4 * DEPTH_LIMIT {
            return Ok(Value::from(TOO_DEEP));
        }
        self.path.push(identity(object));
        let converted = self.container(object);
        self.path.pop();
        converted
    }

    fn container(&mut self, object: &Bound<'_, PyAny>) -> Result<Value, Fault> {
        if let Ok(dict) = object.cast_exact::<PyDict>() {
            return self.dict(dict);
        }
        if let Ok(list) = object.cast::<PyList>() {
            // A copy: converting an element may run code that changes the list.
            return self.items(list.get_slice(0, list.len()).iter());
        }
        if let Ok(tuple) = object.cast::<PyTuple>() {
            return self.items(tuple.iter());
        }
        match plainer(object, self.whole.is_some()) {
            Ok(plain) if plain.is(object.py().NotImplemented()) => Err(refused(USED_UP)),
            Ok(plain) if plain.is(object) => self.text(object).map(Value::String),
            Ok(plain) => self.value(&plain),
            Err(error) if is_ordinary(object.py(), &error) => {
                self.indescribable(object).map(Value::String)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>) -> Result<Value, Fault> {
        self.ensure_room()?;
        let mut map = Map::new();
        for (key, value) in dict.copy()?.iter() {
            self.depth += 1;
            let converted = self.value(&value);
            self.depth -= 1;
            let name = self.key(&key)?;
            let converted = converted.map_err(|fault| fault.below(&name))?;
            if self.whole.is_some() && map.contains_key(&name) {
                return Err(refused(SAME_KEYS).below(&name));
            }
            map.insert(name, converted);
        }
        Ok(Value::Object(map))
    }

    fn items<'py>(
        &mut self,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> Result<Value, Fault> {
        self.ensure_room()?;
        self.depth += 1;
        let converted: Result<Vec<_>, Fault> = items
            .enumerate()
            .map(|(index, item)| {
                self.value(&item).map_err(|fault| fault.below(&format!("[{index}]")))
            })
            .collect();
        self.depth -= 1;
        converted.map(Value::Array)
    }

    /// Refuses one level too many where nothing may be lost.
    fn ensure_room(&self) -> Result<(), Fault> {
        if self.whole.is_some() && self.depth >= DEEPEST {
            return Err(refused(&too_deep()));
        }
        Ok(())
    }

    /// A key as `json.dumps` would write it.
    fn key(&self, key: &Bound<'_, PyAny>) -> Result<String, Fault> {
        if key.is_none() {
            return Ok("null".to_owned());
        }
        if let Ok(flag) = key.cast::<PyBool>() {
            return Ok(flag.is_true().to_string());
        }
        self.text(key)
    }

    /// Integers that a JSON reader holds exactly stay numbers; larger ones become their digits.
    fn integer(&self, object: &Bound<'_, PyAny>) -> Result<Value, Fault> {
        if let Ok(small) = object.extract::<i64>() {
            return Ok(Value::from(small));
        }
        if let Ok(large) = object.extract::<u64>() {
            return Ok(Value::from(large));
        }
        self.text(object).map(Value::String)
    }

    fn text(&self, object: &Bound<'_, PyAny>) -> Result<String, Fault> {
        match text_of(object)? {
            Some(text) => Ok(text),
            None => self.indescribable(object),
        }
    }

    fn indescribable(&self, object: &Bound<'_, PyAny>) -> Result<String, Fault> {
        let marker = marker(object);
        if self.whole.is_some() { Err(refused(INDESCRIBABLE)) } else { Ok(marker) }
    }
}

const TOO_MANY: &str = "it holds more than 1,000,000 values; ask about less at once";
const ENDLESS: &str = "an object in it describes itself by ever new ones; pass plain values";
const USED_UP: &str =
    "what yields its values once would be used up by reading it; pass what it yields, as a list";
const SAME_KEYS: &str = "two keys are written alike; give them different texts";
const INDESCRIBABLE: &str = "it cannot be described; pass plain values, or an object with a text";

/// Makes the exception for what cannot be carried whole, out of its place and the reason.
pub(crate) type Refuse = fn(Python<'_>, &str, &str) -> PyErr;

/// Why a conversion ended early.
enum Fault {
    Raised(PyErr),
    /// The way to the place is written from its end.
    Refused {
        way: Vec<String>,
        reason: String,
    },
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Fault {
    fn below(mut self, step: &str) -> Self {
        if let Self::Refused { way, .. } = &mut self {
            way.push(step.chars().take(LABEL).collect());
        }
        self
    }

    fn into_error(self, py: Python<'_>, refuse: Refuse) -> PyErr {
        let (way, reason) = match self {
            Self::Raised(error) => return error,
            Self::Refused { way, reason } => (way, reason),
        };
        let mut path = String::new();
        for step in way.iter().rev().take(SHOWN) {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        if way.len() > SHOWN {
            path.push('…');
        }
        refuse(py, &path, &reason)
    }
}

/// Characters of a key in a path.
const LABEL: usize = 64;
/// Levels of a path that are shown.
const SHOWN: usize = 8;

fn refused(reason: &str) -> Fault {
    Fault::Refused { way: Vec::new(), reason: reason.to_owned() }
}

/// A float, or the word for what JSON has no number for.
fn number(float: f64) -> Value {
    match Number::from_f64(float) {
        Some(number) => Value::Number(number),
        None if float.is_nan() => Value::from("NaN"),
        None if float > 0.0 => Value::from("Infinity"),
        None => Value::from("-Infinity"),
    }
}

/// A string as the wire can carry it: lone surrogates and NUL become U+FFFD.
fn string(text: &Bound<'_, PyString>) -> PyResult<String> {
    let text = if let Ok(text) = text.to_str() {
        text.to_owned()
    } else {
        let encoded = text.call_method1("encode", ("utf-16-le", "surrogatepass"))?;
        let bytes: Vec<u8> = encoded.extract()?;
        let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    Ok(if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text })
}

/// Asks `execlave._plain` for something plainer; where nothing may be lost, for all that can be read.
fn plainer<'py>(object: &Bound<'py, PyAny>, whole: bool) -> PyResult<Bound<'py, PyAny>> {
    static PLAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static WHOLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let (once, name) = if whole { (&WHOLE, "whole") } else { (&PLAIN, "plain") };
    once.import(object.py(), "execlave._plain", name)?.call1((object,))
}

/// Whether an error may be swallowed: an interrupt or an exit may not.
fn is_ordinary(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyException>(py)
}

/// Stands for what cannot be described.
fn marker(object: &Bound<'_, PyAny>) -> String {
    let name = object.get_type().name();
    let name = name.map_or_else(|_| "object".to_owned(), |name| name.to_string());
    format!("[unserializable:{name}]")
}

fn identity(object: &Bound<'_, PyAny>) -> usize {
    object.as_ptr() as usize
}
