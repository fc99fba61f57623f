//! Admission plugins made of a few lines of WebAssembly text; the tests of the node's server use them as well.

use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// An admission plugin whose `admit` answers no objection, and does `body` first where the job pays 13 an hour. A body
/// may leave the address of another answer. It calls itself `hostile`, takes any settings, and what becomes of a question
/// that it does not answer is `on_failure`: 0 admits, 1 refuses.
pub(crate) fn hostile_admitter(body: &str, on_failure: u8) -> Vec<u8> {
    let text = format!(
        r#"(module
  (memory (export "memory") 8)
  (global $top (mut i32) (i32.const 65536))
  (data (i32.const 16) "\30\00\00\00\07\00\00\00\40\00\00\00\05\00\00\00\{on_failure:02}")
  (data (i32.const 48) "hostile")
  (data (i32.const 64) "1.0.0")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $top (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.get $top)
    (global.set $top (i32.add (global.get $top) (local.get 3))))
  (func (export "dayshift:plugin/admission@1.0.0#describe") (result i32) (i32.const 16))
  (func (export "dayshift:plugin/admission@1.0.0#check") (param i32 i32) (result i32) (i32.const 128))
  (func (export "dayshift:plugin/admission@1.0.0#admit")
    (param i32 i64 i32 i64 i64 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (if (i32.eq (local.get 8) (i32.const 13)) (then {body}))
    (i32.const 128)))"#
    );
    encode_world(&wat::parse_str(text).unwrap(), "admit", committed)
}

/// The contract as it is committed.
pub(crate) fn committed(resolve: &mut Resolve) -> wit_parser::PackageId {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/contract/v1");
    resolve.push_path(contract).unwrap().0
}

/// Encodes a core module against a world of a contract.
pub(crate) fn encode_world(
    core: &[u8],
    world: &str,
    contract: impl FnOnce(&mut Resolve) -> wit_parser::PackageId,
) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = contract(&mut resolve);
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = core.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}
