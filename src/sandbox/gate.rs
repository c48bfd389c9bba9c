//! The gateway in front of the resource services: route, token, quota, scope, privilege, in that order.

use super::{
    call::{Answer, Call, Reply},
    resources::{self, ROUTES, Route, privileges},
    world::World,
};

/// Answers a call below `/v3`.
pub(super) fn answer(world: &mut World, mut call: Call) -> (Call, Reply) {
    let reply = admit(world, &mut call).unwrap_or_else(|refusal| refusal);
    (call, reply)
}

fn admit(world: &mut World, call: &mut Call) -> Answer {
    let path = call.path.strip_prefix("/v3").unwrap_or(&call.path).to_owned();
    let (route, allowed) = find(&call.method, &path);
    if route.is_none() && !allowed {
        return Err(Reply::json(403, &serde_json::json!({ "message": "Forbidden" })));
    }
    let now = world.env.now();
    let token = call.header("authorization").and_then(|h| h.strip_prefix("Bearer ")).unwrap_or_default().trim();
    call.caller = world.authority.caller(token, now).ok_or_else(unauthorized)?;
    world.limits.call(&call.caller.client_id, &world.env.options, now)?;
    let Some((route, params)) = route else {
        return Err(Reply::errors(
            405,
            "method.not_allowed",
            "The requested resource does not support the method used.",
        ));
    };
    call.params = params;
    scope(route, &call.caller.scopes)?;
    privilege(route, world)?;
    let account = world.accounts.get_mut(call.caller.account).ok_or_else(unauthorized)?;
    resources::tick(account, &mut world.env);
    (route.handler)(account, &mut world.env, call)
}

type Params = Vec<(&'static str, String)>;

/// The route of a call, and whether the path at least exists under another method.
fn find(method: &str, path: &str) -> (Option<(&'static Route, Params)>, bool) {
    let mut exists = false;
    for route in ROUTES {
        if let Some(params) = matches(route.path, path) {
            if route.method == method {
                return (Some((route, params)), true);
            }
            exists = true;
        }
    }
    (None, exists)
}

fn matches(template: &'static str, path: &str) -> Option<Params> {
    let mut params = Vec::new();
    let (mut theirs, mut ours) = (path.split('/'), template.split('/'));
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return Some(params),
            (Some(name), Some(value)) => match name.strip_prefix('{').and_then(|n| n.strip_suffix('}')) {
                Some(name) if !value.is_empty() => {
                    params.push((name, percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()));
                }
                _ if name == value => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// The exact answer of the real gateway, headers included.
pub(super) fn unauthorized() -> Reply {
    Reply::gateway(401, "unauthorized", "Unauthorized")
        .with("www-authenticate", "Bearer realm=api.cc.email")
        .with("x-amzn-errortype", "UnauthorizedException")
}

/// The wording for a missing scope is a guess: the service publishes none.
fn scope(route: &Route, granted: &[String]) -> Result<(), Reply> {
    if route.scopes.is_empty() || route.scopes.iter().any(|s| granted.iter().any(|g| g == s)) {
        return Ok(());
    }
    Err(Reply::gateway(403, "access_denied", "Request forbidden due to insufficient scope."))
}

fn privilege(route: &Route, world: &World) -> Result<(), Reply> {
    let Some(needed) = route.privilege else { return Ok(()) };
    if privileges::of(world.env.options.role).iter().any(|(_, name)| *name == needed) {
        return Ok(());
    }
    Err(Reply::gateway(403, "access_denied", "Request forbidden due to insufficient user privileges."))
}
