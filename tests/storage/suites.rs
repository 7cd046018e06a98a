//! Suites are lists of functions over a backend.

/// Runs functions of `crate::storage::$suite` over a backend. `$run` makes a new backend for each.
macro_rules! suite {
    ($suite:ident $name:ident: |$test:ident| $run:expr; $($topic:ident: $($function:ident)+;)+) => {
        mod $name {
            $(mod $topic {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $function() {
                    let $test = crate::storage::$suite::$topic::$function;
                    $run;
                })+
            })+
        }
    };
}

macro_rules! blob_suite {
    ($name:ident: |$test:ident| $run:expr) => {
        suite! { store $name: |$test| $run;
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
                processes_claim_a_store_at_once
                unpublished_blobs_are_deleted
                blobs_that_are_refused_when_nobody_waits_are_deleted
                what_the_index_may_have_taken_stays
                uploads_wait_for_the_budget_and_all_come_through;
        }
    };
}

macro_rules! index_suite {
    ($name:ident: |$test:ident| $run:expr) => {
        suite! { index $name: |$test| $run;
            principals:
                the_installation_is_written_once
                accounts_are_found_by_id_and_by_name
                account_metadata_is_merged
                users_are_found_by_every_name
                putting_a_user_replaces_its_roles
                access_keys_are_replaced_by_their_public_id
                signing_keys_come_oldest_first
                revocations_are_kept_until_their_time;
            buckets:
                a_bucket_is_found_by_each_address
                the_buckets_of_all_accounts
                two_accounts_may_own_containers_of_one_name
                the_first_to_register_holds_the_global_name
                a_deleted_bucket_frees_its_name
                a_container_gets_its_name_registered_later
                ones_own_bucket_exists
                changes_are_merged_and_move_modified
                a_bucket_that_kept_versions_can_only_be_suspended
                a_bucket_with_anything_in_it_is_not_deleted
                buckets_are_listed_in_pages_with_their_usage
                what_is_not_there_is_no_such_bucket;
            settings:
                a_setting_is_kept_by_name
                a_setting_changes_nothing_else_of_the_bucket
                settings_are_set_with_the_bucket
                settings_go_with_their_bucket
                a_missing_bucket_has_no_settings
                changes_at_once_have_generations_of_their_own;
            objects:
                a_version_reads_back_as_it_was_published
                publish_replaces_the_null_version
                preconditions_are_checked_in_the_commit
                a_failed_seal_changes_nothing
                the_seal_sees_the_version_id
                a_fenced_or_unknown_writer_cannot_publish
                a_blob_of_another_writer_is_refused
                keys_are_bytes
                metadata_is_replaced_for_the_version_that_was_read
                a_deleted_object_is_gone
                usage_follows_every_change
                the_parts_keep_their_order
                timestamps_of_a_key_only_grow;
            versions:
                every_write_makes_a_version
                a_delete_makes_a_marker
                deleting_the_marker_brings_the_object_back
                deleting_the_latest_version_uncovers_the_one_before
                suspended_writes_replace_the_null_version_only
                a_suspended_delete_puts_a_null_marker
                a_version_made_before_versioning_is_null
                a_version_that_is_not_there_is_deleted_already
                preconditions_see_a_marker_as_absence
                usage_counts_current_versions_only;
            references:
                a_copy_shares_the_blob
                zero_is_final
                a_copy_of_an_object_onto_itself_keeps_its_blob
                a_blob_may_be_referenced_twice_by_one_version
                freed_blobs_come_oldest_first_and_are_forgotten
                a_new_blob_that_no_part_names_is_freed
                inline_bytes_go_with_their_blob
                bytes_come_with_objects_of_few_parts
                a_refused_publish_leaves_no_blob
                a_referenced_blob_is_not_forgotten;
            rewraps:
                a_rewrap_changes_the_seal_alone
                rewraps_are_all_or_none
                a_manifest_is_published_with_its_rewraps
                a_copy_relies_on_its_source
                many_objects_are_found_in_one_read;
            uploads:
                an_upload_reads_back_as_it_began
                parts_are_kept_by_number
                a_part_replaces_the_one_of_its_number
                a_part_is_refused_and_leaves_nothing
                completion_moves_the_chosen_parts
                a_refused_completion_leaves_the_upload
                an_aborted_upload_is_gone
                uploads_go_with_their_bucket
                many_uploads_go_in_steps
                an_upload_of_many_parts
                parts_completions_and_aborts_race
                copies_give_an_upload_so_many_references
                a_new_blob_of_a_part_may_be_inline;
            upload_listing:
                uploads_come_by_key_and_time
                pages_of_few_uploads_step
                pages_of_uploads_agree_with_a_naive_model;
            version_listing:
                versions_come_by_key_and_newest_first
                a_listing_goes_on_after_a_version
                common_prefixes_of_versions_are_skipped
                pages_of_few_step
                pages_of_versions_agree_with_a_naive_model;
            restores:
                a_restored_version_is_a_new_one_of_the_same_contents
                manifests_and_metadata_are_restored
                a_null_version_is_restored_in_its_own_place
                what_is_gone_or_a_marker_is_not_restored;
            listing:
                a_page_of_everything
                prefixes_are_rolled_up
                a_delimiter_may_be_long
                markers_are_exclusive
                a_marker_inside_a_common_prefix
                a_common_prefix_is_skipped_by_a_seek
                hidden_and_old_versions_are_not_listed
                pages_agree_with_a_naive_model;
            audit:
                whatever_the_commands_do_the_index_agrees_with_itself
                blobs_are_read_in_pages;
            rows:
                a_snapshot_stays_as_it_was
                rows_are_loaded_and_compared
                a_load_is_all_or_nothing;
            concurrency:
                many_writers_of_one_key_leave_one_current_object
                if_none_match_has_one_winner
                deleting_a_bucket_races_with_puts
                a_name_has_one_first_taker
                one_failure_does_not_touch_its_neighbours
                references_are_exact_under_load;
            care:
                silent_writers_are_fenced_once
                a_fenced_writer_stays_fenced
                a_swept_writer_is_told_no_more
                writers_are_unswept_until_they_are_swept
                accepting_makes_orphans_of_what_strangers_wrote;
            leases:
                a_lease_has_one_holder
                a_lease_is_given_back_by_its_holder_alone
                what_a_fenced_writer_held_is_free
                a_lease_remembers_the_place
                of_many_who_ask_one_gets_it;
            expiry:
                what_has_expired_is_deleted_and_counted
                expiry_goes_in_steps_and_the_earliest_first
                a_new_time_or_none_takes_the_place_of_the_old
                an_expired_object_of_a_versioned_bucket_gets_a_marker
                an_expired_null_version_goes_where_versions_are_suspended;
        }
    };
}
