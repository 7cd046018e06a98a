//! A hint for a name that no setting has.

/// Only so many letters are compared, as the cost is the product of both lengths. No setting has a longer
/// name.
const MAX_COMPARED: usize = 64;

/// The known name that the writer may have meant, or where to look.
pub(super) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let name: String = name.chars().take(MAX_COMPARED).collect();
    let near = known.map(|known| (strsim::levenshtein(&name, known), known)).min();
    match near {
        Some((distance, known)) if distance <= known.len().div_ceil(3) => format!("perhaps {known:?}"),
        _ => "one of the names that `cardea config docs` lists".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_letters_may_differ() {
        let hint = |name| hint(name, ["listen", "region"].into_iter());
        assert_eq!(hint("lissten"), "perhaps \"listen\"");
        assert_eq!(hint("rogian"), "perhaps \"region\"");
        assert_eq!(hint("rogiaan"), "one of the names that `cardea config docs` lists");
        assert_eq!(hint(&"é".repeat(1 << 20)), "one of the names that `cardea config docs` lists");
    }
}
