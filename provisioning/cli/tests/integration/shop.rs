//! Commands on files alone: tenants, backups, plugins that are built already.

use crate::town::{Said, Town, say};
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shop-{name}-{}", std::process::id()));
    let _absent = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn done(arguments: &[&str]) -> Said {
    let said = say(arguments);
    assert_eq!(said.code, Some(0), "{}", said.err);
    said
}

#[test]
fn tenants_are_listed_and_given_regions_and_keys() {
    let folder = folder("tenants");
    let data = folder.join("hub").to_str().unwrap().to_owned();
    done(&["hub", "init", "--data", &data, "--name", "test"]);
    assert!(done(&["tenant", "list", "--data", &data]).err.contains("dayshift tenant create"));
    let first = done(&["tenant", "create", "agency", "--data", &data, "--region", "north"]).out;
    let said = say(&["tenant", "allow", "agency", "--data", &data, "--region", "nort"]);
    assert!(said.code == Some(1) && said.err.contains("did you mean `north`?"), "{}", said.err);
    let east = ["tenant", "allow", "agency", "--data", &data, "--region", "east", "--new-region"];
    assert!(done(&east).out.contains("east, north"));
    let listed = done(&["tenant", "list", "--data", &data]).out;
    assert!(listed.contains("agency") && listed.contains("east, north"), "{listed}");
    assert!(!listed.contains("dsk_"), "keys are not shown again: {listed}");

    let said = say(&["tenant", "rekey", "agnecy", "--data", &data, "--yes"]);
    assert!(said.code == Some(1) && said.err.contains("there are: agency"), "{}", said.err);
    let said = say(&["tenant", "rekey", "agency", "--data", &data]);
    assert!(said.code == Some(1) && said.err.contains("give --yes"), "{}", said.err);
    let second = done(&["tenant", "rekey", "agency", "--data", &data, "--yes"]);
    assert!(second.out.starts_with("dsk_") && second.out != first);
    assert!(second.err.contains("the old one is refused"), "{}", second.err);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_region_that_nobody_has_is_refused_and_one_without_jobs_is_taken_back() {
    let folder = folder("regions");
    let data = folder.join("hub").to_str().unwrap().to_owned();
    done(&["hub", "init", "--data", &data, "--name", "test"]);
    let token = |region: &str, address: &str| {
        let fixed = ["token", "create", "--data", &data, "--node", "hall-1", "--hub-address", address];
        say(&[&fixed[..], &["--region", region]].concat())
    };
    let said = token("north", "hub:7443");
    assert!(said.code == Some(1) && said.err.contains("no tenant has a region yet"), "{}", said.err);
    done(&["tenant", "create", "agency", "--data", &data, "--region", "north"]);
    let said = token("norht", "hub:7443");
    assert!(said.code == Some(1) && said.err.contains("there are: north (did you mean"), "{}", said.err);
    let said = token("north", "hubhost");
    assert!(
        said.code == Some(1) && said.err.contains("--hub-address `hubhost` is not host:port"),
        "{}",
        said.err
    );
    assert_eq!(token("north", "hub:7443").code, Some(0));

    let other = ["tenant", "create", "kitchens", "--data", &data, "--region", "nroth"];
    let said = say(&other);
    assert!(said.code == Some(1) && said.err.contains("if it is meant: --new-region"), "{}", said.err);
    done(&[&other[..], &["--region", "north", "--new-region"]].concat());
    let back = ["tenant", "disallow", "kitchens", "--data", &data, "--region", "nroth"];
    assert!(done(&back).out.contains("kitchens may post in: north"));
    let said = say(&back);
    assert!(said.code == Some(1) && said.err.contains("does not post in `nroth`"), "{}", said.err);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_region_with_a_job_or_a_node_stays_with_its_tenant() {
    let mut town = Town::start("kept-region");
    let back = ["tenant", "disallow", "agency", "--data", &town.data(), "--region", "north"];
    town.import_job(4);
    let said = say(&back);
    assert!(said.code == Some(1) && said.err.contains("it has jobs there"), "{}", said.err);
    town.join("hall-1");
    let said = say(&back);
    assert!(said.code == Some(1) && said.err.contains("the node hall-1 belongs to it"), "{}", said.err);
}

#[test]
fn an_agency_changes_its_job_with_its_own_key_until_it_has_another() {
    let mut town = Town::start("agency");
    town.join("hall-1");
    let job = town.post_job(4, "hall-1");
    let rekey = ["tenant", "rekey", "agency", "--data", &town.data(), "--yes"];
    let (first, second) = (town.path("first.key"), town.path("second.key"));
    fs::write(&first, done(&rekey).out).unwrap();
    let order = |key: &str, seats: &str| town.order_with(key, &["jobs", "cap", &job, seats]);
    crate::town::until("the hub knows the key", || (order(&first, "3").code == Some(0)).then_some(()));
    fs::write(&second, done(&rekey).out).unwrap();
    crate::town::until("the hub knows the next key", || (order(&second, "2").code == Some(0)).then_some(()));
    let said = order(&first, "4");
    assert!(said.code == Some(1) && said.err.contains("401"), "{}", said.err);
    let said = town.order_with(&second, &["jobs", "close", &job, "--yes"]);
    assert!(said.code == Some(0) && said.out.contains("closed"), "{}", said.err);
}

#[test]
fn a_backup_makes_the_folders_above_it() {
    let folder = folder("backup");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (data, to) = (path("hub"), path("backups/2026/monday"));
    done(&["hub", "init", "--data", &data, "--name", "test"]);
    done(&["hub", "backup", "--data", &data, "--to", &to]);
    assert!(Path::new(&to).join("backup.json").is_file());
    let said = say(&["hub", "backup", "--data", &data, "--to", &to]);
    assert!(said.code == Some(1) && said.err.contains("is there already"), "{}", said.err);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_component_that_is_built_is_tested_without_its_sources() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/shipped");
    let wasm = shipped.join("minimum-pay.wasm").to_str().unwrap().to_owned();
    let project = shipped.join("minimum-pay").to_str().unwrap().to_owned();
    let said = done(&["plugin", "test", &project, "--wasm", &wasm]);
    assert!(said.out.contains(" 0 failed"), "{}", said.out);
    let rule = shipped.join("rest-hours").to_str().unwrap().to_owned();
    let admits = shipped.join("rest-hours.wasm").to_str().unwrap().to_owned();
    let said = done(&["plugin", "test", &rule, "--wasm", &admits]);
    assert!(said.out.contains("4 passed, 0 failed") && said.out.contains("a question: p50"), "{}", said.out);
    let said = say(&["plugin", "test", &rule, "--wasm", &wasm]);
    assert!(said.code == Some(1) && said.err.contains("the code is a filter"), "{}", said.err);

    let folder = folder("plugin");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    fs::create_dir_all(folder.join("tests")).unwrap();
    fs::copy(shipped.join("minimum-pay/tests/floors.toml"), folder.join("tests/cases.toml")).unwrap();
    assert!(done(&["plugin", "test", &path("."), "--wasm", &wasm]).out.contains(" 0 failed"));
    fs::write(folder.join("broken.wasm"), b"no component").unwrap();
    let said = say(&["plugin", "test", &path("."), "--wasm", &path("broken.wasm")]);
    assert!(said.code == Some(1) && said.err.contains("a node would refuse this plugin"), "{}", said.err);
    fs::remove_dir_all(folder).unwrap();
}
