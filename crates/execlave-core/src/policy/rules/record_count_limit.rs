//! `record_count_limit`: fires when the number of records an action touches, as its metadata says, is too high.

use serde_json::Value;

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject, shown};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::integer("maxRecords", 0, 9_000_000_000_000_000, None, "how many records are allowed")
        .required(),
    Field::text("field", 200, Some("recordCount"), "where in the metadata the number stands"),
]);

#[derive(Debug)]
pub(super) struct RecordCountLimit {
    max_records: u64,
    field: String,
}

pub(super) fn read(fields: &Fields) -> Result<RecordCountLimit, PolicyError> {
    Ok(RecordCountLimit {
        max_records: fields.integer("maxRecords").unwrap_or_default(),
        field: fields.text("field").unwrap_or_default(),
    })
}

impl Rule for RecordCountLimit {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let Some(value) = subject.metadata(&self.field) else { return };
        let Some(count) = value.as_f64().filter(|_| matches!(value, Value::Number(_))) else {
            checked.problem(format!("`metadata.{}` must be a number", shown(&self.field)));
            return;
        };
        #[expect(clippy::cast_precision_loss, reason = "the limit is below 2^53")]
        let most = self.max_records as f64;
        if count > most {
            let message = format!(
                "{count} records exceed {} per action; ask for fewer (`metadata.{}`)",
                self.max_records,
                shown(&self.field)
            );
            checked.hit("max_records", message, None);
        }
    }
}
