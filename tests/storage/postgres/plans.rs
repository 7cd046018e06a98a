//! The plans of the index's statements: each uses an index, however little the database knows of the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cardea::storage::index::Index;
use cardea::storage::index::postgres::{PostgresIndex, PostgresOptions};
use serde_json::Value;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::database::{Schema, connect};
use super::wiretap::{Heard, tapped};

/// Tables that hold a handful of rows: the installation, its processes, its keys.
const SMALL: &[&str] = &["install", "writers", "signing_keys", "schema_version", "incarnation", "leases"];

/// A text that all statements share that read a page.
const PAGE: &str = "AND key >= $2 AND key < $3";

/// Runs tests of the suite, which together send all statements of the index, and notes these.
async fn everything_said() -> Heard {
    let heard = Heard::default();
    macro_rules! heard {
        ($($topic:ident: $($function:ident)+;)+) => {
            $($({
                let schema = Schema::new().await;
                let options = PostgresOptions { url: tapped(&schema.url, &heard).await, ..schema.options() };
                let index: Arc<dyn Index> = Arc::new(PostgresIndex::open(&options).await.unwrap());
                crate::storage::index::$topic::$function(index).await;
                schema.drop().await;
            })+)+
        };
    }
    heard! {
        principals:
            the_installation_is_written_once
            accounts_are_found_by_id_and_by_name
            account_metadata_is_merged
            users_are_found_by_every_name
            putting_a_user_replaces_its_roles
            access_keys_are_replaced_by_their_public_id
            revocations_are_kept_until_their_time;
        buckets:
            a_bucket_is_found_by_each_address
            the_buckets_of_all_accounts
            a_container_gets_its_name_registered_later
            changes_are_merged_and_move_modified
            a_bucket_with_anything_in_it_is_not_deleted
            buckets_are_listed_in_pages_with_their_usage;
        settings:
            a_setting_is_kept_by_name
            settings_are_set_with_the_bucket
            settings_go_with_their_bucket;
        objects:
            a_version_reads_back_as_it_was_published
            preconditions_are_checked_in_the_commit
            metadata_is_replaced_for_the_version_that_was_read
            the_parts_keep_their_order;
        versions:
            deleting_the_latest_version_uncovers_the_one_before
            suspended_writes_replace_the_null_version_only
            a_suspended_delete_puts_a_null_marker
            a_version_made_before_versioning_is_null
            a_version_that_is_not_there_is_deleted_already;
        references:
            freed_blobs_come_oldest_first_and_are_forgotten
            inline_bytes_go_with_their_blob
            bytes_come_with_objects_of_few_parts;
        rewraps:
            a_manifest_is_published_with_its_rewraps
            a_copy_relies_on_its_source
            many_objects_are_found_in_one_read;
        restores:
            a_restored_version_is_a_new_one_of_the_same_contents
            a_null_version_is_restored_in_its_own_place;
        uploads:
            an_upload_reads_back_as_it_began
            a_part_replaces_the_one_of_its_number
            completion_moves_the_chosen_parts
            an_aborted_upload_is_gone
            uploads_go_with_their_bucket
            copies_give_an_upload_so_many_references
            a_new_blob_of_a_part_may_be_inline;
        listing:
            markers_are_exclusive
            a_common_prefix_is_skipped_by_a_seek;
        version_listing:
            versions_come_by_key_and_newest_first
            a_listing_goes_on_after_a_version
            pages_of_few_step;
        upload_listing:
            uploads_come_by_key_and_time
            pages_of_few_uploads_step;
        audit:
            blobs_are_read_in_pages;
        care:
            a_swept_writer_is_told_no_more
            writers_are_unswept_until_they_are_swept;
    }
    heard
}

/// A hundred thousand objects with all their rows, a tenth of them with older versions, and as many uploads.
const MANY: &str = "
    INSERT INTO buckets (nr, id, account, name, registered, created, modified, versioning, metadata)
        SELECT 100 + n, decode(md5(n::text), 'hex'), decode(md5('a' || n % 10), 'hex'), convert_to('b' || n, 'UTF8'), 1, 0, 0, 0,
               '{}' FROM generate_series(1, 1000) n;
    INSERT INTO bucket_settings SELECT nr, 'tags', '[]', 0 FROM buckets;
    INSERT INTO revoked_tokens SELECT decode(md5(n::text), 'hex'), n FROM generate_series(1, 10000) n;
    INSERT INTO bucket_usage SELECT nr, slot, 1, 1 FROM buckets, generate_series(0, 15) slot;
    INSERT INTO account_usage SELECT DISTINCT account, slot, 1, 1, 1 FROM buckets, generate_series(0, 15) slot;
    INSERT INTO versions (nr, bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid, digests, envelope,
            metadata)
        SELECT 1000 + n, 101, convert_to(md5(n::text), 'UTF8'), 1, 0, 1, n, n, 3, 0, 'etag', decode(md5(n::text), 'hex'), ''::bytea, ''::bytea, '{}'
        FROM generate_series(1, 100000) n
        UNION ALL
        SELECT 1000000 + n, 101, convert_to(md5(n::text), 'UTF8'), 0, 0, 0, -n, -n, 3, 0, 'etag', decode(md5(n::text), 'hex'), ''::bytea, ''::bytea,
               '{}' FROM generate_series(1, 10000) n;
    INSERT INTO blobs SELECT decode(md5(n::text) || '0011223344556677', 'hex'), 1, 3, NULL, CASE WHEN n < 10000 THEN n END, ''
        FROM generate_series(1, 110000) n;
    UPDATE blobs SET refs = 0, freed = inline WHERE inline < 1000;
    INSERT INTO inline_blobs SELECT n, '' FROM generate_series(1, 9999) n;
    INSERT INTO parts SELECT nr, 0, decode(md5((nr - 1000)::text) || '0011223344556677', 'hex'), 0, 3, '' FROM versions;
    INSERT INTO version_parts SELECT nr, 1, 3, '' FROM versions;
    INSERT INTO uploads SELECT n, decode(md5(n::text), 'hex'), 101, convert_to(md5(n::text), 'UTF8'), n, '', 0, NULL, '', '{}', '{}'
        FROM generate_series(1, 10000) n;
    INSERT INTO upload_parts SELECT nr, n, 0, 3, '', '' FROM uploads, generate_series(1, 10) n;
    INSERT INTO upload_refs SELECT nr, n, 0, decode(md5(nr::text) || '0011223344556677', 'hex'), 0, 3, ''
        FROM uploads, generate_series(1, 10) n;
    INSERT INTO accounts SELECT decode(md5('a' || n), 'hex'), '', convert_to('a' || n, 'UTF8'), '', NULL, 0, '{}'
        FROM generate_series(1, 10000) n;
    INSERT INTO users SELECT decode(md5('u' || n), 'hex'), '', convert_to('u' || n, 'UTF8'), convert_to('t' || n, 'UTF8'), NULL, 0, 1
        FROM generate_series(1, 10000) n;
    INSERT INTO roles SELECT id, id, '' FROM users;
    INSERT INTO access_keys SELECT id, id, id, '', 1 FROM users;
    ANALYZE;";

/// The plan of a statement for values that are not known yet.
async fn plan(client: &Client, sql: &str) -> Value {
    client.batch_execute(&format!("DEALLOCATE ALL; PREPARE statement AS {sql}")).await.unwrap();
    let count = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'statement'";
    let count: usize = text(client, count).await.parse().unwrap();
    let values = vec!["NULL"; count].join(", ");
    let call = if count == 0 { String::new() } else { format!("({values})") };
    let plan = text(client, &format!("EXPLAIN (FORMAT JSON) EXECUTE statement{call}")).await;
    serde_json::from_str(&plan).unwrap()
}

async fn text(client: &Client, sql: &str) -> String {
    let found = client.simple_query(sql).await.unwrap();
    let row = found.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.unwrap().to_owned()
}

/// Calls back for each step of a plan.
fn each(plan: &Value, visit: &mut impl FnMut(&Value)) {
    match plan {
        Value::Array(steps) => steps.iter().for_each(|step| each(step, visit)),
        Value::Object(step) => {
            if step.contains_key("Node Type") {
                visit(plan);
            }
            step.values().for_each(|inner| each(inner, visit));
        }
        _ => {}
    }
}

/// The columns of each index, in order.
async fn indexes(client: &Client) -> BTreeMap<String, Vec<String>> {
    let sql = "SELECT c.relname, array_agg(a.attname::text ORDER BY k.at)
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, at)
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
               WHERE c.relnamespace = current_schema()::regnamespace GROUP BY c.relname";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The faults in the plans of statements.
async fn wrong(client: &Client, statements: &BTreeSet<String>) -> Vec<String> {
    let (mut found, indexes) = (Vec::new(), indexes(client).await);
    for sql in statements {
        let plan = plan(client, sql).await;
        each(&plan, &mut |step| {
            let said = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, table, index) = (said("Node Type"), said("Relation Name"), said("Index Name"));
            // A page comes in the order of its index: a sort would read the whole range.
            if kind.contains("Sort") && sql.contains(PAGE) && !sql.starts_with("(SELECT") {
                found.push(format!("{kind}:\n{sql}\n"));
            }
            if table.is_empty() || kind == "ModifyTable" || SMALL.contains(&table.as_str()) {
                return;
            }
            let condition = said("Index Cond");
            let named = |column: &String| {
                condition.contains(&format!("{column} ")) || condition.contains(&format!("\"{column}\""))
            };
            // A bucket may have millions of versions: a plan must also know the key, unless it only asks
            // whether there are any.
            let columns = indexes.get(&index).map_or(&[][..], Vec::as_slice);
            let wanted =
                if table == "versions" && !sql.starts_with("SELECT 1 ") { columns.len().min(2) } else { 1 };
            if !kind.starts_with("Index") || columns.is_empty() || !columns[..wanted].iter().all(named) {
                found.push(format!("{kind} of {table} by {index} ({condition}):\n{sql}\n"));
            }
        });
    }
    found
}

async fn session(schema: &Schema, heard: &Heard) -> Client {
    let client = connect(&schema.url).await;
    let settings = heard.session.lock().unwrap().replace("\\ ", " ");
    for setting in settings.split("-c ").map(str::trim).filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('=').unwrap();
        client.batch_execute(&format!("SET {name} = '{value}'")).await.unwrap();
    }
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_finds_its_rows_by_an_index() {
    let heard = everything_said().await;
    let statements = heard.statements.lock().unwrap().clone();
    let statements: BTreeSet<_> = statements
        .into_iter()
        .filter(|sql| !sql.contains("pg_class") && !sql.contains("schema_version"))
        .collect();
    assert!(statements.len() > 60, "{statements:#?}");
    let pages = statements.iter().filter(|sql| sql.contains(PAGE)).count();
    assert!(pages >= 5, "{pages} of {statements:#?}");
    let schema = Schema::new().await;
    schema.open().await;
    let client = session(&schema, &heard).await;
    let empty = wrong(&client, &statements).await;
    assert!(
        empty.is_empty(),
        "while the tables are empty, and nothing is known of them:\n{}",
        empty.join("\n")
    );
    client.batch_execute(MANY).await.unwrap();
    let many = wrong(&client, &statements).await;
    assert!(many.is_empty(), "with many rows:\n{}", many.join("\n"));
    schema.drop().await;
}
