//! `ctct connections` and `ctct quota`.

use secrecy::ExposeSecret;
use serde_json::{Map, json};

use super::{args::AddArgs, place::Place, screen::Screen, table};
use crate::{
    ActionRequest, Connector,
    auth::{Kept, KeptAlive, TokenSet, jwt},
    budget::{iso, store_error},
    config::{SecretSource, check_endpoint, v2_hint},
    protocol::{ActionError, Code},
    store::{Connection, Status, day_end_ms},
};

const NONE_YET: &str = "no connection yet; make one with ctct connect, or try ctct demo";

pub(super) async fn list(place: &Place, screen: Screen) -> Result<(), ActionError> {
    let all = place.connector().await?.store().connections().await.map_err(store_error)?;
    screen.show(&all, || {
        if all.is_empty() {
            return NONE_YET.to_owned();
        }
        let row = |c: &Connection| {
            let scopes = c.scopes.as_ref().map_or("unknown".to_owned(), |s| s.join(" "));
            let status = if c.reasons.is_empty() {
                status(c.status).to_owned()
            } else {
                format!("{}: {}", status(c.status), c.reasons.join("; "))
            };
            vec![c.id.clone(), c.account.clone().unwrap_or_else(|| "unknown".to_owned()), status, scopes]
        };
        table::rows(&["connection", "account", "status", "scopes"], all.iter().map(row))
    });
    Ok(())
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Expiring => "expiring",
        Status::ReconnectRequired => "reconnect required",
        Status::Revoked => "revoked",
    }
}

/// A secret on the command line would stay in the shell's history.
fn reference(text: &str, what: &str, flag: &str) -> Result<SecretSource, ActionError> {
    let source = SecretSource::parse(text);
    if source.reference().is_some() {
        return Ok(source);
    }
    let detail = format!(
        "{what} on the command line would stay in the shell's history: put it into a variable and write {flag} env:NAME"
    );
    Err(ActionError::new(Code::Config, detail))
}

pub(super) async fn add(args: &AddArgs, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let source = reference(&args.access_token, "a token", "--access-token")?;
    let token = source.resolve("the access token")?;
    if let Some(hint) = v2_hint(token.expose_secret()) {
        return Err(ActionError::new(Code::Config, hint));
    }
    if let Some(base) = &args.api_base {
        check_endpoint(base).map_err(|why| ActionError::new(Code::Config, why))?;
    }
    let api_key =
        args.api_key.as_deref().map(|k| reference(k, "an API key", "--api-key")?.resolve("the API key")).transpose()?;
    let connector = place.connector().await?;
    let now = connector.clock().now_ms();
    let claims = jwt::read(token.expose_secret());
    let expires_ms = claims.as_ref().and_then(|c| c.exp).map_or(now + 86_400_000, |s| s.saturating_mul(1_000));
    if expires_ms <= now {
        return Err(ActionError::new(
            Code::Config,
            format!("the token ended at {}; paste a newer one", iso(expires_ms)),
        ));
    }
    let before = connector.store().connection(&args.name).await.map_err(store_error)?;
    let scopes = claims.as_ref().and_then(|c| c.scp.clone());
    let connection = Connection {
        id: args.name.clone(),
        profile: None,
        account: claims.as_ref().and_then(|c| c.sub.clone()),
        scopes: scopes.clone(),
        status: Status::Expiring,
        reasons: vec!["a pasted token cannot be refreshed".to_owned()],
        ledger: claims.and_then(|c| c.cid).unwrap_or_else(|| format!("connection:{}", args.name)),
        api_base: args.api_base.clone(),
        partner: api_key.is_some(),
        per_second: args.per_second,
        per_day: args.per_day,
        generation: before.as_ref().map_or(now, |b| b.generation + 1),
        created_ms: before.as_ref().map_or(now, |b| b.created_ms),
    };
    if let Some((old, new)) =
        before.and_then(|b| b.account).zip(connection.account.clone()).filter(|(old, new)| old != new)
    {
        let detail =
            format!("connection {} belongs to the account {old}, and the token to {new}; use another name", args.name);
        return Err(ActionError::new(Code::Rejected, detail));
    }
    let api_key = api_key.map(|k| k.expose_secret().to_owned());
    let tokens = TokenSet { access_token: token, refresh_token: None, expires_ms, issued_ms: now, scopes, api_key };
    connector.keeper().adopt(&connection, &tokens).await?;
    screen.show(&connection, || {
        format!("Added {}; it works until its token ends, at the latest {}.", connection.id, iso(expires_ms))
    });
    Ok(())
}

/// Proves connections with the actions that the manifest names: the first needs no scope, so it tells a dead token
/// from a missing scope.
pub(super) async fn check(name: Option<&str>, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let connector = place.connector().await?;
    let names: Vec<String> = match name {
        Some(name) => vec![name.to_owned()],
        None => connector.store().connections().await.map_err(store_error)?.into_iter().map(|c| c.id).collect(),
    };
    let mut reports = Vec::new();
    let mut worst = None;
    for name in names {
        let (steps, failed) = prove(&connector, &name).await;
        worst = worst.or(failed);
        reports.push(json!({ "connection": name, "checks": steps }));
    }
    connector.flush().await;
    screen.show(&reports, || {
        let line = |r: &serde_json::Value, c: &serde_json::Value| {
            format!(
                "{}  {}  {}",
                r["connection"].as_str().unwrap_or_default(),
                c["action"].as_str().unwrap_or_default(),
                c["result"].as_str().unwrap_or_default()
            )
        };
        reports
            .iter()
            .flat_map(|r| r["checks"].as_array().into_iter().flatten().map(move |c| line(r, c)))
            .collect::<Vec<_>>()
            .join("\n")
    });
    worst.map_or(Ok(()), Err)
}

async fn prove(connector: &Connector, name: &str) -> (Vec<serde_json::Value>, Option<ActionError>) {
    let mut steps = Vec::new();
    let mut failed = None;
    let manifest = connector.catalog().manifest();
    let partner = matches!(connector.store().connection(name).await, Ok(Some(c)) if c.partner);
    for action in if partner { &manifest.check_partner } else { &manifest.check } {
        let result = connector.invoke(ActionRequest::new(action.clone(), Map::new()).on(name)).await;
        let words =
            result.as_ref().map_or_else(|e| format!("{}: {}", e.code.as_str(), e.detail), |_| "works".to_owned());
        steps.push(json!({ "action": action, "ok": result.is_ok(), "result": words }));
        // A scope that was not granted is a choice, not a fault of the connection.
        failed = failed.or(result.err().filter(|e| e.code != Code::ScopeMissing));
    }
    (steps, failed)
}

pub(super) async fn remove(name: &str, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let connector = place.connector().await?;
    if !connector.store().remove_connection(name).await.map_err(store_error)? {
        return Err(ActionError::new(Code::ConnectionUnknown, format!("there is no connection {name}")));
    }
    screen.show(&json!({ "removed": name }), || format!("Removed {name} and its tokens."));
    Ok(())
}

/// Meant for a timer: refreshes what has been idle for long, and fails if one of them could not be.
pub(super) async fn keep_alive(place: &Place, screen: Screen) -> Result<(), ActionError> {
    let connector = place.connector().await?;
    let kept_alive = connector.keeper().keep_alive().await;
    connector.flush().await;
    let reports = kept_alive?;
    screen.show(&reports, || {
        if reports.is_empty() {
            return NONE_YET.to_owned();
        }
        let row = |r: &KeptAlive| vec![r.connection.clone(), kept(r.outcome).to_owned(), r.detail.clone()];
        table::rows(&["connection", "outcome", "detail"], reports.iter().map(row))
    });
    reports.into_iter().find_map(|r| r.error).map_or(Ok(()), Err)
}

fn kept(outcome: Kept) -> &'static str {
    match outcome {
        Kept::Refreshed => "refreshed",
        Kept::Fresh => "fresh",
        Kept::Skipped => "skipped",
        Kept::Failed => "failed",
    }
}

pub(super) async fn quota(place: &Place, screen: Screen) -> Result<(), ActionError> {
    let connector = place.connector().await?;
    let now = connector.clock().now_ms();
    let mut connections = connector.store().connections().await.map_err(store_error)?;
    connections.sort_by(|a, b| a.ledger.cmp(&b.ledger));
    connections.dedup_by(|a, b| a.ledger == b.ledger);
    let mut rows = Vec::new();
    for connection in connections {
        let view = connector.store().ledger(&connection.ledger, now).await.map_err(store_error)?;
        let per_day = u64::from(per_day(&connector, &connection).await?);
        // A day without a limit has nothing left to count.
        let left = (per_day > 0).then(|| per_day.saturating_sub(view.used));
        rows.push(json!({
            "ledger": connection.ledger, "used": view.used, "left": left,
            "resets_at": iso(day_end_ms(now)), "by_priority": view.by_priority,
        }));
    }
    screen.show(&rows, || if rows.is_empty() { NONE_YET.to_owned() } else { table::value(&json!(rows)) });
    Ok(())
}

/// What a day holds for a connection: its own number, its profile's, or the service's usual one.
async fn per_day(connector: &Connector, connection: &Connection) -> Result<u32, ActionError> {
    let manifest = connector.catalog().manifest();
    match (connection.per_day, &connection.profile) {
        (Some(own), _) => Ok(own),
        (None, Some(profile)) => Ok(connector.profiles().get(profile).await?.limits(manifest).per_day),
        (None, None) => Ok(manifest.budget.per_day),
    }
}
