//! Completes what handlers say of themselves to a whole OpenAPI description: what any request may be answered with, the
//! media type of problems, keys, and names that stand for one operation.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A problem that an interface answers with; `/problems/{code}` explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub code: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What the caller can do about it.
    pub remedy: &'static str,
}

/// How the schema of a problem may be called.
const PROBLEM_SCHEMAS: [&str; 2] = ["Problem", "ProblemBody"];
const PROBLEM_TYPE: &str = "application/problem+json";
pub(crate) const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Completes a description. Problems that any request may meet are added to every operation, those of a body to operations
/// with one, those of a rate to operations that write; an answer without words is described by the problems of its status.
#[must_use]
pub fn complete(mut description: Value, known: &[Known]) -> Value {
    let is_there = |name: &&str| description.pointer(&format!("/components/schemas/{name}")).is_some();
    let problem = PROBLEM_SCHEMAS.into_iter().find(is_there);
    let problem = problem.map(|name| format!("#/components/schemas/{name}"));
    name_unsigned(&mut description);
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for (_, operation) in operations(&mut description) {
        *uses.entry(id(operation)).or_default() += 1;
    }
    let mut needs_key = false;
    for (method, operation) in operations(&mut description) {
        name_once(operation, &uses);
        if let Some(problem) = &problem {
            add_problems(method != "get", operation, problem, known);
        }
        describe_answers(operation, known);
        let refuses = operation.get("responses").is_some_and(|answers| answers.get("401").is_some());
        // Who logs in is refused like this as well, and has no key yet: such a handler says so itself.
        if refuses && !operation.contains_key("security") {
            operation.insert("security".to_owned(), json!([{ "key": [] }]));
            needs_key = true;
        }
    }
    if let Some(Value::Object(components)) = description.get_mut("components").filter(|_| needs_key) {
        components.insert(
            "securitySchemes".to_owned(),
            json!({ "key": { "type": "http", "scheme": "bearer", "description": "A key or token that the operator gave." } }),
        );
    }
    description
}

/// Handlers' numbers without a sign are written as those with one, whose largest value is half of theirs.
fn name_unsigned(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let from_zero = fields.get("minimum").is_some_and(|least| least == 0);
            if let Some(Value::String(format)) = fields.get_mut("format").filter(|_| from_zero)
                && matches!(format.as_str(), "int32" | "int64")
            {
                format.insert(0, 'u');
            }
            fields.values_mut().for_each(name_unsigned);
        }
        Value::Array(values) => values.iter_mut().for_each(name_unsigned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn operations(description: &mut Value) -> impl Iterator<Item = (&String, &mut Map<String, Value>)> {
    let paths = description.get_mut("paths").and_then(Value::as_object_mut);
    let paths = paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut);
    let methods = paths.flat_map(|path| path.iter_mut());
    methods
        .filter(|(method, _)| METHODS.contains(&method.as_str()))
        .filter_map(|(method, operation)| Some((method, operation.as_object_mut()?)))
}

fn id(operation: &Map<String, Value>) -> String {
    operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Handlers of different modules may have one name: then the module's comes before it.
fn name_once(operation: &mut Map<String, Value>, uses: &BTreeMap<String, usize>) {
    let id = id(operation);
    let tag = operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str);
    if let Some(tag) = tag.filter(|_| uses.get(&id).is_some_and(|uses| *uses > 1)) {
        let id = format!("{tag}_{id}");
        operation.insert("operationId".to_owned(), Value::String(id));
    }
}

fn add_problems(writes: bool, operation: &mut Map<String, Value>, problem: &str, known: &[Known]) {
    let body = operation.get("requestBody").and_then(|body| body.get("content"));
    let takes_json = body.is_some_and(|content| content.get("application/json").is_some());
    let has_body = body.is_some();
    let has_parameters = operation.contains_key("parameters");
    let anywhere = [
        ("bad-request", has_body || has_parameters),
        ("too-large", has_body),
        ("unsupported-media-type", takes_json),
        ("too-many-requests", writes),
        ("misdirected", true),
        ("internal", true),
        ("timeout", true),
    ];
    let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for answer in answers.values_mut() {
        let content = answer.get_mut("content").and_then(Value::as_object_mut);
        let Some(content) = content else { continue };
        let is_problem = content.get("application/json").and_then(|media| media.pointer("/schema/$ref"));
        if is_problem.is_some_and(|schema| schema == problem)
            && let Some(media) = content.remove("application/json")
        {
            content.insert(PROBLEM_TYPE.to_owned(), media);
        }
    }
    for (code, _) in anywhere.into_iter().filter(|(_, may_be)| *may_be) {
        let Some(known) = known.iter().find(|known| known.code == code) else { continue };
        let answer = answers.entry(known.status.to_string()).or_insert_with(|| json!({}));
        let Some(answer) = answer.as_object_mut() else { continue };
        // Where the handler lists its problems, those of anywhere come after them.
        let said = answer.get("description").and_then(Value::as_str).unwrap_or_default();
        if !said.is_empty() && !said.contains(&format!("`{code}`")) {
            let said = format!("{} Or `{code}`.", said.trim_end());
            answer.insert("description".to_owned(), Value::String(said));
        }
        let content = answer.entry("content").or_insert_with(|| json!({}));
        if let Some(content) = content.as_object_mut() {
            content.entry(PROBLEM_TYPE).or_insert_with(|| json!({ "schema": { "$ref": problem } }));
        }
    }
}

fn describe_answers(operation: &mut Map<String, Value>, known: &[Known]) {
    let answers = operation.get_mut("responses").and_then(Value::as_object_mut);
    for (status, answer) in answers.into_iter().flatten() {
        let Some(answer) = answer.as_object_mut() else { continue };
        if answer.get("description").and_then(Value::as_str).is_some_and(|said| !said.is_empty()) {
            continue;
        }
        let is_problem = answer.get("content").is_some_and(|content| content.get(PROBLEM_TYPE).is_some());
        let of_status = known.iter().filter(|known| is_problem && known.status.to_string() == *status);
        let codes: Vec<String> = of_status.map(|known| format!("`{}`", known.code)).collect();
        let said =
            if codes.is_empty() { reason(status).to_owned() } else { format!("{}.", codes.join(", ")) };
        answer.insert("description".to_owned(), Value::String(said));
    }
}

/// The words of a status, such as `Not Found`.
pub(crate) fn reason(status: &str) -> &'static str {
    let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
    status.and_then(|status| status.canonical_reason()).unwrap_or("Answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(code: &'static str, status: u16) -> Known {
        Known { code, status, title: "", remedy: "" }
    }

    fn completed() -> Value {
        let description = json!({
            "components": { "schemas": { "Problem": { "type": "object", "properties": {
                "seats": { "type": "integer", "format": "int32", "minimum": 0 },
                "pay": { "type": "integer", "format": "int64" }
            } } } },
            "paths": {
                "/a": { "get": { "operationId": "show", "tags": ["a"], "responses": { "200": {} } } },
                "/b": { "post": {
                    "operationId": "show", "tags": ["b"],
                    "requestBody": { "content": { "application/json": {} } },
                    "responses": {
                        "401": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
                        "503": { "description": "`busy`.", "content": { "text/plain": {} } }
                    }
                } }
            }
        });
        let problems = [
            known("bad-request", 400),
            known("unauthorized", 401),
            known("too-large", 413),
            known("unsupported-media-type", 415),
            known("misdirected", 421),
            known("too-many-requests", 429),
            known("internal", 500),
            known("busy", 503),
            known("timeout", 503),
        ];
        complete(description, &problems)
    }

    fn check(pointer: &str, expected: Value) {
        let completed = completed();
        assert_eq!(
            completed.pointer(pointer).unwrap_or(&Value::Null),
            &expected,
            "{pointer} of {completed:#}"
        );
    }

    #[test]
    fn numbers_without_a_sign_are_called_so() {
        check("/components/schemas/Problem/properties/seats/format", json!("uint32"));
        check("/components/schemas/Problem/properties/pay/format", json!("int64"));
    }

    #[test]
    fn operations_have_names_of_their_own() {
        check("/paths/~1a/get/operationId", json!("a_show"));
        check("/paths/~1b/post/operationId", json!("b_show"));
    }

    #[test]
    fn every_answer_is_described() {
        check("/paths/~1a/get/responses/200/description", json!("OK"));
        check("/paths/~1a/get/responses/400", Value::Null);
        check("/paths/~1a/get/responses/413", Value::Null);
        check("/paths/~1a/get/responses/500/description", json!("`internal`."));
        check("/paths/~1a/get/responses/503/description", json!("`busy`, `timeout`."));
        check("/paths/~1b/post/responses/503/description", json!("`busy`. Or `timeout`."));
        check("/paths/~1b/post/responses/413/description", json!("`too-large`."));
        check("/paths/~1b/post/responses/415/description", json!("`unsupported-media-type`."));
        check("/paths/~1a/get/responses/421/description", json!("`misdirected`."));
        check("/paths/~1a/get/responses/429", Value::Null);
        check("/paths/~1b/post/responses/429/description", json!("`too-many-requests`."));
    }

    #[test]
    fn problems_have_their_media_type_and_other_answers_keep_theirs() {
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        check("/paths/~1b/post/responses/401/content", json!({ "application/problem+json": problem }));
        check(
            "/paths/~1b/post/responses/503/content",
            json!({ "text/plain": {}, "application/problem+json": problem }),
        );
    }

    #[test]
    fn what_may_be_unauthorised_needs_a_key() {
        check("/paths/~1a/get/security", Value::Null);
        check("/paths/~1b/post/security", json!([{ "key": [] }]));
        check("/components/securitySchemes/key/scheme", json!("bearer"));
    }
}
