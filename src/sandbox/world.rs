//! The whole of the stand-in: its accounts, applications and tokens, its limits, faults and journal.

use std::{io, sync::Arc};

use super::{
    account::Account,
    call::Call,
    env::{Env, Options},
    faults::Faults,
    journal::Journal,
    limits::Limits,
    oauth::Authority,
    partner::Partner,
    resources::{self, partner_billing},
    seed,
    snapshot::{self, State, StateFile, Unsaved},
};

/// Everything behind the one lock.
pub(super) struct World {
    pub env: Env,
    pub accounts: Vec<Account>,
    pub authority: Authority,
    pub limits: Limits,
    pub faults: Faults,
    pub journal: Journal,
    pub partner: Partner,
    /// Counts what may have changed something. It may count too much, never too little.
    pub changes: u64,
    /// Where the state is kept, if it is.
    file: Option<Arc<StateFile>>,
}

impl World {
    /// A world with its accounts and applications, ready to use.
    pub(super) fn new(options: Options) -> Self {
        let mut env = Env::new(options);
        let accounts = (0..env.options.accounts.max(1)).map(|nth| seed::account(&mut env, nth)).collect();
        let authority = Authority::new(&mut env);
        Self::of(env, accounts, authority, Partner::default())
    }

    /// A world that goes on from a kept state.
    pub(super) fn restored(options: Options, state: State) -> Self {
        let mut env = Env::new(options);
        env.resume(state.position);
        let mut authority = state.authority;
        authority.register(&env.options.redirect_uris);
        Self::of(env, state.accounts, authority, state.partner)
    }

    fn of(env: Env, accounts: Vec<Account>, authority: Authority, partner: Partner) -> Self {
        let faults = Faults::new(env.options.random);
        let file = env.options.state.clone().map(|path| Arc::new(StateFile::new(path)));
        Self {
            env,
            accounts,
            authority,
            limits: Limits::default(),
            faults,
            journal: Journal::default(),
            partner,
            changes: 0,
            file,
        }
    }

    /// Goes on from a kept state. Faults, journal and quotas stay as they are: they belong to the server, not to it.
    pub(super) fn go_on_from(&mut self, state: State) {
        self.env.resume(state.position);
        self.accounts = state.accounts;
        self.authority = state.authority;
        self.partner = state.partner;
    }

    /// Lets happen in all accounts what has come due, bills too: they go by who is there when the clock moves, and not
    /// by what is called next. What takes no chance need not be kept: it would come about in the same way again.
    pub(super) fn tick(&mut self) {
        let (_, before) = self.env.position();
        for account in &mut self.accounts {
            resources::tick(account, &mut self.env);
        }
        partner_billing::advance(self);
        self.changes += u64::from(self.env.position().1 != before);
    }

    /// Notes an answered call.
    pub(super) fn note(&mut self, call: &Call, status: u16) {
        self.changes += 1;
        let known = !call.caller.client_id.is_empty();
        let login = self.accounts.get(call.caller.account).filter(|_| known).map(|a| a.login.as_str());
        self.journal.add(self.env.now(), call, status, login);
    }

    /// The state for its file, if there is one and something may have changed since the last time. To write it takes
    /// no lock on the world.
    pub(super) fn unsaved(&self) -> io::Result<Option<Unsaved>> {
        let Some(file) = self.file.as_ref().filter(|file| file.lacks(self.changes)) else { return Ok(None) };
        let document = snapshot::json(self)?;
        Ok(Some(Unsaved { file: Arc::clone(file), changes: self.changes, document }))
    }
}
