//! A deadline that is cheap to move, for use in `poll` functions.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that runs between [`Timer::arm`] and [`Timer::disarm`].
#[derive(Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Timer {
    /// Starts it anew.
    pub(super) fn arm(&mut self, after: Duration) {
        self.arm_until(Instant::now() + after);
    }

    /// Starts it anew, to end at `deadline`.
    pub(super) fn arm_until(&mut self, deadline: Instant) {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(deadline),
            None => self.sleep = Some(Box::pin(sleep_until(deadline))),
        }
        self.armed = true;
    }

    /// Whether it runs.
    pub(super) fn is_armed(&self) -> bool {
        self.armed
    }

    pub(super) fn disarm(&mut self) {
        self.armed = false;
    }

    /// Whether its time has come. It wakes the task when that happens.
    pub(super) fn has_expired(&mut self, context: &mut Context<'_>) -> bool {
        match &mut self.sleep {
            Some(sleep) if self.armed => sleep.as_mut().poll(context) == Poll::Ready(()),
            _ => false,
        }
    }
}
