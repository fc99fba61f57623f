//! What the hub keeps of nodes, tenants and tokens.

use crate::place::Folder;
use std::collections::BTreeMap;
use sync_protocol::{
    documents::TENANT_KEY_BYTES,
    ids::{TenantId, Writer},
    limits::TENANT_KEYS_MAX,
};
use sync_store::{ControlStore, EventRow, FenceCause, NodeRecord, TokenRow};

#[test]
fn a_token_admits_one_node_and_a_name_keeps_its_number() {
    let folder = Folder::new("control");
    let mut control = ControlStore::open(&folder.0.join("control.sqlite")).unwrap();
    let token = |id: &str| TokenRow {
        id: id.into(),
        secret_hash: vec![1],
        region: "hangzhou".into(),
        node_name: "jiubao".into(),
        expires_at: 10,
        used_at: None,
    };
    control.add_token(&token("a")).unwrap();
    control.add_token(&token("b")).unwrap();
    let join = |control: &mut ControlStore, token: &str| {
        let writer = control.next_writer("jiubao").unwrap();
        let node = NodeRecord {
            writer,
            name: "jiubao".into(),
            region: "hangzhou".into(),
            log_key: token.as_bytes().repeat(32),
            fenced: None,
            joined_at: 5,
        };
        control.join(token, &node).unwrap().then_some(writer)
    };
    assert_eq!(join(&mut control, "a"), Some(Writer::new(1, 1)));
    assert_eq!(join(&mut control, "a"), None, "single use");
    assert_eq!(join(&mut control, "b"), Some(Writer::new(1, 2)), "rejoining gives the next incarnation");
    assert!(control.fence(Writer::new(1, 1), FenceCause::Retired, "late").unwrap());
    assert!(!control.fence(Writer::new(1, 1), FenceCause::Copied, "later").unwrap(), "it was before");
    assert_eq!(control.fence_cause(Writer::new(1, 1)).unwrap(), Some(FenceCause::Retired));
    assert_eq!(control.nodes().unwrap()[0].fenced, None, "only the named incarnation is fenced");
    let keys: BTreeMap<_, _> = control.log_keys().unwrap().into_iter().collect();
    let kept = [(Writer::new(1, 1), vec![b'a'; 32]), (Writer::new(1, 2), vec![b'b'; 32])];
    assert_eq!(keys, BTreeMap::from(kept), "logs of both incarnations can be told apart");
    let tenant = control.add_tenant("agency", &[7]).unwrap();
    assert_eq!((tenant, control.add_tenant("agency", &[8]).unwrap()), (Some(TenantId(1)), None));
    let topic = control.add_topic(TenantId(1), "hangzhou").unwrap();
    assert_eq!(control.add_topic(TenantId(1), "hangzhou").unwrap(), topic);
    assert_eq!(control.topics().unwrap(), std::slice::from_ref(&topic));
    control.remove_topic(topic.topic).unwrap();
    assert!(control.topics().unwrap().is_empty());
}

#[test]
fn a_directory_from_a_backup_gives_no_number_twice() {
    let folder = Folder::new("control-skip");
    let mut control = ControlStore::open(&folder.0.join("control.sqlite")).unwrap();
    let token = TokenRow {
        id: "a".into(),
        secret_hash: vec![1],
        region: "hangzhou".into(),
        node_name: "jiubao".into(),
        expires_at: 9,
        used_at: None,
    };
    control.add_token(&token).unwrap();
    let node = NodeRecord {
        writer: Writer::new(1, 1),
        name: "jiubao".into(),
        region: "hangzhou".into(),
        log_key: vec![1],
        fenced: None,
        joined_at: 1,
    };
    assert!(control.join("a", &node).unwrap());
    control.skip_numbers().unwrap();
    assert_eq!(control.next_writer("jiubao").unwrap(), Writer::new(1, 10));
    assert_eq!(control.next_writer("xiasha").unwrap(), Writer::new(1_002, 1));
}

#[test]
fn what_is_said_again_is_one_event_with_its_last_time() {
    let folder = Folder::new("control-events");
    let control = ControlStore::open(&folder.0.join("control.sqlite")).unwrap();
    for (at, text) in [(1, "a joined"), (2, "b came back"), (3, "c joined"), (4, "b came back")] {
        control.add_event(at, text).unwrap();
    }
    let event = |at, text: &str, times| EventRow { at, text: text.to_owned(), times };
    let expected = [event(4, "b came back", 2), event(3, "c joined", 1), event(1, "a joined", 1)];
    assert_eq!(control.events(9).unwrap(), expected);
    assert_eq!(control.events(1).unwrap(), expected[..1]);
}

#[test]
fn a_tenant_gets_a_new_key() {
    let folder = Folder::new("control-rekey");
    let control = ControlStore::open(&folder.0.join("control.sqlite")).unwrap();
    control.add_tenant("agency", &[7]).unwrap();
    assert!(control.set_tenant_key("agency", &[8]).unwrap());
    assert!(!control.set_tenant_key("nobody", &[9]).unwrap());
    let tenant = control.tenants().unwrap().remove(0);
    assert_eq!((tenant.key_hash.as_slice(), tenant.sign_keys.as_slice()), (&[8_u8][..], &[][..]));
    for n in 0..TENANT_KEYS_MAX + 2 {
        control.put_sign_key(tenant.id, &[u8::try_from(n).unwrap(); TENANT_KEY_BYTES]).unwrap();
    }
    let keys = control.tenants().unwrap().remove(0).to_wire().sign_keys;
    assert_eq!(keys.len(), TENANT_KEYS_MAX * TENANT_KEY_BYTES);
    assert_eq!((keys[0], keys[TENANT_KEY_BYTES], keys[keys.len() - 1]), (9, 8, 2), "the present one first");
}
