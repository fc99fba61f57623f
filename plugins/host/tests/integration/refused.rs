//! Components that never get into a chain, and the words in which they are refused.

use crate::guest;
use plugin_host::{Host, Metering, Plugin, limits::COMPONENT_BYTES_MAX};

fn check(component: &[u8], expected: &str) {
    let host = Host::new(Metering::Off).unwrap();
    let refusal = Plugin::load(&host, component).unwrap_err().to_string();
    assert!(refusal.contains(expected), "{refusal}");
}

#[test]
fn what_is_not_a_component() {
    check(b"", "not WebAssembly");
    check(b"[plugin]\nname = \"x\"\n", "not WebAssembly");
    check(&wat::parse_str("(module)").unwrap(), "core module, not a component");
    check(b"\0asm\x0d\0\x01\0garbage", "does not compile");
    check(&vec![0; COMPONENT_BYTES_MAX + 1], "more than 1048576 bytes");
}

#[test]
fn what_imports_something() {
    let wasi = r#"(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance
        (export "now" (func (result u64))))))"#;
    check(&wat::parse_str(wasi).unwrap(), "imports `wasi:clocks/monotonic-clock@0.2.0`");
}

#[test]
fn what_is_not_a_filter_of_this_version() {
    check(&wat::parse_str("(component)").unwrap(), "does not export");
    let other = guest::module("(call $keep_all (i32.const 0))", "").replace("@1.0.0", "@2.0.0");
    let component = guest::encode_for(&wat::parse_str(other).unwrap(), |resolve| {
        let contract = include_str!("../../../contract/v1/filter.wit").replace("@1.0.0", "@2.0.0");
        resolve.push_str("filter.wit", &contract).unwrap()
    });
    check(&component, "exports `dayshift:plugin/filtering@2.0.0`, this node speaks");
}

#[test]
fn what_has_other_types() {
    let contract = "package dayshift:plugin@1.0.0;
        interface filtering { describe: func() -> u32; filter: func(page: u32) -> u32; }
        world filter { export filtering; }";
    let core = guest::module("(i32.const 0)", "");
    let component = guest::encode_for(&wat::parse_str(core).unwrap(), |resolve| {
        resolve.push_str("filter.wit", contract).unwrap()
    });
    check(&component, "cannot describe itself");
}

#[test]
fn what_fails_the_canned_queries() {
    check(&guest::component("unreachable"), "`empty page`: it trapped");
    check(&guest::component("(loop (br 0)) unreachable"), "`empty page`: it was cut off");
    check(
        &guest::component("(call $keep_all (i32.const 1))"),
        "`empty page`: it gave 1 verdicts for 0 candidates",
    );
    check(&guest::component("(call $keep_all (i32.const 0))"), "`one job`: it gave 0 verdicts");
}

#[test]
fn what_is_slow_or_greedy_from_the_start() {
    let keep = "(call $keep_all (i32.load offset=32 (local.get 0)))";
    let slow = guest::component_with(keep, "(func $slow (loop (br 0))) (start $slow)");
    check(&slow, "cannot describe itself: it was cut off");
    let module = guest::module(keep, "").replace("\"memory\") 8", "\"memory\") 300");
    check(&guest::encode(&wat::parse_str(module).unwrap()), "memory");
    let table = guest::component_with(keep, "(table 100000 funcref)");
    check(&table, "table");
}

#[test]
fn what_describes_itself_out_of_bounds() {
    let keep = "(call $keep_all (i32.load offset=32 (local.get 0)))";
    let module = guest::module(keep, "").replace("\"hostile\"", "\"HOSTILE\"");
    check(&guest::encode(&wat::parse_str(module).unwrap()), "name is empty, too long");
    let long = guest::module(keep, "")
        .replace("\\30\\00\\00\\00\\07\\00\\00\\00", "\\30\\00\\00\\00\\00\\00\\07\\00");
    check(&guest::encode(&wat::parse_str(long).unwrap()), "cannot describe itself");
}
