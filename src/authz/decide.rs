//! The only function that allows an operation.

use super::Action;
pub use crate::identity::Role;
use crate::model::AccountId;

/// A caller, an action, and the owner of the resource.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The caller's account and its role there; `None` for an anonymous caller.
    pub caller: Option<(&'a AccountId, Role)>,
    pub action: Action,
    /// The account that owns the resource.
    pub owner: &'a AccountId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    Allow,
    /// The caller is known, but may not.
    Deny,
    /// The caller is anonymous: credentials might help.
    Anonymous,
}

pub fn decide(question: &Question<'_>) -> Decision {
    match question.caller {
        None => Decision::Anonymous,
        Some((_, Role::Reseller)) => Decision::Allow,
        Some((account, Role::Owner)) if account == question.owner => Decision::Allow,
        Some(_) => Decision::Deny,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_and_resellers_are_allowed() {
        let (a, b) = (AccountId::new("a"), AccountId::new("b"));
        let ask = |caller| decide(&Question { caller, action: Action::GetObject, owner: &a });
        assert_eq!(ask(Some((&a, Role::Owner))), Decision::Allow);
        assert_eq!(ask(Some((&a, Role::Plain))), Decision::Deny);
        assert_eq!(ask(Some((&b, Role::Owner))), Decision::Deny);
        assert_eq!(ask(Some((&b, Role::Reseller))), Decision::Allow);
        assert_eq!(ask(None), Decision::Anonymous);
    }
}
