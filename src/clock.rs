//! Time, sleep and randomness, brought in from outside so that no test waits and no test guesses.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

/// Where time, sleep and randomness come from.
#[async_trait]
pub trait Clock: Send + Sync + Debug {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, duration: Duration);
    /// Fills a buffer with random bytes fit for keys.
    fn random(&self, bytes: &mut [u8]);

    /// Now, in milliseconds since 1970.
    fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }
}

/// The machine's own.
#[derive(Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn random(&self, bytes: &mut [u8]) {
        // Fails only where the operating system has no randomness at all; nothing safe can be done there.
        SystemRandom::new().fill(bytes).expect("the operating system gives random bytes");
    }
}

/// `n` random bytes as URL-safe text, for states and verifiers.
pub fn random_text(clock: &dyn Clock, n: usize) -> String {
    let mut bytes = vec![0; n];
    clock.random(&mut bytes);
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}
