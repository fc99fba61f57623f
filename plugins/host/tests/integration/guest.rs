//! Components made of a few lines of WebAssembly text.

use crate::admitting::{committed, encode_world};
use edge_core::filter::{Candidate, ColumnSet, Page};
use wit_parser::Resolve;

/// Answers the canned queries and keeps everything but a page of exactly two jobs.
pub(crate) fn hostile_on_two(body: &str) -> Vec<u8> {
    component(&format!(
        "(if (i32.eq (i32.load offset=32 (local.get 0)) (i32.const 2)) (then {body}))
         (call $keep_all (i32.load offset=32 (local.get 0)))"
    ))
}

/// Like [`hostile_on_two`], and declared a safety filter.
pub(crate) fn hostile_safety_filter(body: &str) -> Vec<u8> {
    let text = module(
        &format!(
            "(if (i32.eq (i32.load offset=32 (local.get 0)) (i32.const 2)) (then {body}))
             (call $keep_all (i32.load offset=32 (local.get 0)))"
        ),
        "",
    )
    .replace("\\00\\00\\01\\00\\00\\00", "\\00\\00\\01\\00\\01\\00");
    encode(&wat::parse_str(text).unwrap())
}

/// A component whose `filter` has this body; local 0 points at the arguments.
pub(crate) fn component(body: &str) -> Vec<u8> {
    component_with(body, "")
}

/// Like [`component`], with further fields of the module.
pub(crate) fn component_with(body: &str, fields: &str) -> Vec<u8> {
    encode(&wat::parse_str(module(body, fields)).unwrap())
}

/// The text of a core module; its description is `{name: "hostile", version: "1.0.0"}`.
pub(crate) fn module(body: &str, fields: &str) -> String {
    format!(
        r#"(module
  (memory (export "memory") 8)
  (global $top (mut i32) (i32.const 65536))
  (data (i32.const 16) "\30\00\00\00\07\00\00\00\40\00\00\00\05\00\00\00\00\00\01\00\00\00")
  (data (i32.const 48) "hostile")
  (data (i32.const 64) "1.0.0")
  (func $keep_all (param $count i32) (result i32)
    (i32.store (i32.const 128) (i32.const 1024))
    (i32.store (i32.const 132) (local.get $count))
    (i32.const 128))
  (func $deep (param i32) (result i32)
    (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $top (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.get $top)
    (global.set $top (i32.add (global.get $top) (local.get 3))))
  (func (export "dayshift:plugin/filtering@1.0.0#describe") (result i32) (i32.const 16))
  (func (export "dayshift:plugin/filtering@1.0.0#filter") (param i32) (result i32)
    {body})
  {fields})"#
    )
}

/// Encodes a core module against the world of the contract.
pub(crate) fn encode(core: &[u8]) -> Vec<u8> {
    encode_for(core, committed)
}

/// Encodes a core module against the `filter` world of another contract.
pub(crate) fn encode_for(
    core: &[u8],
    contract: impl FnOnce(&mut Resolve) -> wit_parser::PackageId,
) -> Vec<u8> {
    encode_world(core, "filter", contract)
}

/// A page of so many jobs that pay 20.00 an hour.
pub(crate) fn page(candidates: usize, wanted: ColumnSet) -> Page {
    let mut page = Page::new(wanted);
    for _ in 0..candidates {
        let candidate =
            Candidate { pay_minor_per_hour: 2_000, currency: 156, title: "分拣", ..Candidate::default() };
        page.push(&candidate).unwrap();
    }
    page
}
