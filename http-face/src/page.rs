//! The page of an interface, drawn from its OpenAPI description: every route with what it takes and what it answers.

use crate::{
    describe::{Known, METHODS, reason},
    example::{choice, component, example, is_nullable, kind, resolve},
};
use askama::Template;
use serde_json::Value;

/// The whole page.
#[derive(Debug, Template)]
#[template(path = "docs.html")]
pub(crate) struct Page {
    title: String,
    version: String,
    about: Vec<Piece>,
    operations: Vec<Operation>,
    schemas: Vec<Schema>,
    problems: Vec<Known>,
}

/// One method of one path.
#[derive(Debug)]
struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: Vec<Piece>,
    more: Vec<Piece>,
    needs_key: bool,
    parameters: Vec<Field>,
    body: Option<Body>,
    request: String,
    answers: Vec<Reply>,
}

#[derive(Debug)]
struct Body {
    kind: String,
    text: Vec<Piece>,
    schema: Option<String>,
    fields: Vec<Field>,
}

/// A parameter, or a field of an object.
#[derive(Debug)]
struct Field {
    name: String,
    /// Where a parameter stands: path, query or header; empty for a field.
    place: String,
    of: Kind,
    is_needed: bool,
    text: Vec<Piece>,
}

/// A type in words, with the schema that has more about it.
#[derive(Debug)]
struct Kind {
    words: String,
    schema: Option<String>,
}

#[derive(Debug)]
struct Reply {
    status: String,
    reason: &'static str,
    is_good: bool,
    text: Vec<Piece>,
    headers: Vec<String>,
    media: Vec<Media>,
}

#[derive(Debug)]
struct Media {
    kind: String,
    of: Kind,
    example: Option<String>,
}

#[derive(Debug)]
struct Schema {
    name: String,
    text: Vec<Piece>,
    fields: Vec<Field>,
}

/// A part of a text: words, code, or the code of a problem.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    text: String,
    is_code: bool,
    is_problem: bool,
}

/// Splits a text at its backticks.
fn pieces(text: &str, known: &[Known]) -> Vec<Piece> {
    let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    let piece = |(at, part): (usize, &str)| {
        let is_code = at % 2 == 1;
        let is_problem = is_code && known.iter().any(|known| known.code == part);
        Piece { text: part.to_owned(), is_code, is_problem }
    };
    parts.map(piece).collect()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn members<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

impl Page {
    /// Draws the description, with the problems that the interface knows.
    pub(crate) fn of(description: &Value, known: &[Known]) -> Self {
        let empty = Value::Null;
        let about = description.get("info").unwrap_or(&empty);
        let of_path = |(path, methods): (&String, &Value)| -> Vec<Operation> {
            let methods = METHODS.iter().filter_map(|method| Some((*method, methods.get(method)?)));
            methods
                .map(|(method, operation)| Drawer { description, known }.operation(method, path, operation))
                .collect()
        };
        let components = description.get("components").unwrap_or(&empty);
        let schemas = members(components, "schemas").map(|(name, schema)| Schema {
            name: name.clone(),
            text: pieces(text(schema, "description"), known),
            fields: Drawer { description, known }.fields(schema),
        });
        let mut operations: Vec<Operation> = members(description, "paths").flat_map(of_path).collect();
        // What people come for is before what looks after the process.
        operations.sort_by_key(|operation| !operation.path.starts_with("/v1/"));
        Self {
            title: text(about, "title").to_owned(),
            version: text(about, "version").to_owned(),
            about: pieces(text(about, "description"), known),
            operations,
            schemas: schemas.collect(),
            problems: known.to_vec(),
        }
    }
}

#[derive(Clone, Copy)]
struct Drawer<'d> {
    description: &'d Value,
    known: &'d [Known],
}

impl Drawer<'_> {
    fn operation(self, method: &str, path: &str, operation: &Value) -> Operation {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let parameters: Vec<&Value> = parameters.into_iter().flatten().collect();
        let body = operation.get("requestBody");
        Operation {
            anchor: anchor(method, path),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: pieces(text(operation, "summary"), self.known),
            more: pieces(text(operation, "description"), self.known),
            needs_key: operation.get("security").is_some_and(|security| !security[0]["key"].is_null()),
            parameters: parameters.iter().map(|parameter| self.parameter(parameter)).collect(),
            body: body.map(|body| self.body(body)),
            request: self.request(method, path, operation, &parameters),
            answers: members(operation, "responses")
                .map(|(status, answer)| self.reply(status, answer))
                .collect(),
        }
    }

    fn parameter(self, parameter: &Value) -> Field {
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        Field {
            name: text(parameter, "name").to_owned(),
            place: text(parameter, "in").to_owned(),
            of: words(schema),
            is_needed: parameter.get("required").is_some_and(|needed| needed == true),
            text: pieces(text(parameter, "description"), self.known),
        }
    }

    fn body(self, body: &Value) -> Body {
        let (kind, schema) = match members(body, "content").next() {
            Some((kind, media)) => (kind.clone(), media.get("schema").unwrap_or(&Value::Null)),
            None => (String::new(), &Value::Null),
        };
        Body {
            kind,
            text: pieces(text(body, "description"), self.known),
            schema: component(schema).map(str::to_owned),
            fields: self.fields(resolve(schema, self.description)),
        }
    }

    fn fields(self, schema: &Value) -> Vec<Field> {
        let needed = |name: &str| {
            let names = schema.get("required").and_then(Value::as_array);
            names.is_some_and(|names| names.iter().any(|needed| needed == name))
        };
        let field = |(name, of): (&String, &Value)| Field {
            name: name.clone(),
            place: String::new(),
            of: words(of),
            is_needed: needed(name),
            text: pieces(text(of, "description"), self.known),
        };
        members(schema, "properties").map(field).collect()
    }

    fn reply(self, status: &str, answer: &Value) -> Reply {
        let is_good = status.starts_with(['2', '3']);
        let media = members(answer, "content").map(|(kind, media)| {
            let schema = media.get("schema").unwrap_or(&Value::Null);
            let example = (is_good && kind == "application/json").then(|| {
                format!("{:#}", example(media.get("example").map_or(schema, |_| media), self.description))
            });
            Media { kind: kind.clone(), of: words(schema), example }
        });
        Reply {
            reason: reason(status),
            is_good,
            text: pieces(text(answer, "description"), self.known),
            headers: members(answer, "headers").map(|(name, _)| name.clone()).collect(),
            media: media.collect(),
            status: status.to_owned(),
        }
    }

    /// The request as it is written on the line.
    fn request(self, method: &str, path: &str, operation: &Value, parameters: &[&Value]) -> String {
        let (mut target, mut query, mut head) = (path.to_owned(), Vec::new(), String::new());
        for parameter in parameters {
            let name = text(parameter, "name");
            let schema = parameter.get("schema").unwrap_or(&Value::Null);
            let given = parameter.get("example").cloned();
            let is_given = given.is_some() || schema.get("example").is_some();
            let value = given.unwrap_or_else(|| example(schema, self.description));
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let is_needed = parameter.get("required").is_some_and(|needed| needed == true);
            match text(parameter, "in") {
                "path" => target = target.replace(&format!("{{{name}}}"), &value),
                "query" if is_needed || is_given => query.push(format!("{name}={}", escaped(&value))),
                "header" if is_needed || is_given => head.push_str(&format!("\n{name}: {value}")),
                _ => {}
            }
        }
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        if operation.get("security").is_some() {
            head.push_str("\nAuthorization: Bearer KEY");
        }
        let content = operation.get("requestBody").and_then(|body| members(body, "content").next());
        let Some((kind, media)) = content else {
            return format!("{} {target} HTTP/1.1{head}", method.to_uppercase());
        };
        let body = match kind.as_str() {
            "application/octet-stream" => "(the file)".to_owned(),
            kind => {
                let schema = media.get("schema").unwrap_or(&Value::Null);
                let given = media.get("example").cloned();
                let value = given.unwrap_or_else(|| example(schema, self.description));
                if kind.ends_with("ndjson") { value.to_string() } else { format!("{value:#}") }
            }
        };
        format!("{} {target} HTTP/1.1{head}\nContent-Type: {kind}\n\n{body}", method.to_uppercase())
    }
}

/// A value of a query as it may stand in an address.
fn escaped(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' | b':' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}

/// A name for a route within the page: letters, digits, `_` and `-`.
fn anchor(method: &str, path: &str) -> String {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{method}-{}", words.join("-"))
}

fn words(schema: &Value) -> Kind {
    let or_null = if is_nullable(schema) { " or null" } else { "" };
    let one = choice(schema).unwrap_or(schema);
    if let Some(name) = component(one) {
        return Kind { words: format!("{name}{or_null}"), schema: Some(name.to_owned()) };
    }
    let format = text(one, "format");
    let plain = match kind(one) {
        "" => "any value",
        "array" => {
            let items = words(one.get("items").unwrap_or(&Value::Null));
            return Kind { words: format!("list of {}{or_null}", items.words), schema: items.schema };
        }
        "object" => match one.get("additionalProperties").filter(|more| more.is_object()) {
            Some(more) => {
                let more = words(more);
                return Kind { words: format!("{} by name{or_null}", more.words), schema: more.schema };
            }
            None => "object",
        },
        kind => kind,
    };
    let is_told = matches!(format, "date-time" | "binary" | "uri" | "double");
    let format = if is_told { format!(" ({format})") } else { String::new() };
    Kind { words: format!("{plain}{format}{or_null}"), schema: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KNOWN: Known = Known {
        code: "unknown-job",
        status: 404,
        title: "There is no such job here",
        remedy: "Search again.",
    };

    fn page() -> String {
        let description = json!({
            "info": { "title": "Dayshift <node>", "version": "1" },
            "components": { "schemas": {
                "Job": { "type": "object", "required": ["id"], "description": "A job.", "properties": {
                    "id": { "type": "string", "example": "j1-1-1" }, "lat": { "type": ["number", "null"] }
                } }
            } },
            "paths": { "/v1/jobs/{id}:close": { "post": {
                "summary": "Closes a `job`.", "security": [{ "key": [] }],
                "parameters": [
                    { "name": "id", "in": "path", "required": true, "schema": { "type": "string", "example": "j1-1-1" } },
                    { "name": "q", "in": "query", "schema": { "type": "string", "example": "a b" } },
                    { "name": "page", "in": "query", "schema": { "type": "integer" } }
                ],
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } },
                "responses": {
                    "200": { "description": "OK", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } },
                    "404": { "description": "`unknown-job`.", "content": { "application/problem+json": {} } }
                }
            } } }
        });
        Page::of(&description, &[KNOWN]).render().unwrap()
    }

    #[test]
    fn a_route_is_shown_with_all_that_it_takes_and_answers() {
        let page = page();
        for part in [
            "id=\"post-v1-jobs-id-close\"",
            "href=\"#post-v1-jobs-id-close\"",
            "POST /v1/jobs/j1-1-1:close?q=a%20b HTTP/1.1\nAuthorization: Bearer KEY\nContent-Type: application/json",
            "<a href=\"/problems/unknown-job\"><code>unknown-job</code></a>",
            "id=\"schema-Job\"",
            "href=\"#schema-Job\"",
            "href=\"/openapi.json\"",
            "number or null",
            "Closes a <code>job</code>.",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(page.contains("Dayshift &#60;node&#62;") && !page.contains("<node>"), "{page}");
        assert!(!page.contains("<script") && !page.contains("style="), "{page}");
    }
}
