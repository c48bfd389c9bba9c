//! The command line: thin over `Connector`, for people and for scripts.
//!
//! Results go to stdout, everything else to stderr; `--json` makes both JSON. The exit code says what kind of trouble
//! it was. Listing and describing open no store and start no runtime.

mod actions;
mod args;
mod connect;
mod connections;
mod demo;
mod describe;
mod export;
mod logs;
mod place;
mod profiles;
mod redirect;
mod run;
mod sandbox;
mod screen;
mod signals;
mod store;
mod table;
#[cfg(feature = "otel")]
mod telemetry;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};

use crate::{
    Connector,
    protocol::{ActionError, Code},
};
use args::{Cli, Command, ConnectionsCommand, RunsCommand};
use place::Place;
use screen::Screen;

pub use demo::{Account, run as run_demo};
pub use describe::text as describe_text;

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let screen = Screen::new(cli.json);
    let logs = logs::Logs::start(cli.verbose);
    let outcome = dispatch(cli, screen);
    logs.end();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => screen.fail(&error),
    }
}

/// Help and version are no failures; a wrong command line is one, in the form that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|a| a == "--json") {
        let text = error.to_string();
        let first: Vec<_> = text.lines().take_while(|l| !l.is_empty()).map(str::trim).collect();
        let detail = first.join(" ").trim_start_matches("error: ").to_owned();
        return Screen::new(true).fail(&ActionError::new(Code::InvalidInput, detail));
    }
    let _ = error.print();
    ExitCode::from(2)
}

fn dispatch(cli: Cli, screen: Screen) -> Result<(), ActionError> {
    let place = Place::new(&cli);
    match cli.command {
        Command::Actions(args) => actions::list(&args, screen),
        Command::Describe { action } => describe::show(&action, screen),
        Command::Export { format, out } => export::write(format, &out, screen),
        Command::Docs { out } => export::docs(&out, screen),
        Command::Contract { command } => export::contract(&command, screen),
        Command::Catalog { command } => export::catalog(&command, screen),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ctct", &mut script);
            screen::print_line(String::from_utf8_lossy(&script).trim_end());
            Ok(())
        }
        command => block_on(Box::pin(asynchronous(command, &place, screen))),
    }
}

async fn asynchronous(command: Command, place: &Place, screen: Screen) -> Result<(), ActionError> {
    match command {
        Command::Demo(args) => demo::command(&args, screen).await,
        Command::Connect(args) => connect::connect(&args, place, screen).await,
        Command::Connections { command } => match command {
            ConnectionsCommand::List => connections::list(place, screen).await,
            ConnectionsCommand::Add(args) => connections::add(&args, place, screen).await,
            ConnectionsCommand::Check { name } => connections::check(name.as_deref(), place, screen).await,
            ConnectionsCommand::KeepAlive => connections::keep_alive(place, screen).await,
            ConnectionsCommand::Remove { name } => connections::remove(&name, place, screen).await,
        },
        Command::Profiles { command } => profiles::command(command, place, screen).await,
        Command::Run(args) => run::run(&args, place, screen).await,
        Command::Runs { command: Some(RunsCommand::Show { id }), .. } => run::show(&id, place, screen).await,
        Command::Runs { limit, command: None } => run::log(limit, place, screen).await,
        Command::Quota => connections::quota(place, screen).await,
        Command::Keys { command } => store::keys(command, place, screen).await,
        Command::Store { command } => store::command(command, place, screen).await,
        Command::Sandbox(args) => sandbox::serve(&args, screen).await,
        Command::Plugin => {
            let connector = place.connector().await?;
            let served = super::plugin::serve(&connector);
            let served = async { served.await.map_err(|e| ActionError::new(Code::Config, format!("stdio: {e}"))) };
            until_told(&connector, served).await
        }
        #[cfg(feature = "mcp")]
        Command::Mcp { connection, read_only, action } => {
            let connector = place.connector().await?;
            let options = super::mcp::McpOptions { connection, read_only, actions: action };
            until_told(&connector, Box::pin(super::mcp::serve(connector.clone(), options))).await
        }
        // Handled before a runtime was started.
        _ => Ok(()),
    }
}

/// Serves until the host has no more, or until the process is told to end: then a refresh that is under way is finished
/// first, because its token may have been used up already.
async fn until_told(
    connector: &Connector,
    served: impl Future<Output = Result<(), ActionError>>,
) -> Result<(), ActionError> {
    tokio::select! {
        served = served => served,
        () = signals::end()? => {
            connector.flush().await;
            Ok(())
        }
    }
}

/// One thread is enough for a command line, and starts fastest.
fn block_on<F: Future<Output = Result<(), ActionError>>>(work: F) -> Result<(), ActionError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| ActionError::new(Code::Internal, format!("no runtime: {e}")))?.block_on(work)
}
