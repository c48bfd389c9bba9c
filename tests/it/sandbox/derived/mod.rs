//! The sandbox held to the contract: requests are derived from `tests/contract/v3.json`, not written by hand.
//!
//! Every operation gets a smallest and a whole valid request, and must answer each with a documented success of the
//! documented shape. Then every rule of the contract is broken once, and must be refused in the shape of the service's
//! errors. A strict reader of the contract sees all valid requests too, so that the derivation is itself judged.
//! Failures are collected: one run shows them all.

mod book;
mod breaks;
mod client;
mod excuses;
mod found;
mod mutations;
mod request;
mod stage;
mod things;
mod values;

use std::collections::BTreeSet;

use serde_json::Value;

use book::{Book, key};
use client::Client;
use excuses::{ANSWERS, Excuses, REQUESTS, RULES};
use request::Request;
use stage::Stage;

use crate::strict::Strict;

/// How many operations the contract has: one that is lost on the way would not be missed otherwise.
const OPERATIONS: usize = 128;

#[tokio::test]
async fn every_operation_answers_its_valid_requests_in_the_documented_shape() {
    let (book, mut stage, mut report) = (Book::open(), Stage::set().await, Report::with(Excuses::of(ANSWERS)));
    assert_eq!(book.operations().len(), OPERATIONS);
    assert_eq!(book.idle_cases(), Vec::<&String>::new(), "cases of operations that the contract does not have");
    for operation in book.operations() {
        for draft in book.drafts(operation) {
            match stage.request(operation, &draft).await {
                Ok(request) => {
                    let answer = request.send(&mut stage.client).await;
                    for complaint in book.complaints(operation, &answer) {
                        report.note(operation, &complaint, &request.told());
                    }
                }
                Err(why) => report.note(operation, &format!("could not be prepared: {why}"), ""),
            }
        }
    }
    report.close();
}

#[tokio::test]
async fn the_valid_requests_keep_the_contract_themselves() {
    let excuses = REQUESTS.iter().map(|(operation, part)| ((*operation).to_owned(), (*part).to_owned()));
    let strict = Strict::start_with(excuses.collect()).await;
    let mut reader = Client::of(&strict.base).await;
    let (book, mut stage) = (Book::open(), Stage::set().await);
    for operation in book.operations() {
        for request in valid(&book, &mut stage, operation).await.unwrap_or_default() {
            request.send(&mut reader).await;
        }
    }
    let complaints: BTreeSet<String> = strict.complaints().into_iter().collect();
    assert_eq!(complaints, BTreeSet::new());
    assert_eq!(strict.unused_excuses(), []);
}

#[tokio::test]
async fn every_rule_of_the_contract_broken_once_is_refused_in_the_documented_shape() {
    let (book, mut stage, mut report) = (Book::open(), Stage::set().await, Report::with(Excuses::of(RULES)));
    for operation in book.operations() {
        let requests = match valid(&book, &mut stage, operation).await {
            Ok(requests) => requests,
            Err(why) => {
                report.note(operation, &format!("could not be prepared: {why}"), "");
                continue;
            }
        };
        let (mutations, unsent) = mutations::all(&book, operation, &requests, stage.wrong_token(operation));
        for name in unsent {
            report.note(operation, &format!("no request has {name}"), "");
        }
        for mutation in mutations {
            let answer = mutation.request.send(&mut stage.client).await;
            if let Some(objection) = mutations::objection(&answer, mutation.due) {
                report.note(operation, &format!("{}: {objection}", mutation.what), &mutation.request.told());
            }
        }
    }
    report.close();
}

/// The valid requests of an operation, the smallest first.
async fn valid(book: &Book, stage: &mut Stage, operation: &Value) -> Result<Vec<Request>, String> {
    let mut requests = Vec::new();
    for draft in book.drafts(operation) {
        requests.push(stage.request(operation, &draft).await?);
    }
    Ok(requests)
}

/// Failures, but for those that are excused.
struct Report {
    excuses: Excuses,
    /// What failed; the same in each of many rows counts once.
    seen: BTreeSet<String>,
    failures: Vec<String>,
}

impl Report {
    fn with(excuses: Excuses) -> Self {
        Self { excuses, seen: BTreeSet::new(), failures: Vec::new() }
    }

    /// Notes what came of a request, unless that is excused or known.
    fn note(&mut self, operation: &Value, what: &str, sent: &str) {
        let line = format!("{}: {}", key(operation), unnumbered(what));
        if !self.excuses.cover(&line) && self.seen.insert(line.clone()) {
            let sent = if sent.is_empty() { String::new() } else { format!("\n    sent {sent}") };
            self.failures.push(format!("{line}{sent}"));
        }
    }

    fn close(mut self) {
        self.failures.extend(self.excuses.unused());
        assert!(self.failures.is_empty(), "{} failures:\n{}", self.failures.len(), self.failures.join("\n"));
    }
}

/// A complaint without the places in lists: `rows[3].id` becomes `rows[].id`.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push('[');
        plain.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    plain
}
