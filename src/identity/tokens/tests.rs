//! Tokens from their issue to their end.

use std::sync::atomic::Ordering;

use super::*;
use crate::identity::memory::{ManualClock, MemoryDirectory};
use crate::identity::{DomainSelector, PasswordLogin, Scope, Secret, UserSelector};

struct Stage {
    directory: Arc<MemoryDirectory>,
    clock: Arc<ManualClock>,
    authenticator: Authenticator,
}

impl Stage {
    fn new() -> Self {
        let (directory, clock) = (MemoryDirectory::with_people(), ManualClock::new());
        let authenticator = directory.authenticator(&clock);
        Self { directory, clock, authenticator }
    }

    async fn log_in(&self, name: &str, password: &str, scope: Scope) -> Login {
        let user = UserSelector::Name { domain: DomainSelector::default(), name: name.into() };
        let login = PasswordLogin { user, password: Secret::new(password), scope };
        self.authenticator.password(login).await.unwrap()
    }

    async fn alice(&self) -> IssuedToken {
        let login = self.log_in("alice", "wonderland", Scope::Default).await;
        self.authenticator.issue(&login).await.unwrap()
    }

    async fn rejection(&self, token: &str) -> Rejection {
        match self.authenticator.token(token).await {
            Err(AuthError::Rejected(rejection)) => rejection,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_token_has_the_facts_of_its_login() {
    let stage = Stage::new();
    let issued = stage.alice().await;
    let other_replica = stage.directory.authenticator(&stage.clock);
    for authenticator in [&stage.authenticator, &other_replica] {
        let info = authenticator.token(&issued.token).await.unwrap();
        assert_eq!(*info, *issued.info);
        let identity = info.identity.as_ref().unwrap();
        assert_eq!((identity.account.as_str(), identity.role), ("acct-id", Role::Owner));
        assert_eq!(info.expires, info.issued.plus(Duration::from_hours(24)));
    }
}

#[tokio::test]
async fn a_hot_token_is_one_look_up() {
    let stage = Stage::new();
    let issued = stage.alice().await;
    let reads = stage.directory.reads.load(Ordering::Relaxed);
    stage.clock.advance(Duration::from_millis(4999));
    stage.authenticator.token(&issued.token).await.unwrap();
    assert_eq!(stage.directory.reads.load(Ordering::Relaxed), reads);
}

#[tokio::test]
async fn it_expires_on_time() {
    let stage = Stage::new();
    let issued = stage.alice().await;
    stage.clock.advance(Duration::from_hours(24) - Duration::from_secs(1));
    stage.authenticator.token(&issued.token).await.unwrap();
    stage.clock.advance(Duration::from_secs(1));
    assert_eq!(stage.rejection(&issued.token).await, Rejection::Expired, "while it is remembered");
    stage.clock.advance(Duration::from_secs(5));
    assert_eq!(stage.rejection(&issued.token).await, Rejection::Expired);
}

#[tokio::test]
async fn an_ended_token_is_refused_within_five_seconds() {
    type Change = fn(&MemoryDirectory);
    let changes: [(Change, Rejection); 5] = [
        (|directory| directory.change_user("alice", |user| user.epoch += 1), Rejection::Revoked),
        (|directory| directory.change_user("alice", |user| user.enabled = false), Rejection::Disabled),
        (|directory| directory.users.lock().unwrap().clear(), Rejection::Revoked),
        (|directory| directory.grants.lock().unwrap().clear(), Rejection::NoRole),
        (|directory| directory.accounts.lock().unwrap().clear(), Rejection::NoRole),
    ];
    for (change, expected) in changes {
        let stage = Stage::new();
        let issued = stage.alice().await;
        change(&stage.directory);
        stage.clock.advance(Duration::from_secs(5));
        assert_eq!(stage.rejection(&issued.token).await, expected);
    }
}

#[tokio::test]
async fn a_change_of_roles_is_seen_within_five_seconds() {
    let stage = Stage::new();
    let issued = stage.alice().await;
    stage.directory.grants.lock().unwrap()[0].1.role = "reader".into();
    stage.clock.advance(Duration::from_secs(5));
    let info = stage.authenticator.token(&issued.token).await.unwrap();
    assert_eq!(info.identity.as_ref().unwrap().role, Role::Plain);
}

#[tokio::test]
async fn one_token_is_revoked_at_once() {
    let stage = Stage::new();
    let (one, two) = (stage.alice().await, stage.alice().await);
    stage.authenticator.revoke(&one.info).await.unwrap();
    assert_eq!(stage.rejection(&one.token).await, Rejection::Revoked);
    stage.authenticator.token(&two.token).await.unwrap();
    stage.clock.advance(Duration::from_hours(23));
    assert_eq!(stage.rejection(&one.token).await, Rejection::Revoked);
}

#[tokio::test]
async fn tempauth_gets_the_same_token_until_it_nears_its_end() {
    let stage = Stage::new();
    let login = stage.log_in("alice", "wonderland", Scope::Default).await;
    let first = stage.authenticator.reuse_or_issue(&login).await.unwrap();
    stage.clock.advance(Duration::from_hours(17));
    assert_eq!(stage.authenticator.reuse_or_issue(&login).await.unwrap().token, first.token);
    stage.clock.advance(Duration::from_hours(2));
    let second = stage.authenticator.reuse_or_issue(&login).await.unwrap();
    assert_ne!(second.token, first.token);
    stage.authenticator.revoke(&second.info).await.unwrap();
    let third = stage.authenticator.reuse_or_issue(&login).await.unwrap();
    assert_ne!(third.token, second.token);
    let other_replica = stage.directory.authenticator(&stage.clock);
    other_replica.revoke(&third.info).await.unwrap();
    assert_ne!(stage.authenticator.reuse_or_issue(&login).await.unwrap().token, third.token);
}

#[tokio::test]
async fn a_revoked_token_is_refused_by_other_replicas_and_later_processes() {
    let stage = Stage::new();
    let (one, two) = (stage.alice().await, stage.alice().await);
    let other_replica = stage.directory.authenticator(&stage.clock);
    other_replica.token(&one.token).await.unwrap();
    stage.authenticator.revoke(&one.info).await.unwrap();
    let after_a_restart = stage.directory.authenticator(&stage.clock);
    stage.clock.advance(Duration::from_secs(5));
    for authenticator in [&stage.authenticator, &other_replica, &after_a_restart] {
        let refused = authenticator.token(&one.token).await;
        assert!(matches!(refused, Err(AuthError::Rejected(Rejection::Revoked))), "{refused:?}");
        authenticator.token(&two.token).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_for_another_project_lives_no_longer_than_the_first() {
    let stage = Stage::new();
    let login = stage.log_in("bob", "builder", Scope::Unscoped).await;
    let unscoped = stage.authenticator.issue(&login).await.unwrap();
    assert_eq!(unscoped.info.identity, None);
    stage.clock.advance(Duration::from_hours(1));
    let login = stage.authenticator.rescope(&unscoped.info, Scope::project_named("other")).await.unwrap();
    let scoped = stage.authenticator.issue(&login).await.unwrap();
    assert_eq!(scoped.info.expires, unscoped.info.expires);
    assert_eq!(scoped.info.methods, ["password", "token"]);
    assert_eq!(scoped.info.identity.as_ref().unwrap().account_name, "other");
    assert_eq!(stage.authenticator.projects(&scoped.info).await.unwrap().len(), 2);
}

#[tokio::test]
async fn debug_shows_no_token() {
    let issued = Stage::new().alice().await;
    let signature = issued.token.rsplit('.').next().unwrap();
    assert!(!format!("{issued:?}").contains(signature));
}
