//! Short forms for calls of [`super::transaction::Database`], which runs the commands.

/// Runs a call in a transaction, or again in another. The call gets its arguments by reference each time.
macro_rules! run {
    ($how:ident, $db:expr, $view:ident, ($($owned:ident),*) => $call:expr) => {{
        let owned = std::sync::Arc::new(($($owned,)*));
        $db.$how(move |$view| {
            let owned = owned.clone();
            Box::pin(async move {
                let ($($owned,)*) = &*owned;
                $call.await
            })
        })
        .await
    }};
}

/// A command that changes the index.
macro_rules! command {
    ($($all:tt)+) => { run!(write, $($all)+) };
}

/// A command that waits for no lock, and not behind commands that do.
macro_rules! urgent {
    ($($all:tt)+) => { run!(urgent, $($all)+) };
}

/// A question that one statement answers.
macro_rules! query {
    ($($all:tt)+) => { run!(read, $($all)+) };
}

/// A question that needs several statements over one state.
macro_rules! snapshot {
    ($($all:tt)+) => { run!(snapshot, $($all)+) };
}
