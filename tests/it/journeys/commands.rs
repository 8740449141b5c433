//! What operators type, apart from `up`.

use crossgate_tests::Site;
use serde_json::{Value, json};

use super::{BALANCE, OWED, signed_in};

/// What `check` says about the standard configuration with one change.
fn check(from: &str, to: &str) -> String {
    let site = Site::standard();
    site.reconfigure(from, to);
    site.run(&["check", "--config", "crossgate.toml"]).failure()
}

#[test]
fn check_finds_nothing_wrong_with_a_good_configuration_and_starts_nothing() {
    let site = Site::standard();
    let said = site.run(&["check", "--config", "crossgate.toml"]).success();
    assert!(said.contains("crossgate.toml"), "{said}");
    let json: Value =
        serde_json::from_str(&site.run(&["check", "--json", "--config", "crossgate.toml"]).success()).expect("JSON");
    assert_eq!(json["ok"], true, "{json}");
    assert!(json["operations"].as_u64() > Some(5), "{json}");
}

#[test]
fn check_says_what_is_wrong_and_where() {
    for (from, to, words) in [
        ("[log]\nlevel", "[log]\nlevle", &["line", "did you mean `level`"][..]),
        ("address = \"127.0.0.1:0\"", "address = \"localhost\"", &["localhost", "127.0.0.1:8443"]),
        ("chain = \"server.pem\"", "chain = \"gone.pem\"", &["gone.pem"]),
        ("key = \"server.key\"", "key = \"token.key\"", &["key"]),
        ("key = \"file:token.key\"", "key = \"file:gone.key\"", &["gone.key"]),
        ("roles = [\"lender\"]", "roles = [\"lendr\"]", &["lendr"]),
        ("secret_hash = \"sha256:3dcc", "secret_hash = \"sha256:xx", &["billing"]),
        ("path = \"crossgate.db\"", "path = \"no/such/folder/crossgate.db\"", &["no/such/folder"]),
        ("[services.loans]", "[contracts.mine]\nfile = \"mine.yaml\"", &["mine.yaml"]),
    ] {
        let said = check(from, to);
        for word in words {
            assert!(said.contains(word), "{to}: `{word}` in: {said}");
        }
    }
}

#[test]
fn check_names_file_and_line_of_a_contract_that_does_not_hold_together() {
    let site = Site::standard();
    let contract = "openapi: 3.0.3\ninfo: {title: Mine, version: '1'}\npaths:\n  /a:\n    get:\n      operationId: a\n      \
                    responses:\n        '200':\n          $ref: '#/components/responses/Gone'\n";
    site.write("mine.yaml", contract);
    site.reconfigure(
        "[services.loans]",
        "[services.loans]\n[contracts.mine]\nfile = \"mine.yaml\"\nprefix = \"/mine\"",
    );
    let said = site.run(&["check", "--config", "crossgate.toml"]).failure();
    assert!(said.contains("mine.yaml:9") && said.contains("Gone"), "{said}");
}

#[tokio::test]
async fn a_contract_of_ones_own_is_served_validated_and_refused_without_a_worker() {
    let site = Site::with_loans();
    let contract = "openapi: 3.1.0\ninfo: {title: Mine, version: '1'}\npaths:\n  /orders/{id}:\n    get:\n      operationId: show\n      \
                    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]\n      \
                    responses: {'200': {description: The order.}}\n";
    site.write("mine.yaml", contract);
    site.reconfigure(
        "[services.loans]",
        "[services.loans]\n[contracts.mine]\nfile = \"mine.yaml\"\nprefix = \"/mine\"\nprocedures = \"orders.\"",
    );
    site.reconfigure("allow = [{ uri = \"loans.\", match = \"prefix\" }]", "allow = [{ uri = \"orders.show\" }]");
    let program = site.start().await;
    program.visitor("tls").get("/mine/orders/1").await.problem(401);
    signed_in(&program, Site::STRANGER).await.get("/mine/orders/1").await.problem(403);
    let lender = signed_in(&program, Site::LENDER).await;
    let answer = lender.get("/mine/orders/1").await;
    assert!(matches!(answer.status, 404 | 503), "{answer:?}");
    answer.problem(answer.status);
    program.stop().await;
}

#[test]
fn the_schema_of_the_configuration_describes_every_key() {
    let site = Site::new();
    let schema: Value = serde_json::from_str(&site.run(&["schema"]).success()).expect("JSON");
    let mut undescribed = Vec::new();
    described(&schema, "", &mut undescribed);
    assert!(undescribed.is_empty(), "say what these keys are for, in their doc comments: {undescribed:#?}");
    assert!(schema["properties"]["edge"].is_object(), "{schema}");
}

/// Collects the properties without a description.
fn described(schema: &Value, path: &str, undescribed: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            for (name, property) in fields.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if property.get("description").is_none() && property.get("$ref").is_none() {
                    undescribed.push(format!("{path}.{name}"));
                }
            }
            for (name, value) in fields {
                described(value, &format!("{path}/{name}"), undescribed);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| described(value, path, undescribed)),
        _ => {}
    }
}

#[tokio::test]
async fn an_edited_audit_log_is_found_out() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    for _ in 0..5 {
        assert_eq!(lender.get(BALANCE).await.text(), OWED);
    }
    program.stop().await;
    let head = super::balance::verified(&site);
    let exported = site.run(&["audit", "export", "--config", "crossgate.toml"]).success();
    site.write("export.jsonl", &exported);
    site.run(&["audit", "verify", "--exported", "export.jsonl"]).success();
    let lines: Vec<&str> = exported.lines().collect();
    assert!(lines.len() >= 6, "{exported}");

    let edited = exported.replacen("\"billing\"", "\"nobody!\"", 1);
    assert_ne!(edited, exported);
    let removed = [&lines[..2], &lines[3..]].concat().join("\n");
    let swapped = [&lines[..1], &[lines[2], lines[1]], &lines[3..]].concat().join("\n");
    for (what, text) in [("edited", edited), ("removed", removed), ("swapped", swapped)] {
        site.write("forged.jsonl", &text);
        let finished = site.run(&["audit", "verify", "--exported", "forged.jsonl"]);
        assert_eq!(finished.code, Some(1), "{what}: {finished:?}");
    }
    // Cutting the end off leaves a good chain: only a head kept elsewhere finds that out.
    let finished =
        site.run(&["audit", "verify", "--expect-head", &head.replace(|c| c != '0', "0"), "--config", "crossgate.toml"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
}

#[tokio::test]
async fn a_token_issued_on_the_command_line_calls_and_can_be_inspected() {
    let site = Site::with_loans();
    let issue = [
        "token",
        "issue",
        "--subject",
        "night-job",
        "--role",
        "lender",
        "--lifetime",
        "60",
        "--config",
        "crossgate.toml",
    ];
    let token = site.run(&issue).success();
    let program = site.start().await;
    assert_eq!(program.visitor("tls").with_token(token.trim()).get(BALANCE).await.text(), OWED);
    program.stop().await;

    let inspect =
        |token: &str| site.run_with_input(&["token", "inspect", "--json", "--config", "crossgate.toml"], token);
    let told: Value = serde_json::from_str(&inspect(&token).success()).expect("JSON");
    assert_eq!((told["valid"].as_bool(), told["caller"].as_str()), (Some(true), Some("night-job")), "{told}");
    let broken = format!("{}x", token.trim());
    let finished = inspect(&broken);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let told: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(told["valid"], false, "{told}");
}

#[tokio::test]
async fn a_user_added_on_the_command_line_signs_in_at_once() {
    let site = Site::with_loans();
    let program = site.start().await;
    let add = ["add", "user", "bob", "--role", "lender", "--config", "crossgate.toml"];
    site.run_with_input(&add, "a long enough password\n").success();
    let visitor = program.visitor("tls");
    let answer = visitor.post("/token", &json!({"user": "bob", "pw": "a long enough password"})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(visitor.with_token(&token).get(BALANCE).await.text(), OWED);
    let said = site.run_with_input(&add, "another long password\n").failure();
    assert!(said.contains("bob"), "{said}");
    program.stop().await;
}

#[test]
fn wrong_usage_is_told_from_failure_by_the_exit_code() {
    let site = Site::new();
    assert_eq!(site.run(&["no-such-command"]).code, Some(2));
    assert_eq!(site.run(&["up", "--no-such-flag"]).code, Some(2));
    let failed = site.run(&["check", "--config", "gone.toml"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains("gone.toml"), "{failed:?}");
    site.run(&["--help"]).success();
    site.run(&["--version"]).success();
}
