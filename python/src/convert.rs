//! Python objects to JSON and back.
//!
//! Every object can be converted: what JSON has no form for is described by `execlave._plain`, and what cannot even be described is
//! replaced by a marker. So one odd value costs itself at most, never the trace or the question that carries it.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

/// Levels of nesting that are kept; what lies deeper is replaced by [`TOO_DEEP`].
const DEPTH_LIMIT: usize = 32;
const TOO_DEEP: &str = "[REDACTED_DEPTH_LIMIT]";
const CIRCULAR: &str = "[CIRCULAR]";

/// Converts any object. Fails only with what is not an ordinary exception, such as an interrupt.
pub(crate) fn to_json(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    Walk { path: Vec::new(), depth: 0 }.value(object)
}

/// Converts an object that should be a mapping; anything else is kept under the key `value`.
pub(crate) fn to_map(object: &Bound<'_, PyAny>) -> PyResult<Map<String, Value>> {
    Ok(match to_json(object)? {
        Value::Object(map) => map,
        Value::Null => Map::new(),
        other => Map::from_iter([("value".to_owned(), other)]),
    })
}

/// The text of any object: of a string the string, of anything else its `str`.
pub(crate) fn to_text(object: &Bound<'_, PyAny>) -> PyResult<String> {
    match object.cast::<PyString>() {
        Ok(text) => string(text),
        Err(_) => match object.str() {
            Ok(text) => string(&text),
            Err(error) if is_ordinary(object.py(), &error) => {
                Ok(format!("[unserializable:{}]", type_name(object)))
            }
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
}

impl Walk {
    fn value(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
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
            return integer(object);
        }
        if let Ok(float) = object.cast_exact::<PyFloat>() {
            return Ok(number(float.value()));
        }
        if self.path.contains(&identity(object)) {
            return Ok(Value::from(CIRCULAR));
        }
        // An object that describes itself by ever new objects adds to the path without adding a level.
        if self.depth >= DEPTH_LIMIT || self.path.len() >= 4 * DEPTH_LIMIT {
            return Ok(Value::from(TOO_DEEP));
        }
        self.path.push(identity(object));
        let converted = self.container(object);
        self.path.pop();
        converted
    }

    fn container(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
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
        match plainer(object) {
            Ok(plain) if plain.is(object) => to_text(object).map(Value::String),
            Ok(plain) => self.value(&plain),
            Err(error) if is_ordinary(object.py(), &error) => {
                Ok(Value::String(format!("[unserializable:{}]", type_name(object))))
            }
            Err(error) => Err(error),
        }
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>) -> PyResult<Value> {
        let mut map = Map::new();
        for (key, value) in dict.copy()?.iter() {
            self.depth += 1;
            let converted = self.value(&value);
            self.depth -= 1;
            map.insert(key_text(&key)?, converted?);
        }
        Ok(Value::Object(map))
    }

    fn items<'py>(&mut self, items: impl Iterator<Item = Bound<'py, PyAny>>) -> PyResult<Value> {
        self.depth += 1;
        let converted: PyResult<Vec<_>> = items.map(|item| self.value(&item)).collect();
        self.depth -= 1;
        converted.map(Value::Array)
    }
}

/// A key as `json.dumps` would write it.
fn key_text(key: &Bound<'_, PyAny>) -> PyResult<String> {
    if key.is_none() {
        return Ok("null".to_owned());
    }
    if let Ok(flag) = key.cast::<PyBool>() {
        return Ok(flag.is_true().to_string());
    }
    to_text(key)
}

/// Integers that a JSON reader holds exactly stay numbers; larger ones become their digits.
fn integer(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(small) = object.extract::<i64>() {
        return Ok(Value::from(small));
    }
    if let Ok(large) = object.extract::<u64>() {
        return Ok(Value::from(large));
    }
    to_text(object).map(Value::String)
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

/// Asks `execlave._plain` for something plainer.
fn plainer<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static PLAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    PLAIN.import(object.py(), "execlave._plain", "plain")?.call1((object,))
}

/// Whether an error may be swallowed: an interrupt or an exit may not.
fn is_ordinary(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyException>(py)
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string())
}

fn identity(object: &Bound<'_, PyAny>) -> usize {
    object.as_ptr() as usize
}
