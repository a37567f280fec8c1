//! `data_restriction`: fires when the action's metadata declares a denied class of data, or when such data is
//! found in its texts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject, shown};
use crate::request::texts::PiiType;
use crate::words::words;

/// A class of data, as actions declare them in `metadata.dataClass`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DataClass {
    /// For everyone.
    Public,
    /// For the organisation.
    Internal,
    /// For some of the organisation.
    Confidential,
    /// Personal data.
    Pii,
    /// Health data.
    Phi,
    /// Payment card data.
    Pci,
}

words!(
    DataClass,
    "data class",
    Public = "public",
    Internal = "internal",
    Confidential = "confidential",
    Pii = "pii",
    Phi = "phi",
    Pci = "pci",
);

pub(super) const SPEC: Spec = Spec::new(&[
    Field::words::<DataClass>("deniedClasses", "which classes of data").required(),
    Field::text("field", 200, Some("dataClass"), "where in the metadata the class is declared"),
]);

#[derive(Debug)]
pub(super) struct DataRestriction {
    denied: Vec<DataClass>,
    field: String,
}

pub(super) fn read(fields: &Fields) -> Result<DataRestriction, PolicyError> {
    let denied = fields.words("deniedClasses");
    if denied.is_empty() {
        return Err(fields.error("deniedClasses", "must name at least one class"));
    }
    Ok(DataRestriction { denied, field: fields.text("field").unwrap_or_default() })
}

impl Rule for DataRestriction {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        match declared(subject, &self.field) {
            Ok(classes) => {
                if let Some(class) = classes.iter().find(|class| self.denied.contains(class)) {
                    let field = shown(&self.field);
                    let message = format!(
                        "`metadata.{field}` declares {class} data, which is denied; leave it out of the action"
                    );
                    checked.hit(class.as_str(), message, None);
                }
            }
            Err(()) => checked.problem(format!(
                "`metadata.{}` must be a string or a list of strings",
                shown(&self.field)
            )),
        }
        self.check_found(subject, checked);
    }
}

impl DataRestriction {
    fn check_found(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let sought = |class: &DataClass| !matches!(class, DataClass::Public | DataClass::Internal);
        if !self.denied.iter().any(sought) {
            return;
        }
        for text in subject.texts.all() {
            let pii = text.pii().iter().map(|found| (class_of(found.pii_type), found.range()));
            let secrets =
                text.secrets().iter().map(|found| (DataClass::Confidential, found.range()));
            let found = pii.chain(secrets).find(|(class, _)| self.denied.contains(class));
            if let Some((class, range)) = found {
                let message = format!(
                    "{class} data in `{}`, which is denied; remove it from the action",
                    text.field()
                );
                checked.hit(class.as_str(), message, Some(text.evidence(range)));
                return;
            }
        }
    }
}

/// The classes an action declares; words that name none are nobody's class.
pub(in crate::policy) fn declared(
    subject: &Subject<'_>,
    field: &str,
) -> Result<Vec<DataClass>, ()> {
    let class = |word: &str| word.trim().to_ascii_lowercase().parse().ok();
    match subject.metadata(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(word)) => Ok(class(word).into_iter().collect()),
        Some(Value::Array(items)) => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            words.map(|words| words.into_iter().filter_map(class).collect()).ok_or(())
        }
        Some(_) => Err(()),
    }
}

/// Card numbers are cardholder data, keys are nobody's business, health identifiers are health data, and
/// everything else that is personal is personal data.
fn class_of(pii_type: PiiType) -> DataClass {
    match pii_type.as_str() {
        "credit_card" => DataClass::Pci,
        "api_key" => DataClass::Confidential,
        word if ["medical", "health", "nhs", "npi"].iter().any(|part| word.contains(part)) => {
            DataClass::Phi
        }
        _ => DataClass::Pii,
    }
}
