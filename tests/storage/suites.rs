//! Suites are lists of functions over a backend.

/// Runs functions over a backend that `$open` makes anew for each.
macro_rules! suite {
    ($name:ident: $open:expr; $($topic:ident: $($function:ident)+;)+) => {
        mod $name {
            $(mod $topic {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $function() {
                    crate::$topic::$function($open).await;
                })+
            })+
        }
    };
}

macro_rules! blob_suite {
    ($name:ident: $open:expr) => {
        suite! { $name: $open;
            blobs:
                a_blob_of_one_buffer_is_one_request
                a_blob_of_many_buffers
                two_buffers_serve_a_long_upload
                a_small_blob_takes_a_small_buffer
                reading_what_is_missing_or_short
                a_dropped_writer_leaves_nothing
                a_writer_dropped_while_it_finishes_leaves_nothing
                deleting_twice_is_deleting
                all_blobs_are_listed_with_their_sizes
                a_store_belongs_to_one_installation
                unpublished_blobs_are_deleted
                what_the_index_may_have_taken_stays
                uploads_wait_for_the_budget_and_all_come_through;
        }
    };
}
