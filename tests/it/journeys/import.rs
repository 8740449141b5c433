//! `crossgate loans import`: all of a file, or nothing of it.

use crossgate_tests::Site;

/// Imports the two files.
fn import(site: &Site, loans: &str, events: &str) -> crossgate_tests::Finished {
    site.write("loans.csv", loans);
    site.write("events.csv", events);
    site.run(&["loans", "import", "--loans", "loans.csv", "--events", "events.csv", "--config", "crossgate.toml"])
}

fn balance(site: &Site, loan: &str, day: &str) -> crossgate_tests::Finished {
    site.run(&["loans", "balance", loan, day, "--config", "crossgate.toml"])
}

#[test]
fn files_are_read_with_and_without_a_header_and_whatever_ends_their_lines() {
    let plain = ("1,2019-12-17,362.00\n", "1,payment,2020-01-05,62.00\n");
    let crlf = ("1,2019-12-17,362.00\r\n", "1,payment,2020-01-05,62.00\r\n");
    let header = (
        "loan_id,start_date,initial_amt\n1,2019-12-17,362.00\n",
        "loan_id,type,post_date,amt\n1,payment,2020-01-05,62.00\n",
    );
    let no_newline = ("1,2019-12-17,362.00", "1,payment,2020-01-05,62.00");
    for (loans, events) in [plain, crlf, header, no_newline] {
        let site = Site::standard();
        import(&site, loans, events).success();
        let said = balance(&site, "1", "2020-10-31").success();
        assert!(said.contains("300.00"), "{loans:?}: {said}");
    }
}

#[test]
fn a_bad_row_is_named_by_file_and_line_and_nothing_is_imported() {
    let good_loans = "1,2019-12-17,362.00\n2,2019-12-07,483.00\n";
    let good_events = "1,payment,2020-01-05,62.00\n";
    for (loans, events, places) in [
        ("1,2019-12-17,362.00\n2,2019-02-30,1.00\n", good_events, &["loans.csv", "2"][..]),
        ("1,2019-12-17,362.00\n1,2019-12-17,362.00\n", good_events, &["loans.csv", "2"]),
        ("1,2019-12-17,12.345\n", good_events, &["loans.csv", "1"]),
        ("1,2019-12-17\n", good_events, &["loans.csv", "1"]),
        (good_loans, "1,payment,2020-01-05,62.00\n1,gift,2020-01-06,1.00\n", &["events.csv", "2", "gift"]),
        (good_loans, "9,payment,2020-01-05,62.00\n", &["events.csv", "1", "9"]),
        (good_loans, "1,payment,2019-01-05,62.00\n", &["events.csv", "1"]),
        (good_loans, "1,payment,2020-01-05,NaN\n1,payment,2020-01-05,-3\n", &["events.csv", "1", "2"]),
    ] {
        let site = Site::standard();
        let said = import(&site, loans, events).failure();
        for place in places {
            assert!(said.contains(place), "{place} in: {said}");
        }
        balance(&site, "1", "2020-10-31").failure();
    }
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_said_so() {
    let site = Site::standard();
    let said = site
        .run(&["loans", "import", "--loans", "gone.csv", "--events", "gone.csv", "--config", "crossgate.toml"])
        .failure();
    assert!(said.contains("gone.csv"), "{said}");
}

#[test]
fn the_command_line_answers_as_the_api_does() {
    let site = Site::with_loans();
    assert!(balance(&site, "1", "2020-10-31").success().contains("423.00"));
    let said = balance(&site, "99", "2020-10-31").failure();
    assert!(said.contains("99"), "{said}");
    let said = balance(&site, "1", "2020-02-30").failure();
    assert!(said.contains("2020-02-30"), "{said}");
    // Without arguments it asks; answering with the return key takes the defaults: loan 1 on 2020-10-31.
    let said = site.run_with_input(&["loans", "balance", "--config", "crossgate.toml"], "\n\n").success();
    assert!(said.contains("423.00"), "{said}");
}
