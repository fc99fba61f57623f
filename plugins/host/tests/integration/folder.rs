//! A folder of components, read twice.

use crate::guest;
use plugin_host::{Host, Metering, PluginFolder};
use std::{env, fs, process, sync::Arc};

#[test]
fn a_folder_is_read_in_order_and_compiles_only_what_changed() {
    let dir = env::temp_dir().join(format!("plugin-folder-{}", process::id()));
    let host = Host::new(Metering::Off).unwrap();
    let mut folder = PluginFolder::new(&host, &dir);
    assert!(folder.scan().unwrap().loaded.is_empty());

    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("20-b.wasm"), guest::hostile_on_two("nop")).unwrap();
    fs::write(dir.join("10-a.wasm"), guest::hostile_on_two("unreachable")).unwrap();
    fs::write(dir.join("30-c.wasm"), "junk").unwrap();
    fs::write(dir.join("notes.txt"), "junk").unwrap();
    let first = folder.scan().unwrap();
    assert_eq!(first.loaded.len(), 2);
    assert_eq!(first.refused.len(), 1);
    assert!(first.refused[0].path.ends_with("30-c.wasm"));

    fs::write(dir.join("10-a.wasm"), guest::hostile_on_two("(loop (br 0))")).unwrap();
    fs::remove_file(dir.join("30-c.wasm")).unwrap();
    let second = folder.scan().unwrap();
    assert!(second.refused.is_empty());
    assert_ne!(second.loaded[0].hash(), first.loaded[0].hash());
    assert!(Arc::ptr_eq(&second.loaded[1], &first.loaded[1]));
    fs::remove_dir_all(&dir).unwrap();
}
