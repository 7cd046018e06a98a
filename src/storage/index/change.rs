//! What a command on objects changes, decided once for every kind of index.

use crate::model::Timestamp;

/// The time of a change: now, but later than the time before it.
pub(super) fn after(now: Timestamp, previous: Option<Timestamp>) -> Timestamp {
    previous.map_or(now, |previous| now.max(previous.next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_later_than_the_one_before() {
        let at = Timestamp::from_steps;
        assert_eq!(after(at(5), None), at(5));
        assert_eq!(after(at(5), Some(at(3))), at(5));
        assert_eq!(after(at(5), Some(at(5))), at(6));
        assert_eq!(after(at(5), Some(at(9))), at(10));
    }
}
