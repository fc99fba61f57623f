//! What the hub keeps of nodes, tenants and tokens.

use crate::place::Folder;
use sync_protocol::ids::{TenantId, Writer};
use sync_store::{ControlStore, FenceCause, NodeRecord, TokenRow};

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
            log_key: vec![2; 32],
            fenced: None,
            joined_at: 5,
        };
        control.join(token, &node).unwrap().then_some(writer)
    };
    assert_eq!(join(&mut control, "a"), Some(Writer::new(1, 1)));
    assert_eq!(join(&mut control, "a"), None, "single use");
    assert_eq!(join(&mut control, "b"), Some(Writer::new(1, 2)), "rejoining gives the next incarnation");
    control.fence(Writer::new(1, 1), FenceCause::Retired, "late").unwrap();
    control.fence(Writer::new(1, 1), FenceCause::Copied, "later").unwrap();
    assert_eq!(control.fence_cause(Writer::new(1, 1)).unwrap(), Some(FenceCause::Retired));
    assert_eq!(control.nodes().unwrap()[0].fenced, None, "only the named incarnation is fenced");
    let tenant = control.add_tenant("agency", &[7]).unwrap();
    assert_eq!((tenant, control.add_tenant("agency", &[8]).unwrap()), (Some(TenantId(1)), None));
    let topic = control.add_topic(TenantId(1), "hangzhou").unwrap();
    assert_eq!(control.add_topic(TenantId(1), "hangzhou").unwrap(), topic);
    assert_eq!(control.topics().unwrap(), [topic]);
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
