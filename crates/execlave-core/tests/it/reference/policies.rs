//! `docs/reference/policies.md`: the table of fields that the reader and the schemas use, with words around it.

use std::fmt::Write as _;

use execlave_core::policy::{PolicyDocument, PolicyType};
use serde_json::Value;

use super::is_fresh;

const HEAD: &str = "\
# Policy types

A policy is a JSON object. Unknown and ill-typed keys are refused with their path. Keys of `ruleDefinition` may be spelled in snake
case; they are stored in camel case. The JSON Schemas of the policy and of each `ruleDefinition` are made from the same table as this
page and as the reader that refuses.

Older spellings are accepted and never written: `prompt_injection` (`injection_scan`), `pii_detection` (`pii_access`), `log` and
`log_only` (`monitor`), `hard_block` (`block`), `maxCostPerTrace` (`maxCostPerExecution`), `maxCostPerDay` (`dailyBudget`), and an
`agentId` inside the rule of a `tool_invocation` (`appliesToAgents`).

";

const PHASES: &str = "\
Phases: `pre` is before the action, from the enforce request, tool outputs included. `tool` looks at tool outputs alone. `post` is on
an ingested trace: nothing is blocked any more, a violation creates an incident. Patterns are regular expressions without
look-around; they run in linear time, and one that matches the empty text is refused.

";

/// What a table of fields does not say.
const NOTES: &[(&str, &str)] = &[
    (
        "injection_scan",
        "Fires when the detector's risk reaches `threshold`, or one of `patterns` matches, and no `allowPatterns` entry covers the match. The user's turns are read one by one and, with the input, as one text.",
    ),
    ("pii_access", "Fires on at least `minCount` findings of a denied type in all texts together."),
    (
        "cost_limit",
        "Fires when the estimate, or the spend of the current hour or day (UTC) plus the estimate, exceeds a limit. Budgets are reserved before the action is allowed.",
    ),
    (
        "budget_cap",
        "Fires when the spend of the calendar month plus the estimate exceeds the budget. From `warnAtPercent` on it warns, whatever its mode.",
    ),
    (
        "rate_limit",
        "The windows slide: they end with the action. Actions are counted that go ahead or wait for a person.",
    ),
    (
        "access_control",
        "Deny wins. Globs (`*`, `?`) ignore case. A tool must be in `allowedTools` and in the agent's `allowedActions`, where there are such lists: a policy narrows what an agent was registered for and never widens it. Data sources are those in `metadata.dataSources` or `metadata.dataSource`.",
    ),
    ("tool_invocation", "Deny wins; globs ignore case."),
    ("action_approval", "Use it with `enforcementMode` `require_approval`."),
    (
        "external_call",
        "Hosts are looked for in the input, the metadata and what tools were asked: URLs of any scheme, `//host/…`, `www.…`, hosts with a port or path, and bare names. International names, full-width characters, user information, ports, backslashes, numeric and mapped addresses, and URLs inside URLs are brought into one form first. An allowed domain is that host alone (`*.example.com` for its subdomains); a denied one includes its subdomains, and bare names count for it. Without `allowedDomains` every public host is allowed.",
    ),
    (
        "content_filter",
        "Texts and terms are compared in one spelling: case, accents, full-width letters, invisible characters and runs of white space make no difference. Terms are found first.",
    ),
    (
        "data_restriction",
        "Classes are declared in the metadata. Found are `pii` (personal data), `pci` (card numbers), `phi` (health identifiers) and `confidential` (credentials).",
    ),
    (
        "tool_integrity",
        "The baseline is reported with `POST /tool-integrity/agents/{id}/baseline`. Published SDKs hash one descriptor differently, so a tool may be pinned to several hashes. A changed description that reads like an instruction fires even for a pinned tool.",
    ),
    ("quality_threshold", "A trace without the metric is not judged."),
    (
        "custom_validator",
        "The validator's `deny` fires the policy; `require_approval` asks a person, unless the policy only warns or monitors; no answer follows `failureMode`.",
    ),
    (
        "sequence",
        "`after` and `deny` are matchers: at least one of `tools` (globs), `toolOutputs` (globs: tools whose answers the action carries), `dataClasses` (declared in `metadata.dataClass`) and `expression` (CEL); everything given must match. The sequence is `metadata.sessionId` or `metadata.traceId`. What happened is remembered from the moment a policy asks for it.",
    ),
    (
        "expression",
        "Variables: `input`, `output` (traces only; an expression that reads it is not evaluated before the action), `agentId`, `agentName`, `environment`, `orgId`, `phase` (`pre`, `post`) strings; `tools`, `tags` lists of strings; `metadata` map; `cost` double; `now` timestamp. Macros `has`, `all`, `exists`, `exists_one`, `map`, `filter`; functions `size`, `contains`, `startsWith`, `endsWith`, `matches` (the expression written out), `lowerAscii`, `upperAscii`, `trim`, `int`, `uint`, `double`, `string`, `timestamp`, `duration`, and the parts of a timestamp (`getHours`, …, UTC). Types are checked and the result must be bool when the policy is saved; faults carry line and column. Bounds: 2,000 characters, brackets 24 deep, 100,000 steps in the worst case over lists of 100. An expression without a result (a missing key, a division by zero) is a policy that cannot be evaluated.",
    ),
];

const TIERS: &str = "\
## Autonomy tiers

An agent's `autonomyLevel` gives it controls that apply as if they were policies, besides the organisation's. Each level has those of
the ones before. A policy of another type still runs; the decision lists it in `tierOverrides`.

| level | adds | mode |
|---|---|---|
| `observe` | `injection_scan`, `pii_access` | warn |
| `advise` | `quality_threshold` (0.5), `output_classifier` (100,000 characters), on traces | warn |
| `act_with_approval` | `action_approval` with the agent's `requiresHumanApprovalFor` | require_approval |
| | `access_control` with the agent's `allowedActions` | block |
| `autonomous` | `cost_limit` (10 USD per action, 100 USD a day), `budget_cap` (1,000 USD a month per agent), `record_count_limit` (10,000) | require_approval |
| | `external_call` without private networks | block |

While the red-team gate is on, an agent becomes `autonomous` only with a red-team score of 0.9 or more.
";

#[test]
fn the_page_of_policy_types_is_the_table() {
    let mut page = HEAD.to_owned();
    fields(&mut page, &PolicyDocument::schema());
    page.push_str(PHASES);
    for policy_type in PolicyType::ALL {
        let word = policy_type.as_str();
        let phases = policy_type.phase_names().join(", ");
        let severity = policy_type.default_severity();
        writeln!(
            page,
            "## {word}\n\n{} Phases: {phases}. Severity: {severity}.\n",
            policy_type.meaning()
        )
        .expect("writing to a string");
        if let Some((_, note)) = NOTES.iter().find(|(name, _)| *name == word) {
            writeln!(page, "{note}\n").expect("writing to a string");
        }
        fields(&mut page, &policy_type.schema());
    }
    page.push_str(TIERS);
    is_fresh("policies.md", &page);
}

fn fields(page: &mut String, schema: &Value) {
    page.push_str("| field | meaning | values | default |\n|---|---|---|---|\n");
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut properties: Vec<_> =
        schema["properties"].as_object().expect("properties").iter().collect();
    properties.sort_by_key(|(name, _)| *name);
    for (name, field) in properties {
        let default = match field.get("default") {
            Some(default) => format!("`{default}`"),
            None if required.contains(&name.as_str()) => "required".to_owned(),
            None => String::new(),
        };
        let meaning = field["description"].as_str().expect("a meaning").replace('|', "\\|");
        writeln!(page, "| `{name}` | {meaning} | {} | {default} |", values(field))
            .expect("writing to a string");
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        let names: Vec<String> = any
            .iter()
            .map(|one| format!("`{}`", one["required"][0].as_str().expect("a name")))
            .collect();
        writeln!(page, "\nAt least one of {} is required.", names.join(", "))
            .expect("writing to a string");
    }
    page.push('\n');
}

fn values(field: &Value) -> String {
    let words = |list: &Value| -> String {
        let words = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ")
    };
    if field.get("enum").is_some() {
        let words = words(&field["enum"]);
        return if words.len() > 160 { "one of the types below".into() } else { words };
    }
    let kind = field["type"].as_str().expect("a type");
    match (kind, field.get("items")) {
        ("array", Some(items)) if items.get("enum").is_some() => {
            format!("list of {}", words(&items["enum"]))
        }
        ("array", _) => "list of strings".into(),
        ("integer", _) => format!("{} to {}", field["minimum"], field["maximum"]),
        (kind, _) => kind.into(),
    }
}
