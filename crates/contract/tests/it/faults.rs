//! Mistakes in documents: each is found, with its line, and all of them at once.

use crossgate_contract::{Contract, Options};

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n";

fn faults(text: &str) -> Vec<String> {
    match Contract::parse("c.yaml", text, Options::default()) {
        Ok(_) => panic!("was accepted: {text}"),
        Err(faults) => faults.iter().map(|fault| format!("{} {}", fault.line, fault.message)).collect(),
    }
}

/// Paths from line 4 on.
fn in_paths(text: &str) -> Vec<String> {
    faults(&format!("{HEAD}paths:\n{text}"))
}

/// An operation's insides from line 6 on, and schemas after them.
fn in_operation(text: &str) -> Vec<String> {
    in_paths(&format!("  /a/{{id}}:\n    get:\n{text}\n      responses: {{'200': {{description: fine}}}}\n"))
}

const ID: &str = "      parameters:\n        - {name: id, in: path, required: true, schema: {type: string}}\n";

#[test]
fn the_documents_frame_is_checked() {
    for (text, expected) in [
        ("", "1 `openapi` is required, such as `openapi: 3.0.3`"),
        ("a: 1", "1 `openapi` is required, such as `openapi: 3.0.3`"),
        ("[]", "1 `openapi` is required, such as `openapi: 3.0.3`"),
        ("openapi: 3.0", "1 `openapi` must be quoted text such as \"3.0.3\""),
        ("openapi: 3.2.0", "1 `openapi` must be 3.0.x or 3.1.x, not 3.2.0"),
        ("openapi: 3.0.x", "1 `openapi` must be 3.0.x or 3.1.x, not 3.0.x"),
        ("a: 1\nswagger: '2.0'", "2 Swagger 2.0 is not read; convert the document to OpenAPI 3"),
        ("openapi: 3.0.3\npaths: {}", "1 `info` is required, with `title` and `version`"),
        ("openapi: 3.0.3\ninfo: {title: T}\npaths: {}", "2 `info.version` is required"),
        (
            "openapi: 3.0.3\ninfo:\n  title: T\n  version: 1.0\npaths: {}",
            "4 `info.version` must be text; put it in quotes",
        ),
        ("openapi: 3.0.3\ninfo: {title: T, version: '1'}", "1 `paths` is required"),
        ("openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: []", "3 `paths` must be an object"),
        (
            "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {}\ncomponent: {}",
            "4 `component` is not a known field of the document; did you mean `components`?",
        ),
    ] {
        assert_eq!(faults(text), [expected], "{text}");
    }
    assert!(
        Contract::parse("c.yaml", "openapi: 3.1.0\ninfo: {title: T, version: '1'}\nwebhooks: {}", Options::default())
            .is_ok()
    );
}

#[test]
fn paths_and_operations_are_checked() {
    for (text, expected) in [
        ("  a: {}", "4 path `a` must begin with `/`"),
        ("  /a/{b: {}", "4 path `/a/{b` opens a brace and does not close it"),
        ("  /a/{b}{c}: {}", "4 path `/a/{b}{c}` needs text between two parameters of one segment"),
        ("  /a:\n    gett: {}", "5 `gett` is not a known field of a path; did you mean `get`?"),
        ("  /a:\n    get: 5", "5 an operation must be an object"),
        ("  /a: 5", "4 path `/a` must be an object"),
        ("  /a/{x}: {}\n  /a/{y}: {}", "5 path `/a/{y}` has the same shape as `/a/{x}`"),
        ("  /a:\n    get: {}", "5 `responses` is required"),
        ("  /a:\n    get:\n      responses: {}", "6 `responses` must describe at least one status"),
        (
            "  /a:\n    get:\n      responses: {ok: {description: x}}",
            "6 `ok` must be a status such as 200 or 4XX, or `default`",
        ),
        ("  /a:\n    get:\n      responses:\n        200: {}", "7 a response needs a `description`"),
        (
            "  /a:\n    get:\n      responses:\n        200: {description: x, contents: {}}",
            "7 `contents` is not a known field of a response; did you mean `content`?",
        ),
        (
            "  /a:\n    get:\n      responses:\n        200: {description: x, content: {json: {}}}",
            "7 `json` is not a media type",
        ),
        (
            "  /a:\n    get:\n      responses:\n        200: {description: x, headers: {'a b': {}}}",
            "7 `a b` is not a header name",
        ),
        (
            "  /a:\n    get:\n      operationId: x\n      responses: &r {200: {description: x}}\n    put:\n      operationId: x\n      responses: *r",
            "8 operationId `x` is used already in line 5",
        ),
        (
            "  /a:\n    get:\n      operationId: 5\n      responses: {200: {description: x}}",
            "6 `operationId` must be text; put it in quotes",
        ),
        (
            "  /{x}a:\n    get:\n      parameters: &p [{name: x, in: path, required: true, schema: {}}]\n      responses: &r {200: {description: x}}\n  /a{x}:\n    get:\n      parameters: *p\n      responses: *r",
            "9 path `/a{x}` is ambiguous: `a{…}` and `{…}a` could match the same text",
        ),
        (
            "  /a:\n    get:\n      x-crossgate-body-bytes-max: many\n      responses: {200: {description: x}}",
            "6 `x-crossgate-body-bytes-max` must be a number of bytes",
        ),
        (
            "  /a:\n    get:\n      x-crossgate-strict-query: 1\n      responses: {200: {description: x}}",
            "6 `x-crossgate-strict-query` must be true or false",
        ),
    ] {
        assert_eq!(in_paths(text), [expected], "{text}");
    }
}

#[test]
fn parameters_are_checked() {
    for (text, expected) in [
        (
            "        - {name: x, in: qery, schema: {}}",
            "8 `in` must be path, query, header or cookie; did you mean `query`?",
        ),
        ("        - {in: query, schema: {}}", "8 a parameter needs `name` and `in`"),
        ("        - 5", "8 a parameter must be an object"),
        ("        - {name: x, in: query}", "8 needs a `schema` or `content`"),
        ("        - {name: x, in: query, schema: {}, content: {}}", "8 has both `schema` and `content`; keep one"),
        ("        - {name: x, in: query, content: {}}", "8 `content` of a parameter must have exactly one media type"),
        (
            "        - {name: x, in: query, content: {application/xml: {}}}",
            "8 `content` of a parameter must be JSON or text",
        ),
        (
            "        - name: x\n          in: query\n          style: matrix\n          schema: {}",
            "10 `style: matrix` is not for a parameter in query; use form, spaceDelimited, pipeDelimited, deepObject",
        ),
        (
            "        - {name: x, in: header, style: form, schema: {}}",
            "8 `style: form` is not for a parameter in header; use simple",
        ),
        (
            "        - {name: x, in: query, style: fancy, schema: {}}",
            "8 `style: fancy` is not for a parameter in query; use form, spaceDelimited, pipeDelimited, deepObject",
        ),
        (
            "        - {name: x, in: query, style: deepObject, schema: {type: string}}",
            "8 `style: deepObject` needs an object",
        ),
        (
            "        - {name: x, in: query, style: pipeDelimited, schema: {type: integer}}",
            "8 `style: pipeDelimited` needs an array or an object",
        ),
        (
            "        - {name: x, in: query, style: spaceDelimited, explode: true, schema: {type: object}}",
            "8 `style: spaceDelimited` needs `explode: false` for an object",
        ),
        ("        - {name: x, in: query, explode: 1, schema: {}}", "8 `explode` must be true or false"),
        (
            "        - {name: x, in: query, requird: true, schema: {}}",
            "8 `requird` is not a known field of a parameter; did you mean `required`?",
        ),
        (
            "        - {name: x, in: query, schema: {}}\n        - {name: x, in: query, schema: {}}",
            "9 parameter `x` in query is described twice here",
        ),
        (
            "        - {name: X-A, in: header, schema: {}}\n        - {name: x-a, in: header, schema: {}}",
            "9 parameter `x-a` in header is described twice here",
        ),
        (
            "        - {name: x, in: query, schema: {}}\n        - {name: x, in: cookie, schema: {}}",
            "5 `x` is a parameter in query and in cookie; rename one of them",
        ),
        (
            "        - {name: y, in: path, required: true, schema: {}}",
            "8 path `/a/{id}` has no `{y}` for this parameter",
        ),
        ("        - {name: 'a b', in: header, schema: {}}", "8 `a b` is not a header name"),
        (
            "        - {name: x, in: header, allowEmptyValue: true, schema: {}}",
            "8 `allowEmptyValue` is for query parameters only",
        ),
        (
            "        - {name: x, in: query, schema: {type: integer, default: a}}",
            "8 the default does not fit its own schema",
        ),
        (
            "        - $ref: '#/components/parameters/None'",
            "8 `#/components/parameters/None` points to nothing in this file",
        ),
        (
            "        - $ref: 'other.yaml#/a'",
            "8 `other.yaml#/a` points out of this file; only references within it (`#/…`) are followed, so copy the target in",
        ),
    ] {
        assert_eq!(in_operation(&format!("{ID}{text}")), [expected], "{text}");
    }
    assert_eq!(in_operation("      summary: x"), ["5 path `/a/{id}` has `{id}` and no path parameter describes it"]);
    assert_eq!(
        in_operation("      parameters: [{name: id, in: path, schema: {}}]"),
        ["6 path parameter `id` must say `required: true`"]
    );
}

#[test]
fn bodies_are_checked() {
    for (text, expected) in [
        ("{}", "8 a request body needs `content`"),
        ("{content: {}}", "8 `content` must have a media type"),
        ("{content: {json: {}}}", "8 `json` is not a media type"),
        (
            "{content: {application/xml: {schema: {type: object}}}}",
            "8 none of these media types can be read: only JSON, forms, text, and bytes without an object schema",
        ),
        (
            "{content: {application/json: {schema: {type: object, properties: {id: {}}}}}}",
            "5 `id` is a parameter in path and a field of the body; rename one of them",
        ),
        (
            "{content: {application/json: {shema: {}}}}",
            "8 `shema` is not a known field of a media type; did you mean `schema`?",
        ),
        (
            "{requred: true, content: {application/json: {}}}",
            "8 `requred` is not a known field of a request body; did you mean `required`?",
        ),
        (
            "{content: {multipart/form-data: {schema: {type: object}, encoding: {x: {}}}}}",
            "8 `x` is not a property of the form's schema",
        ),
        (
            "{content: {application/json: {schema: {type: object, properties: {x: {type: integer, default: a}}}}}}",
            "8 the default does not fit its own schema",
        ),
        (
            "{$ref: '#/components/requestBodies/None'}",
            "8 `#/components/requestBodies/None` points to nothing in this file",
        ),
    ] {
        let expected: Vec<&str> = expected.split('|').collect();
        assert_eq!(in_operation(&format!("{ID}      requestBody: {text}")), expected, "{text}");
    }
    let named = "      parameters:\n        - {name: id, in: path, required: true, schema: {}}\n        - {name: body, in: query, schema: {}}\n      requestBody: {content: {text/plain: {schema: {type: string}}}}";
    let message = "5 the body may be something else than an object and is then called `body`, as is a parameter; rename the parameter";
    assert_eq!(in_operation(named), [message]);
}

#[test]
fn schemas_are_checked_where_they_stand() {
    for (text, expected) in [
        ("{type: strng}", "8 `type` "),
        ("{minimum: x}", "8 `minimum` must be a number"),
        ("{type: array, items: 5}", "8 a schema must be an object"),
        ("{items: true}", "8 a schema must be an object"),
        ("{allOf: {}}", "8 `allOf` must be a list of schemas"),
        ("{allOf: []}", "8 `allOf` must have at least 1 item"),
        ("{properties: []}", "8 `properties` must be an object of schemas"),
        ("{required: x}", "8 `required` must be an array"),
        ("{requird: [x]}", "8 `requird` is not a known keyword; did you mean `required`?"),
        ("{pattern: '(?=x)'}", "8 a pattern must be an ECMA-262 expression without look-around and back-references"),
        (
            "{patternProperties: {'(': {}}}",
            "8 a pattern must be an ECMA-262 expression without look-around and back-references",
        ),
        ("{pattern: '['}", "8 a pattern must be an ECMA-262 expression without look-around and back-references"),
        ("{type: [string, 'null']}", "8 `type` must be one type in OpenAPI 3.0; say `nullable: true` for null"),
        ("{nullable: x}", "8 `nullable` must be true or false"),
        ("{$ref: '#/components/schemas/None'}", "8 `#/components/schemas/None` points to nothing in this file"),
        (
            "{$ref: 'https://example.com/x.json'}",
            "8 `https://example.com/x.json` points out of this file; only references within it (`#/…`) are followed, so copy the target in",
        ),
        (
            "{$ref: '#anchor'}",
            "8 `#anchor` must be a JSON Pointer such as `#/components/schemas/Name`; anchors are not followed",
        ),
        ("{$ref: 5}", "8 `$ref` must be text"),
        ("{$id: 'x'}", "8 `$id` is not supported; refer to schemas with `$ref: '#/…'`"),
        (
            "{oneOf: [{type: object}], discriminator: {propertyName: x}}",
            "8 `oneOf` beside a discriminator must list `$ref`s only",
        ),
        ("{oneOf: [], discriminator: {}}", "8 `discriminator` needs a `propertyName`"),
        ("{discriminator: {propertyName: x, mapping: {a: None}}}", "8 `a` points to nothing in this file"),
        ("5", "8 a schema must be an object"),
    ] {
        let text = format!("{ID}        - {{name: x, in: query, schema: {text}}}");
        let found = in_operation(&text);
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{text} gave {found:?}");
    }
    let unused = format!(
        "{HEAD}paths: {{}}\ncomponents:\n  schemas:\n    A:\n      type: object\n      properties:\n        b:\n          minLength: -1\n    B:\n      $ref: '#/x'\n"
    );
    assert_eq!(faults(&unused), ["10 `minLength` must be at least 0", "12 `#/x` points to nothing in this file"]);
}

#[test]
fn a_reference_that_is_never_used_is_checked_too() {
    let text = format!(
        "{HEAD}paths: {{}}\ncomponents:\n  parameters:\n    P:\n      $ref: x.yaml\n  examples:\n    example: {{$ref: 'y.yaml'}}\n  responses:\n    R: {{description: d, content: {{application/json: {{example: {{$ref: data}}}}}}}}\n"
    );
    let found = faults(&text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("7 `x.yaml`") && found[1].starts_with("9 `y.yaml`"), "{found:?}");
}

#[test]
fn references_that_go_round_are_refused() {
    let text = format!(
        "{HEAD}paths:\n  /a:\n    get:\n      parameters: [{{$ref: '#/components/parameters/A'}}]\n      responses: {{'200': {{description: x}}}}\ncomponents:\n  parameters:\n    A: {{$ref: '#/components/parameters/B'}}\n    B: {{$ref: '#/components/parameters/A'}}\n"
    );
    assert_eq!(faults(&text), ["6 refers on and on: more than 16 references in a row"]);
}

#[test]
fn schemas_that_only_refer_to_each_other_do_no_harm() {
    let text = format!(
        "{HEAD}paths:\n  /a:\n    get:\n      parameters: [{{name: x, in: query, schema: {{$ref: '#/components/schemas/A'}}}}]\n      responses: {{'200': {{description: x}}}}\ncomponents:\n  schemas:\n    A: {{$ref: '#/components/schemas/B'}}\n    B: {{allOf: [{{$ref: '#/components/schemas/A'}}]}}\n"
    );
    // Whether it is accepted is a matter of taste; that it ends is not.
    if let Ok(contract) = Contract::parse("c.yaml", &text, Options::default()) {
        let headers = http::HeaderMap::new();
        let path = crossgate_contract::PathParams::default();
        let request = crossgate_contract::Request { path: &path, query: Some("x=1"), headers: &headers, body: b"" };
        assert!(contract.operations()[0].bind(request).is_ok());
    }
}

#[test]
fn all_faults_are_told_in_the_order_of_their_lines() {
    let text = format!(
        "{HEAD}paths:\n  /a:\n    get:\n      parameters:\n        - {{name: x, in: body, schema: {{}}}}\n      responses:\n        '200':\n          description: x\n          content:\n            application/json:\n              schema: {{$ref: '#/nope'}}\n  b: {{}}\n"
    );
    let found = Contract::parse("dir/c.yaml", &text, Options::default()).unwrap_err();
    let lines: Vec<u32> = found.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [7, 13, 14]);
    let told = found.to_string();
    assert!(told.starts_with("dir/c.yaml:7:"), "{told}");
    assert_eq!(told.lines().count(), 3);
}

#[test]
fn a_json_document_has_lines_too() {
    let text = "{\n  \"openapi\": \"3.0.3\",\n  \"info\": {\"title\": \"T\", \"version\": \"1\"},\n  \"paths\": {\n    \"/a\": {\n      \"get\": {\n        \"responses\": {\"200\": {\"$ref\": \"#/x\"}}\n      }\n    }\n  }\n}";
    let found = Contract::parse("c.json", text, Options::default()).unwrap_err();
    assert!(found.iter().all(|fault| fault.line == 7), "{found}");
}
