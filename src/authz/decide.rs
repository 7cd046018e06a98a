//! The one function that says yes.

use super::Action;
pub use crate::identity::Role;
use crate::model::AccountId;

/// Who asks to do what to whose resource.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The caller's account and role in it; `None` for an anonymous caller.
    pub caller: Option<(&'a AccountId, Role)>,
    /// What it asks to do.
    pub action: Action,
    /// The account that owns the resource.
    pub owner: &'a AccountId,
}

/// The answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Go on.
    Allow,
    /// The caller is known and may not.
    Deny,
    /// Nobody is known: credentials might help.
    Anonymous,
}

/// Decides one question.
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
    fn owners_only() {
        let (a, b) = (AccountId::new("a"), AccountId::new("b"));
        let ask = |caller| decide(&Question { caller, action: Action::GetObject, owner: &a });
        assert_eq!(ask(Some((&a, Role::Owner))), Decision::Allow);
        assert_eq!(ask(Some((&a, Role::Plain))), Decision::Deny);
        assert_eq!(ask(Some((&b, Role::Owner))), Decision::Deny);
        assert_eq!(ask(Some((&b, Role::Reseller))), Decision::Allow);
        assert_eq!(ask(None), Decision::Anonymous);
    }
}
