//! The whole of the stand-in: its accounts, applications and tokens, its limits, faults and journal.

use super::{
    account::Account,
    call::Call,
    env::{Env, Options},
    faults::Faults,
    journal::Journal,
    limits::Limits,
    oauth::Authority,
    partner::Partner,
    seed,
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
}

impl World {
    /// A world with its accounts and applications, ready to use.
    pub(super) fn new(options: Options) -> Self {
        let mut env = Env::new(options);
        let accounts = (0..env.options.accounts.max(1)).map(|nth| seed::account(&mut env, nth)).collect();
        let authority = Authority::new(&mut env);
        Self {
            env,
            accounts,
            authority,
            limits: Limits::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            partner: Partner::default(),
        }
    }

    /// Notes an answered call.
    pub(super) fn note(&mut self, call: &Call, status: u16) {
        let known = !call.caller.client_id.is_empty();
        let login = self.accounts.get(call.caller.account).filter(|_| known).map(|a| a.login.as_str());
        self.journal.add(self.env.now(), call, status, login);
    }
}
