//! `ctct sandbox`: the stand-in as a process of its own.

use super::{
    args::{OnOff, RefreshArg, ReuseArg, SandboxArgs},
    screen::{Screen, print_line},
};
use crate::{
    protocol::{ActionError, Code},
    sandbox::{Options, Reuse, Sandbox},
};

pub(super) async fn serve(args: &SandboxArgs, screen: Screen) -> Result<(), ActionError> {
    let options = Options {
        random: args.seed,
        limits: args.limits == OnOff::On,
        token_ttl: i64::from(args.token_ttl),
        rotating: args.refresh == RefreshArg::Rotating,
        reuse: if args.reuse == ReuseArg::ErrorOnly { Reuse::ErrorOnly } else { Reuse::RevokeFamily },
        grace: i64::from(args.grace),
        redirect_uris: args.redirect_uri.clone(),
        ..Options::default()
    };
    let sandbox = Sandbox::listen(args.listen, options).await.map_err(|e| {
        let remedy = if e.kind() == std::io::ErrorKind::AddrInUse {
            "; name another port with --listen, or 127.0.0.1:0 for a free one"
        } else {
            ""
        };
        ActionError::new(Code::Config, format!("cannot listen on {}: {e}{remedy}", args.listen))
    })?;
    print_line(&serde_json::to_string(sandbox.ready()).unwrap_or_default());
    tokio::select! {
        () = sandbox.wait() => {}
        _ = tokio::signal::ctrl_c() => screen.tell("stopped"),
    }
    Ok(())
}
