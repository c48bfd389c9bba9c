//! What may stand on the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::sandbox::Clock;

/// Constant Contact from the command line, from any host, and without an account.
#[derive(Debug, Parser)]
#[command(name = "ctct", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Begin with: ctct demo\nExit codes: 0 done, 1 local trouble, 2 input or usage, 3 scope, privilege or switched off, \
4 reconnect, 5 throttle, quota or queue, 6 refused by the service, 7 unreachable or 5xx, 8 outcome unknown"
)]
pub(super) struct Cli {
    /// Write JSON to stdout and stderr
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Folder of the store and its key
    #[arg(long, global = true, env = "CTCT_HOME", value_name = "FOLDER")]
    pub(super) data_dir: Option<PathBuf>,
    /// TOML file with profiles
    #[arg(long, global = true, env = "CTCT_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[arg(long, global = true, env = "CTCT_KEY", value_name = "REFERENCE")]
    #[arg(help = "Where the store's key is: env:NAME, file:PATH or keyring:NAME (64 hexadecimal digits)")]
    pub(super) key: Option<String>,
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "ADDRESS")]
    #[arg(
        help = "PostgreSQL database to keep the store in: postgres://USER:PASSWORD@HOST/NAME, or where that is kept: env:NAME, file:PATH"
    )]
    pub(super) database: Option<String>,
    /// PEM file of certificates to trust besides the system's
    #[arg(long, global = true, env = "CTCT_CA_FILE", value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// Log to stderr: runs; twice: each attempt; three times: spans
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the whole job against the built-in sandbox: no account, no network
    Demo(DemoArgs),
    /// Let a person consent, and keep the connection
    Connect(ConnectArgs),
    /// Connections: list, add, check, keep alive, remove
    Connections {
        #[command(subcommand)]
        command: ConnectionsCommand,
    },
    /// Profiles: the credentials and choices of an application
    Profiles {
        #[command(subcommand)]
        command: ProfilesCommand,
    },
    /// List the actions
    Actions(ActionsArgs),
    /// Show one action: what it does, takes and gives
    Describe {
        /// Name of the action
        action: String,
    },
    /// Run one action
    Run(RunArgs),
    /// Show the newest runs, or all that is known of one
    #[command(args_conflicts_with_subcommands = true)]
    Runs {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(subcommand)]
        command: Option<RunsCommand>,
    },
    /// Show what the API keys have spent today
    Quota,
    /// Serve a stand-in for the service on loopback; prints one JSON line when it is ready
    Sandbox(SandboxArgs),
    /// Serve a host in another process: JSON-RPC 2.0 on stdin and stdout
    Plugin,
    /// Serve the Model Context Protocol on stdin and stdout
    #[cfg(feature = "mcp")]
    Mcp {
        /// Connection to use where a call names none
        #[arg(long)]
        connection: Option<String>,
        /// Offer only actions that change nothing
        #[arg(long)]
        read_only: bool,
        /// Offer only this action (may be repeated)
        #[arg(long)]
        action: Vec<String>,
    },
    /// Write documents for designers
    Export {
        /// Which
        format: ExportFormat,
        /// Folder to write to
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Write the reference: one Markdown page a resource
    Docs {
        /// Folder to write to
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Compare with the vendor's contract
    Contract {
        #[command(subcommand)]
        command: ContractCommand,
    },
    /// Check a catalogue while working on it
    Catalog {
        #[command(subcommand)]
        command: CatalogCommand,
    },
    /// The key that the store is sealed with
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// The store as a whole: back it up, bring it back, copy it elsewhere
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Print completions for a shell
    Completions {
        /// Which
        shell: clap_complete::Shell,
    },
}

/// `ctct runs …`.
#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// Show all that the log knows of one run, its input redacted
    Show {
        /// Id of the run
        id: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// People to bring in; the built-in 250 when left out
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ConnectArgs {
    /// Name of the connection, new or to be connected again
    pub(super) name: String,
    /// Profile of the application; may be left out where there is exactly one
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// Paste the address that the browser ends at, instead of listening for it
    #[arg(long)]
    pub(super) paste: bool,
    /// Print the address only
    #[arg(long)]
    pub(super) no_browser: bool,
    /// Make the service ask for the password anew
    #[arg(long)]
    pub(super) login: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConnectionsCommand {
    /// List the connections
    List,
    /// Make a connection from a pasted token
    Add(AddArgs),
    /// Prove a connection, or all, with calls that change nothing
    Check {
        /// Name; all when left out
        name: Option<String>,
    },
    /// Refresh the connections that have long been idle, so that none dies unused; meant for a timer
    KeepAlive,
    /// Forget a connection and its tokens
    Remove {
        /// Name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Name
    pub(super) name: String,
    #[arg(long, value_name = "REFERENCE", help = "The token: env:NAME, file:PATH or keyring:NAME")]
    pub(super) access_token: String,
    /// A technology partner's API key, which makes the token a partner's
    #[arg(long, value_name = "REFERENCE")]
    pub(super) api_key: Option<String>,
    /// Another base of the API, on this machine only
    #[arg(long, value_name = "URL")]
    pub(super) api_base: Option<String>,
    /// Calls in any one second; 0 for no limit
    #[arg(long, value_name = "N")]
    pub(super) per_second: Option<u32>,
    /// Calls in a day; 0 for no limit
    #[arg(long, value_name = "N")]
    pub(super) per_day: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum ProfilesCommand {
    /// Add a profile, or write it anew
    Add(Box<ProfileArgs>),
    /// List the profiles
    List,
    /// Show one, without its secrets
    Show {
        /// Name
        name: String,
    },
    /// Remove one
    Remove {
        /// Name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct ProfileArgs {
    /// Name
    pub(super) name: String,
    /// The application's API key
    #[arg(long)]
    pub(super) client_id: String,
    #[arg(long, value_name = "REFERENCE", help = "The application's secret: env:NAME, file:PATH or keyring:NAME")]
    pub(super) client_secret: Option<String>,
    /// How consent becomes tokens; by the presence of a secret when left out
    #[arg(long)]
    pub(super) flow: Option<FlowArg>,
    /// Where the browser comes back to
    #[arg(long, value_name = "URL")]
    pub(super) redirect_uri: Option<String>,
    /// Scope to ask for (may be repeated); all when left out
    #[arg(long)]
    pub(super) scope: Vec<String>,
    /// Action to switch on (may be repeated); all when left out
    #[arg(long)]
    pub(super) action: Vec<String>,
    /// Another base of the API, on this machine only
    #[arg(long, value_name = "URL")]
    pub(super) api_base: Option<String>,
    /// Another authorize page, on this machine only
    #[arg(long, value_name = "URL")]
    pub(super) authorize_url: Option<String>,
    /// Another token endpoint, on this machine only
    #[arg(long, value_name = "URL")]
    pub(super) token_url: Option<String>,
    /// Another place where a device asks for a code, on this machine only
    #[arg(long, value_name = "URL")]
    pub(super) device_url: Option<String>,
    /// Calls in any one second
    #[arg(long, value_name = "N")]
    pub(super) per_second: Option<u32>,
    /// Calls in a day
    #[arg(long, value_name = "N")]
    pub(super) per_day: Option<u32>,
    /// A technology partner's client id
    #[arg(long)]
    pub(super) partner_client_id: Option<String>,
    #[arg(long, value_name = "REFERENCE", requires = "partner_client_id")]
    #[arg(help = "A technology partner's secret: env:NAME, file:PATH or keyring:NAME")]
    pub(super) partner_client_secret: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FlowArg {
    /// With the application's secret
    #[value(name = "authorization_code")]
    Code,
    /// Without a secret
    #[value(name = "authorization_code_pkce")]
    Pkce,
    /// A code typed into a page on another device; without a secret
    #[value(name = "device")]
    Device,
    /// Refused: no refresh token comes with it
    #[value(name = "implicit", hide = true)]
    Implicit,
}

#[derive(Debug, Args)]
pub(super) struct ActionsArgs {
    /// Words that name or title must hold
    pub(super) text: Vec<String>,
    /// Only this resource
    #[arg(long)]
    pub(super) resource: Option<String>,
    /// Only actions that need this scope
    #[arg(long)]
    pub(super) scope: Option<String>,
    /// Only this effect: read, create, update, replace, delete or send
    #[arg(long)]
    pub(super) effect: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Name of the action
    pub(super) action: String,
    /// Connection; may be left out where there is exactly one
    #[arg(long, short)]
    pub(super) connection: Option<String>,
    /// Input: JSON, @FILE, or - for stdin
    #[arg(long, short, default_value = "{}")]
    pub(super) input: String,
    /// How to print the result
    #[arg(long, default_value = "json")]
    pub(super) output: OutputArg,
    /// Write the output to a file
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// All pages of a listing, one JSON item a line
    #[arg(long, conflicts_with = "output")]
    pub(super) all: bool,
    /// With --all: stop after so many items
    #[arg(long, value_name = "N")]
    pub(super) max: Option<u64>,
    /// Go on where an earlier page ended
    #[arg(long)]
    pub(super) cursor: Option<String>,
    /// Keep only these parts of the output (JSON Pointer, * for every entry; may be repeated)
    #[arg(long, value_name = "POINTER")]
    pub(super) select: Vec<String>,
    /// Show the call instead of making it
    #[arg(long)]
    pub(super) dry_run: bool,
    /// The same key and input give the first result again, for a day
    #[arg(long, value_name = "KEY")]
    pub(super) idempotency_key: Option<String>,
    /// Seconds it may take, waiting included
    #[arg(long, value_name = "SECONDS")]
    pub(super) timeout: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputArg {
    /// The whole result
    Json,
    /// For people
    Table,
}

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Address on this machine; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
    /// What stands in each account at the start
    #[arg(long, default_value = "empty")]
    pub(super) seed: SeedArg,
    /// Accounts at the start
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) accounts: u16,
    /// Where chance begins: the same number and the same calls give the same ids and tokens
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(super) random_seed: u64,
    /// File of accounts, tokens and clock: gone on from if it exists, written every ten seconds and at the end
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    #[arg(long, value_name = "CLOCK", default_value = "real", value_parser = super::sandbox::clock)]
    #[arg(help = "real, fixed, fixed:2026-01-15T09:00:00Z, or accelerated:60 for so many times as fast; \
a fixed clock stands until POST /_sandbox/clock moves it, and goes best with --limits off")]
    pub(super) clock: Clock,
    #[arg(long, value_name = "FILE")]
    #[arg(help = "JSON file of faults that stand from the start, as POST /_sandbox/faults takes them")]
    pub(super) faults: Option<PathBuf>,
    /// Rate limits and quota, and one call a second at the token endpoint: on or off
    #[arg(long, default_value = "on")]
    pub(super) limits: OnOff,
    /// Calls of an API key in any one second
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) per_second: u32,
    /// Calls of an API key in a UTC day
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) per_day: u32,
    /// Role of the signed-in user
    #[arg(long, default_value = "owner")]
    pub(super) role: RoleArg,
    /// Seconds an access token lives; those of the implicit flow and of partners have lives of their own
    #[arg(long, default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) token_ttl: u32,
    /// What a refresh does to the refresh token
    #[arg(long, default_value = "rotating")]
    pub(super) refresh: RefreshArg,
    /// What the reuse of a replaced refresh token does
    #[arg(long, default_value = "error_only")]
    pub(super) reuse: ReuseArg,
    /// Seconds for which a replaced refresh token is still taken
    #[arg(long, default_value_t = 0)]
    pub(super) grace: u32,
    /// Milliseconds until a change of contacts is seen by calls that list them
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(super) read_lag_ms: u32,
    /// Ask new addresses to confirm before they can be mailed: on or off
    #[arg(long, default_value = "off")]
    pub(super) confirmed_opt_in: OnOff,
    /// Recipients open, click, bounce and leave: on or off
    #[arg(long, default_value = "on")]
    pub(super) engagement: OnOff,
    /// What a segment in unknown grammar does
    #[arg(long, default_value = "match_nobody")]
    pub(super) unknown_segments: UnknownSegmentsArg,
    /// Redirect address to register besides the usual ones (may be repeated)
    #[arg(long, value_name = "URL")]
    pub(super) redirect_uri: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SeedArg {
    /// An owner, a confirmed sender and a postal address
    #[value(name = "empty")]
    Empty,
    /// A small business with about 2,000 contacts and 15 campaigns
    #[value(name = "demo")]
    Demo,
    /// 100,000 contacts and 15 campaigns
    #[value(name = "large")]
    Large,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleArg {
    /// May do everything
    #[value(name = "owner")]
    Owner,
    /// May do all but change the account's own details
    #[value(name = "manager")]
    Manager,
    /// May write campaigns, and see lists
    #[value(name = "campaign_creator")]
    CampaignCreator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum UnknownSegmentsArg {
    /// It is accepted and finds nobody
    #[value(name = "match_nobody")]
    MatchNobody,
    /// It is refused with 400
    #[value(name = "refuse")]
    Refuse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnOff {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RefreshArg {
    /// Replaced at each use
    #[value(name = "rotating")]
    Rotating,
    /// Always the same
    #[value(name = "long_lived")]
    LongLived,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReuseArg {
    /// It is refused
    #[value(name = "error_only")]
    ErrorOnly,
    /// It is refused, and all refresh tokens of that consent end
    #[value(name = "revoke_family")]
    RevokeFamily,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ExportFormat {
    /// Self-contained JSON Schema 2020-12 per action
    JsonSchema,
    /// `OpenAPI` 3.1 of the service, as the catalogue knows it
    Openapi,
}

#[derive(Debug, Subcommand)]
pub(super) enum ContractCommand {
    /// Compare the catalogue with a contract file of the vendor (Swagger 2.0, YAML or JSON)
    Diff {
        /// The file
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CatalogCommand {
    /// Check the catalogue below a folder: references, wiring, words, examples
    Check {
        /// Project folder with connector/, actions/ and schemas/
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Replace the key; finishes a replacement that broke off
    Rotate {
        #[arg(long, value_name = "REFERENCE")]
        #[arg(help = "Where the new key is: env:NAME, file:PATH or keyring:NAME; a new key file when left out")]
        new_key: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Write everything to one file; secrets stay sealed
    Backup {
        /// The file
        file: PathBuf,
        /// Put the key into the file too: whoever can read it can then use every connection
        #[arg(long)]
        with_key: bool,
    },
    /// Bring a backup back, into an empty store
    Restore {
        /// The file
        file: PathBuf,
    },
    /// Copy everything to an empty store elsewhere
    Copy {
        #[arg(long, value_name = "FOLDER|ADDRESS")]
        #[arg(
            help = "A folder, postgres://USER:PASSWORD@HOST/NAME, or where that address is kept: env:NAME, file:PATH"
        )]
        to: String,
    },
}
