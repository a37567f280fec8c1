//! The violations of an answer, whoever wrote it.

use serde_json::{Map, Value};

/// The objects among them. A type that is no text is none: what is not understood must not keep a block from being one.
pub(crate) fn violations(body: &Map<String, Value>) -> Vec<Value> {
    let listed = body.get("violations").and_then(Value::as_array);
    let objects = listed.into_iter().flatten().filter_map(Value::as_object);
    objects
        .map(|violation| {
            let mut violation = violation.clone();
            if violation.get("policyType").is_some_and(|kind| !kind.is_string()) {
                violation.remove("policyType");
            }
            Value::Object(violation)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_objects_are_violations_and_only_texts_are_types() {
        let read = |listed: Value| violations(&Map::from_iter([("violations".to_owned(), listed)]));
        let sound = json!({"policyType": "t", "message": 1});
        let odd = json!([1, null, "x", [], {"policyType": ["x"]}, {}, sound]);
        assert_eq!(read(odd), [json!({}), json!({}), sound]);
        for odd in [json!("x"), json!(null), json!({"policyType": "t"})] {
            assert!(read(odd).is_empty());
        }
        assert!(violations(&Map::new()).is_empty());
    }
}
