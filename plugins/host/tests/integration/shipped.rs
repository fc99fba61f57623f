//! The components that are committed: made of the sources beside them, and doing what they say.

use edge_core::filter::{Candidate, Context, FilterChain, Page, Verdict};
use plugin_host::{Chain, Host, Metering, Plugin, limits::CHAIN_DEADLINE};
use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

fn shipped() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shipped")
}

#[test]
fn components_match_the_hashes_of_their_sources() {
    for name in ["minimum-pay", "rest-hours"] {
        let list = fs::read_to_string(shipped().join(format!("{name}.sources"))).unwrap();
        let mut listed = BTreeSet::new();
        for line in list.lines() {
            let (hash, path) = line.split_once("  ").unwrap();
            let file = match path {
                "component" => shipped().join(format!("{name}.wasm")),
                source => shipped().join(name).join(source),
            };
            let given = blake3::hash(&fs::read(&file).unwrap()).to_string();
            assert_eq!(given, hash, "{path} changed: dayshift plugin build plugins/shipped/{name}");
            listed.insert(path.to_owned());
        }
        assert!(listed.contains("component"));
        for folder in ["src", "../../sdk/src", "../../contract/v1"] {
            for entry in shipped().join(name).join(folder).read_dir().unwrap() {
                let path = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
                assert!(listed.contains(&path), "{path} is not in {name}.sources");
            }
        }
    }
}

#[test]
fn minimum_pay_hides_what_is_below_the_floor() {
    let host = Host::new(Metering::Off).unwrap();
    let component = fs::read(shipped().join("minimum-pay.wasm")).unwrap();
    let plugin = Arc::new(Plugin::load(&host, &component).unwrap());
    assert_eq!(plugin.description().name, "minimum-pay");
    let chain = Chain::new(vec![plugin], CHAIN_DEADLINE);
    let mut page = Page::new(chain.wanted());
    for (currency, pay_minor_per_hour) in [(156, 2_000), (156, 1_999), (978, 0), (392, 1)] {
        page.push(&Candidate { currency, pay_minor_per_hour, ..Candidate::default() }).unwrap();
    }
    let mut verdicts = Vec::new();
    let report = chain.filter(&Context::default(), &page, &mut verdicts);
    assert_eq!(report.judged, 1);
    let hide = |reason| Verdict::Hide { reason };
    assert_eq!(verdicts, [Verdict::Keep, hide(1), hide(2), Verdict::Keep]);
}
