//! The role of a user in an account.

/// The role of a caller in the account of its credentials.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Has no right of its own: only what a policy or an ACL grants.
    Plain,
    /// May do everything in the account.
    Owner,
    /// May do everything in every account.
    Reseller,
}

impl Role {
    /// The role for a role's name. Names are compared without case, as Swift's keystoneauth does.
    pub fn from_name(name: &str) -> Self {
        if name.eq_ignore_ascii_case("ResellerAdmin") {
            Self::Reseller
        } else if name.eq_ignore_ascii_case("admin") || name.eq_ignore_ascii_case("member") {
            Self::Owner
        } else {
            Self::Plain
        }
    }

    /// The strongest of several role names, or `None` if there are none.
    pub fn strongest<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        names.into_iter().map(Self::from_name).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_roles() {
        for (name, role) in [
            ("admin", Role::Owner),
            ("Member", Role::Owner),
            ("ResellerAdmin", Role::Reseller),
            ("reselleradmin", Role::Reseller),
            ("reader", Role::Plain),
            ("administrator", Role::Plain),
            ("", Role::Plain),
        ] {
            assert_eq!(Role::from_name(name), role, "{name}");
        }
    }

    #[test]
    fn the_strongest_role_counts() {
        assert_eq!(Role::strongest([]), None);
        assert_eq!(Role::strongest(["reader"]), Some(Role::Plain));
        assert_eq!(Role::strongest(["reader", "admin"]), Some(Role::Owner));
        assert_eq!(Role::strongest(["ResellerAdmin", "admin"]), Some(Role::Reseller));
    }
}
