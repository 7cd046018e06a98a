use super::world::World;

#[tokio::test]
async fn an_object_is_written_and_read() {
    let world = World::with_container().await;
    let headers = [
        ("x-object-meta-colour", "blå"),
        ("x-object-meta-empty", ""),
        ("content-disposition", "attachment"),
        ("x-delete-at", "9999999999"),
    ];
    let put = world.ask("PUT", "/c/a//b.txt", &headers, b"hello").await;
    assert_eq!(put.status, 201);
    assert_eq!(put.header("etag"), Some("5d41402abc4b2a76b9719d911017c592"));
    for method in ["GET", "HEAD"] {
        let answer = world.ask(method, "/c/a//b.txt", &[], b"").await;
        assert_eq!(answer.status, 200);
        for (name, value) in [
            ("content-length", "5"),
            ("content-type", "text/plain"),
            ("etag", "5d41402abc4b2a76b9719d911017c592"),
            ("x-object-meta-colour", "blå"),
            ("x-object-meta-empty", ""),
            ("content-disposition", "attachment"),
            ("x-delete-at", "9999999999"),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert_eq!(answer.header("last-modified"), put.header("last-modified"));
    }
    assert_eq!(world.ask("GET", "/c/a//b.txt", &[], b"").await.text(), "hello");
    assert_eq!(world.ask("GET", "/c/a/b.txt", &[], b"").await.status, 404);
    assert_eq!(world.ask("DELETE", "/c/a//b.txt", &[], b"").await.status, 204);
    assert_eq!(world.ask("DELETE", "/c/a//b.txt", &[], b"").await.status, 404);
    assert_eq!(world.ask("PUT", "/none/o", &[], b"").await.status, 404);
}

#[tokio::test]
async fn bad_writes_are_refused() {
    let world = World::with_container().await;
    let md5 = "5d41402abc4b2a76b9719d911017c592";
    assert_eq!(world.ask("PUT", "/c/o", &[("etag", md5)], b"other").await.status, 422);
    assert_eq!(world.ask("PUT", "/c/o", &[("etag", "bogus")], b"hello").await.status, 422);
    assert_eq!(world.ask("PUT", "/c/o", &[("content-length", "9")], b"hello").await.status, 499);
    assert_eq!(world.ask("PUT", "/c/o", &[("content-length", "5368709121")], b"").await.status, 413);
    assert_eq!(world.ask("PUT", "/c/o", &[("if-none-match", md5)], b"hello").await.status, 400);
    assert_eq!(world.ask("HEAD", "/c/o", &[], b"").await.status, 404);
    assert_eq!(world.ask("PUT", "/c/o", &[("etag", &format!("\"{md5}\""))], b"hello").await.status, 201);
    assert_eq!(world.ask("PUT", "/c/o", &[("if-none-match", "*")], b"hello").await.status, 412);
    assert_eq!(world.ask("PUT", "/c/o", &[("if-match", "x")], b"hello").await.status, 201);
    assert_eq!(world.ask("PUT", "/c/z", &[("transfer-encoding", "chunked")], b"").await.status, 201);
    for header in [("x-symlink-target", "c/o")] {
        assert_eq!(world.ask("PUT", "/c/o", &[header], b"").await.status, 400);
    }
    assert_eq!(world.ask("GET", "/c/o", &[], b"").await.text(), "hello");
}

#[tokio::test]
async fn post_replaces() {
    let world = World::with_container().await;
    let headers = [("x-object-meta-a", "1"), ("content-encoding", "gzip"), ("content-type", "text/x")];
    world.ask("PUT", "/c/o", &headers, b"hello").await;
    assert_eq!(world.ask("POST", "/c/o", &[("x-object-meta-b", "2")], b"").await.status, 202);
    let head = world.ask("HEAD", "/c/o", &[], b"").await;
    assert_eq!(head.header("x-object-meta-a"), None);
    assert_eq!(head.header("x-object-meta-b"), Some("2"));
    assert_eq!(head.header("content-encoding"), None);
    assert_eq!(head.header("content-type"), Some("text/x"));
    assert_eq!(head.header("etag"), Some("5d41402abc4b2a76b9719d911017c592"));
    assert_eq!(world.ask("POST", "/c/none", &[], b"").await.status, 404);
}

#[tokio::test]
async fn ranges() {
    let world = World::with_container().await;
    world.ask("PUT", "/c/o", &[("content-type", "text/plain")], b"0123456789").await;
    world.ask("PUT", "/c/empty", &[], b"").await;
    let one = world.ask("GET", "/c/o", &[("range", "bytes=2-4")], b"").await;
    assert_eq!((one.status, one.text().as_str()), (206, "234"));
    assert_eq!(one.header("content-range"), Some("bytes 2-4/10"));
    let beyond = world.ask("GET", "/c/o", &[("range", "bytes=20-")], b"").await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */10")));
    assert!(beyond.header("etag").is_some());
    assert_eq!(world.ask("GET", "/c/o", &[("range", "bytes=5-2")], b"").await.status, 200);
    assert_eq!(world.ask("GET", "/c/empty", &[("range", "bytes=-5")], b"").await.status, 200);
    let nothing = world.ask("GET", "/c/empty", &[("range", "bytes=0-")], b"").await;
    assert_eq!((nothing.status, nothing.header("content-range")), (416, Some("bytes */0")));

    let several = world.ask("GET", "/c/o", &[("range", "bytes=0-1,4-5")], b"").await;
    assert_eq!(several.status, 206);
    let boundary =
        several.header("content-type").unwrap().strip_prefix("multipart/byteranges;boundary=").unwrap();
    assert_eq!(
        several.text(),
        format!(
            "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n\
             --{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-5/10\r\n\r\n45\r\n--{boundary}--"
        )
    );
}

#[tokio::test]
async fn conditions() {
    let world = World::with_container().await;
    world.ask("PUT", "/c/o", &[], b"hello").await;
    let md5 = "5d41402abc4b2a76b9719d911017c592";
    let quoted = format!("\"{md5}\"");
    for (header, status) in [
        (("if-match", md5), 200),
        (("if-match", quoted.as_str()), 200),
        (("if-match", "bogus"), 412),
        (("if-none-match", md5), 304),
        (("if-none-match", "*"), 304),
        (("if-none-match", "bogus"), 200),
        (("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"), 304),
        (("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"), 412),
    ] {
        let answer = world.ask("GET", "/c/o", &[header], b"").await;
        assert_eq!(answer.status, status, "{header:?}");
        if status == 304 || status == 412 {
            assert_eq!(answer.header("etag"), Some(md5));
        }
    }
}

#[tokio::test]
async fn manifest_parameters_on_a_plain_object() {
    let world = World::with_container().await;
    world.ask("PUT", "/c/o", &[], b"hello").await;
    assert_eq!(world.ask("GET", "/c/o?multipart-manifest=get", &[], b"").await.text(), "hello");
    let json = [("accept", "application/json")];
    let report = world.ask("DELETE", "/c/o?multipart-manifest=delete", &json, b"").await;
    assert_eq!(report.status, 200);
    assert_eq!(report.json()["Response Status"], "400 Bad Request");
    assert_eq!(report.json()["Errors"], serde_json::json!([["/c/o", "Not an SLO manifest"]]));
    assert_eq!(world.ask("HEAD", "/c/o?symlink=get", &[], b"").await.status, 200);
    let missing = world.ask("DELETE", "/c/none?multipart-manifest=delete", &json, b"").await;
    assert_eq!(missing.json()["Number Not Found"], 1);
}

#[tokio::test]
async fn a_large_object_streams() {
    let world = World::with_container().await;
    let data: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    assert_eq!(world.ask("PUT", "/c/large", &[], &data).await.status, 201);
    assert_eq!(world.ask("GET", "/c/large", &[], b"").await.body, data);
    let range = world.ask("GET", "/c/large", &[("range", "bytes=65530-2000000")], b"").await;
    assert_eq!(range.body, &data[65_530..=2_000_000]);
    let ranges = world.ask("GET", "/c/large", &[("range", "bytes=0-99999,1000000-1099999")], b"").await;
    assert_eq!(ranges.status, 206);
}
