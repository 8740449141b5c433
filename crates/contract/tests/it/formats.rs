//! Every format that is promised.

use crossgate_contract::Options;
use serde_json::{Value, json};

use crate::kit::judge;

/// Format, type, what has it, what has not.
fn rows() -> Vec<(&'static str, &'static str, Vec<Value>, Vec<Value>)> {
    let texts = |list: &[&str]| list.iter().map(|text| json!(text)).collect::<Vec<_>>();
    let row = |format, good: &[&str], bad: &[&str]| (format, "string", texts(good), texts(bad));
    vec![
        row(
            "date",
            &["2024-02-29", "0001-01-01", "9999-12-31", "2000-02-29"],
            &[
                "",
                "2023-02-29",
                "1900-02-29",
                "2024-13-01",
                "2024-00-10",
                "2024-01-00",
                "2024-04-31",
                "2024-1-1",
                "20240101",
                "24-01-01",
                "2024-01-01T00:00:00Z",
                "２０２４-01-01",
                " 2024-01-01",
                "+024-01-01",
            ],
        ),
        row(
            "time",
            &["00:00:00Z", "23:59:59z", "12:30:00+02:00", "12:30:00.123456-08:00", "23:59:60Z"],
            &[
                "",
                "12:30:00",
                "24:00:00Z",
                "12:60:00Z",
                "12:30Z",
                "12:30:61Z",
                "12:00:60Z",
                "12:30:00.Z",
                "12:30:00+0200",
                "12:30:00+24:00",
            ],
        ),
        row(
            "date-time",
            &[
                "2024-02-29T13:45:00Z",
                "2024-02-29t13:45:00.5+01:00",
                "1998-12-31T23:59:60Z",
                "1998-12-31T15:59:60-08:00",
            ],
            &[
                "",
                "2024-02-29",
                "2024-02-29 13:45:00Z",
                "2024-02-29T13:45:00",
                "2024-02-30T13:45:00Z",
                "2024-02-29T25:00:00Z",
                "1998-12-31T22:59:60Z",
            ],
        ),
        row(
            "duration",
            &["P1D", "PT1H30M", "P4W", "P1Y2M3DT4H5M6S", "PT0S"],
            &["", "P", "PT", "1D", "P1", "PT1D", "P1D2M", "P1S", "P1W1D", "PT1.5S"],
        ),
        row(
            "uri",
            &[
                "https://example.com/a?b=c#d",
                "urn:isbn:0451450523",
                "mailto:a@b.c",
                "http://[2001:db8::1]:80/",
                "http://user:pw@h:1/",
                "a:",
                "s3://bucket/key%20x",
                "http://a/b:c@d",
                "http://[v1.fe]/",
            ],
            &[
                "",
                "example.com",
                "/a/b",
                "//host/a",
                "http://a b/",
                "http://a/%zz",
                "1http://a",
                "http://a/<x>",
                "http://[::1/",
                "http://a:port/",
                "http://é/",
                "http://a/[x]",
                "http://a#b#c",
                "http://a\\b",
            ],
        ),
        row(
            "uri-reference",
            &["", "/a/b", "//host/a", "a?b#c", "#f", "../x", "http://a/", "a/b:c"],
            &["a b", "\\\\host", "1a:b", "%", "a#b#c"],
        ),
        row(
            "uuid",
            &[
                "123e4567-e89b-12d3-a456-426614174000",
                "123E4567-E89B-12D3-A456-426614174000",
                "00000000-0000-0000-0000-000000000000",
            ],
            &[
                "",
                "123e4567e89b12d3a456426614174000",
                "123e4567-e89b-12d3-a456-42661417400",
                "123e4567-e89b-12d3-a456-42661417400g",
                "{123e4567-e89b-12d3-a456-426614174000}",
            ],
        ),
        row(
            "email",
            &[
                "a@b.co",
                "first.last+tag@example.com",
                "\"a b\"@example.com",
                "x@[192.0.2.1]",
                "x@[IPv6:2001:db8::1]",
                "a@localhost",
            ],
            &[
                "",
                "a",
                "@b",
                "a@",
                "a@@b",
                "a b@c.d",
                ".a@b.c",
                "a..b@c.d",
                "a@-b.c",
                "a@b..c",
                "a@b_c.d",
                "\"a\"b\"@c.d",
                "a@[999.0.0.1]",
            ],
        ),
        row(
            "hostname",
            &["example.com", "a", "xn--bcher-kva.example", "1.2.3.4", "A-b.C"],
            &["", ".", "a.", "-a.b", "a-.b", "a..b", "a_b", "é.com", "a b"],
        ),
        row(
            "ipv4",
            &["192.0.2.1", "0.0.0.0", "255.255.255.255"],
            &["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4/8", "0x1.2.3.4", "::1"],
        ),
        row(
            "ipv6",
            &["::1", "2001:db8::1", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8"],
            &["", "1::2::3", "12345::", "1:2:3:4:5:6:7", "fe80::1%eth0", "[::1]", "192.0.2.1"],
        ),
        row(
            "byte",
            &["", "AA==", "AAA=", "AAAA", "aGVsbG8="],
            &["A", "AA", "AAA", "AA=A", "AB==", "AAB=", "A A=", "AA-_", "AAAA\n", "===="],
        ),
        row("regex", &["^a+$", "[a-z]", "(a|b)*"], &["[", "(", "a{2,1}"]),
        row("json-pointer", &["", "/", "/a/0", "/a~1b~0"], &["a", "/~", "/~2", "#/a"]),
        row("password", &["", "anything"], &[]),
        row("binary", &["", "anything"], &[]),
        row("our-own", &["", "anything"], &[]),
        (
            "int32",
            "integer",
            vec![json!(0), json!(2147483647), json!(-2147483648), json!(1.0)],
            vec![json!(2147483648_i64), json!(-2147483649_i64)],
        ),
        ("int64", "integer", vec![json!(i64::MAX), json!(i64::MIN)], vec![json!(u64::MAX), json!(1e30)]),
        ("float", "number", vec![json!(1.5), json!(3.4e38), json!(1)], vec![json!(3.5e38), json!(-1e300)]),
        ("double", "number", vec![json!(1.5), json!(1e300)], vec![]),
    ]
}

#[test]
fn every_format_is_enforced() {
    for version in ["3.0.3", "3.1.0"] {
        for (format, kind, accepted, refused) in rows() {
            let schema = json!({"type": kind, "format": format});
            let bench = judge(version, &schema, &json!({}), Options::default());
            for value in accepted {
                let bound = bench.post_json("/", &json!({ "value": value }));
                assert!(bound.is_ok(), "{version} {format} {value}: {bound:?}");
            }
            for value in refused {
                assert!(bench.post_json("/", &json!({ "value": value })).is_err(), "{version} {format} {value}");
            }
        }
    }
}

#[test]
fn compat_leaves_formats_alone() {
    for (format, kind, _, refused) in rows() {
        let schema = json!({"type": kind, "format": format});
        let bench = judge("3.0.3", &schema, &json!({}), Options { compat: true, ..Options::default() });
        for value in refused {
            let bound = bench.post_json("/", &json!({ "value": value }));
            assert!(bound.is_ok(), "{format} {value}: {bound:?}");
        }
    }
}

#[test]
fn a_format_says_nothing_about_other_types() {
    let bench = judge("3.1.0", &json!({"format": "date"}), &json!({}), Options::default());
    for value in [json!(5), json!(null), json!([]), json!(true)] {
        assert!(bench.post_json("/", &json!({ "value": value })).is_ok());
    }
}
