//! `quality_threshold`: fires when a metric in a trace's metadata is too low. A trace without the metric is
//! not judged.

use serde_json::Value;

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject, shown};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::text("metric", 200, Some("qualityScore"), "where in the metadata the metric stands"),
    Field::number("min", "the lowest value that is good enough").required(),
]);

#[derive(Debug)]
pub(super) struct QualityThreshold {
    metric: String,
    min: f64,
}

pub(super) fn read(fields: &Fields) -> Result<QualityThreshold, PolicyError> {
    Ok(QualityThreshold {
        metric: fields.text("metric").unwrap_or_default(),
        min: fields.number("min").unwrap_or_default(),
    })
}

impl Rule for QualityThreshold {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let Some(value) = subject.metadata(&self.metric).filter(|value| !value.is_null()) else {
            return;
        };
        let Some(score) = value.as_f64().filter(|_| matches!(value, Value::Number(_))) else {
            checked.problem(format!("`metadata.{}` must be a number", shown(&self.metric)));
            return;
        };
        if score < self.min {
            let message = format!(
                "`metadata.{}` is {score}, below {}; look at the output before it is used",
                shown(&self.metric),
                self.min
            );
            checked.hit("below_min", message, None);
        }
    }
}
