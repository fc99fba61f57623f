//! An example for a schema: what its author gave, else the plainest value of its type.

use serde_json::{Map, Value, json};

/// Schemas within schemas that an example follows; deeper ones are left empty.
const DEPTH_MAX: usize = 6;

/// Follows a reference to the schema that it names.
pub(crate) fn resolve<'d>(schema: &'d Value, description: &'d Value) -> &'d Value {
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
    reference.and_then(|pointer| description.pointer(pointer)).unwrap_or(schema)
}

/// The name of the component that a schema refers to.
pub(crate) fn component(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str)?.strip_prefix("#/components/schemas/")
}

/// The first of several schemas that is not null.
pub(crate) fn choice(schema: &Value) -> Option<&Value> {
    let several = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(key)?.as_array())?;
    several.iter().find(|one| one.get("type").is_none_or(|kind| kind != "null"))
}

/// An example of the schema.
pub(crate) fn example(schema: &Value, description: &Value) -> Value {
    at_depth(schema, description, 0)
}

fn at_depth(schema: &Value, description: &Value, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    let schema = resolve(schema, description);
    let first = |key: &str| schema.get(key).and_then(|values| values.get(0)).cloned();
    let given = schema.get("example").or_else(|| schema.get("const")).cloned();
    if let Some(given) = given.or_else(|| first("examples")).or_else(|| first("enum")) {
        return given;
    }
    if let Some(one) = choice(schema) {
        return at_depth(one, description, depth + 1);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let parts = parts.iter().map(|part| at_depth(part, description, depth + 1));
        let fields: Map<String, Value> =
            parts.filter_map(|part| part.as_object().cloned()).flatten().collect();
        return Value::Object(fields);
    }
    match kind(schema) {
        "object" => object(schema, description, depth),
        "array" => {
            let items = schema.get("items").map(|items| at_depth(items, description, depth + 1));
            Value::Array(items.into_iter().collect())
        }
        "integer" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "number" => json!(1.5),
        "boolean" => json!(false),
        "string" => json!("…"),
        _ => Value::Null,
    }
}

fn object(schema: &Value, description: &Value, depth: usize) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let fields = properties.map(|(name, of)| (name.clone(), at_depth(of, description, depth + 1)));
    let more = schema.get("additionalProperties").filter(|more| more.is_object());
    let more = more.map(|more| ("…".to_owned(), at_depth(more, description, depth + 1)));
    Value::Object(fields.chain(more).collect())
}

/// The schema's type, without null.
pub(crate) fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => "",
    }
}

/// Whether null is a value of the schema.
pub(crate) fn is_nullable(schema: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null";
    let several = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(key)?.as_array());
    schema.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(is_null))
        || several.is_some_and(|several| several.iter().any(|one| one.get("type").is_some_and(is_null)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: Value, expected: Value) {
        let description = json!({ "components": { "schemas": {
            "Seats": { "type": "object", "properties": { "here": { "type": "integer" } } },
            "Loop": { "type": "object", "properties": { "next": { "$ref": "#/components/schemas/Loop" } } }
        } } });
        assert_eq!(example(&schema, &description), expected, "{schema}");
    }

    #[test]
    fn what_is_given_comes_first_and_the_rest_is_plain() {
        check(json!({ "type": "string" }), json!("…"));
        check(json!({ "type": "string", "example": "j1-1-1" }), json!("j1-1-1"));
        check(json!({ "type": ["integer", "null"], "minimum": 3 }), json!(3));
        check(json!({ "enum": ["up", "down"] }), json!("up"));
        check(json!({ "type": "array", "items": { "type": "boolean" } }), json!([false]));
        check(
            json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Seats" }] }),
            json!({ "here": 1 }),
        );
        check(json!({ "type": "object", "additionalProperties": { "type": "integer" } }), json!({ "…": 1 }));
    }

    #[test]
    fn a_schema_of_itself_ends() {
        let description = json!({ "components": { "schemas": {
            "Loop": { "type": "object", "properties": { "next": { "$ref": "#/components/schemas/Loop" } } }
        } } });
        let text = example(&json!({ "$ref": "#/components/schemas/Loop" }), &description).to_string();
        assert_eq!(text.matches("next").count(), DEPTH_MAX + 1);
    }
}
