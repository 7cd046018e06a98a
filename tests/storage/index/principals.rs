//! The installation, accounts, users and their keys.

use std::sync::Arc;

use cardea::model::{AccountId, InstallId, Timestamp, UserId};
use cardea::storage::Error;
use cardea::storage::index::{
    AccessKeyRecord, AccountRecord, Index, Install, RoleGrant, SigningKeyRecord, UserRecord,
};

fn account(name: &str) -> AccountRecord {
    AccountRecord {
        id: AccountId::random(),
        name: name.into(),
        domain: "default".into(),
        display_name: "Döner".into(),
        email: Some("a@b".into()),
        created: Timestamp::from_seconds(7),
        metadata: [("color".to_owned(), "blue".to_owned())].into(),
    }
}

fn user(name: &str) -> UserRecord {
    UserRecord {
        id: UserId::random(),
        name: name.into(),
        domain: "default".into(),
        tempauth: Some(format!("acme:{name}")),
        password_hash: Some("$argon2id$".into()),
        epoch: 3,
        enabled: true,
    }
}

pub async fn the_installation_is_written_once(index: Arc<dyn Index>) {
    assert_eq!(index.install().await.unwrap(), None);
    index.check().await.unwrap();
    let install = Install { id: InstallId::random(), canary: vec![1, 2, 3] };
    index.create_install(install.clone()).await.unwrap();
    let again = index.create_install(Install { id: InstallId::random(), canary: vec![] }).await;
    assert!(matches!(again, Err(Error::PreconditionFailed)));
    assert_eq!(index.install().await.unwrap(), Some(install));
    index.check().await.unwrap();
}

pub async fn accounts_are_found_by_id_and_by_name(index: Arc<dyn Index>) {
    let acme = account("acme");
    index.put_account(acme.clone()).await.unwrap();
    assert_eq!(index.account(&acme.id).await.unwrap().as_ref(), Some(&acme));
    assert_eq!(index.account_by_name("default", "acme").await.unwrap().as_ref(), Some(&acme));
    assert_eq!(index.account_by_name("other", "acme").await.unwrap(), None);
    assert_eq!(index.account_by_name("default", "Acme").await.unwrap(), None);

    // A declared account does not set its users or its creation time.
    let renamed = AccountRecord { name: "acme2".into(), email: None, ..acme.clone() };
    let declared = AccountRecord { created: Timestamp::now(), metadata: [].into(), ..renamed.clone() };
    index.put_account(declared).await.unwrap();
    assert_eq!(index.account(&acme.id).await.unwrap(), Some(renamed));
    assert_eq!(index.account_by_name("default", "acme").await.unwrap(), None);

    let taken = AccountRecord { id: AccountId::random(), name: "acme2".into(), ..acme };
    assert!(index.put_account(taken).await.is_err());
}

pub async fn account_metadata_is_merged(index: Arc<dyn Index>) {
    let acme = account("acme");
    index.put_account(acme.clone()).await.unwrap();
    let changes =
        vec![("color".to_owned(), None), ("size".to_owned(), Some("xl".to_owned())), ("no".into(), None)];
    index.update_account(&acme.id, changes).await.unwrap();
    let found = index.account(&acme.id).await.unwrap().unwrap();
    assert_eq!(found.metadata, [("size".to_owned(), "xl".to_owned())].into());
}

pub async fn users_are_found_by_every_name(index: Arc<dyn Index>) {
    let ann = user("ann");
    index.put_user(ann.clone(), vec![]).await.unwrap();
    assert_eq!(index.user(&ann.id).await.unwrap().as_ref(), Some(&ann));
    assert_eq!(index.user_by_name("default", "ann").await.unwrap().as_ref(), Some(&ann));
    assert_eq!(index.user_by_tempauth("acme:ann").await.unwrap(), Some(ann));
    assert_eq!(index.user_by_tempauth("acme:bob").await.unwrap(), None);

    let bob = UserRecord { tempauth: None, password_hash: None, enabled: false, ..user("bob") };
    let eve = UserRecord { tempauth: None, ..user("eve") };
    index.put_user(bob.clone(), vec![]).await.unwrap();
    index.put_user(eve, vec![]).await.unwrap();
    assert_eq!(index.user(&bob.id).await.unwrap(), Some(bob));
}

pub async fn putting_a_user_replaces_its_roles(index: Arc<dyn Index>) {
    let ann = user("ann");
    let grant = |role: &str| RoleGrant { account: AccountId::new("acme"), role: role.into() };
    index.put_user(ann.clone(), vec![grant("admin"), grant("member"), grant("admin")]).await.unwrap();
    assert_eq!(index.roles(&ann.id).await.unwrap(), [grant("admin"), grant("member")]);
    index.put_user(ann.clone(), vec![grant("reader")]).await.unwrap();
    assert_eq!(index.roles(&ann.id).await.unwrap(), [grant("reader")]);
    assert_eq!(index.roles(&UserId::new("nobody")).await.unwrap(), []);
}

pub async fn access_keys_are_replaced_by_their_public_id(index: Arc<dyn Index>) {
    let key = AccessKeyRecord {
        access: "AKIA1".into(),
        user: UserId::new("u"),
        account: AccountId::new("a"),
        sealed_secret: vec![1],
        enabled: true,
    };
    index.put_access_key(key.clone()).await.unwrap();
    assert_eq!(index.access_key("AKIA1").await.unwrap().as_ref(), Some(&key));
    let off = AccessKeyRecord { sealed_secret: vec![2], enabled: false, ..key };
    index.put_access_key(off.clone()).await.unwrap();
    assert_eq!(index.access_key("AKIA1").await.unwrap(), Some(off));
    assert_eq!(index.access_key("akia1").await.unwrap(), None);
}

pub async fn signing_keys_come_oldest_first(index: Arc<dyn Index>) {
    let key = |id: &str, seconds| SigningKeyRecord {
        id: id.into(),
        sealed_key: vec![1],
        public_key: vec![4],
        created: Timestamp::from_seconds(seconds),
    };
    for new in [key("b", 2), key("a", 3), key("c", 1)] {
        index.add_signing_key(new).await.unwrap();
    }
    assert_eq!(index.signing_keys().await.unwrap(), [key("c", 1), key("b", 2), key("a", 3)]);
    assert!(index.add_signing_key(key("a", 9)).await.is_err());
}

pub async fn revocations_are_kept_until_their_time(index: Arc<dyn Index>) {
    let at = Timestamp::from_seconds;
    assert!(!index.is_token_revoked("one").await.unwrap());
    index.revoke_token("one", at(100), at(1)).await.unwrap();
    index.revoke_token("one", at(100), at(2)).await.unwrap();
    index.revoke_token("two", at(200), at(99)).await.unwrap();
    assert!(index.is_token_revoked("one").await.unwrap() && !index.is_token_revoked("ONE").await.unwrap());
    index.revoke_token("three", at(300), at(100)).await.unwrap();
    let mut known = Vec::new();
    for id in ["one", "two", "three", ""] {
        known.push(index.is_token_revoked(id).await.unwrap());
    }
    assert_eq!(known, [false, true, true, false]);
}
