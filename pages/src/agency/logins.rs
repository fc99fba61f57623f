//! Clerks who are logged in: in memory alone, bounded, for one working day.
//!
//! The browser holds 32 random bytes in a cookie that no script and no other site can use; here stands only their hash,
//! with the hash of the tenant's key. A key that is replaced ends all log-ins that it made.

use crate::{
    Lang, base64url,
    limits::{CLERK_WAIT, CLERKS_MAX, CLERKS_OF_ONE_MAX},
};
use std::{collections::BTreeMap, time::Instant};
use sync_protocol::documents::TenantKey;

/// Name of the cookie.
const COOKIE: &str = "dayshift_clerk";

/// One log-in.
#[derive(Debug, Clone)]
pub struct Login {
    pub key_hash: blake3::Hash,
    /// Signs what the clerk posts and changes.
    pub key: TenantKey,
    pub lang: Lang,
    since: Instant,
    used: Instant,
}

/// All log-ins of this server.
#[derive(Debug, Default)]
pub struct Clerks(BTreeMap<[u8; 32], Login>);

/// The random text of a cookie, as its owner sent it.
#[derive(Debug, Clone)]
pub struct Token(String);

impl Token {
    /// Reads the cookie out of a `Cookie` header.
    pub fn read(header: &str) -> Option<Self> {
        let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.into_iter().find(|(name, _)| *name == COOKIE).map(|(_, value)| Self(value.to_owned()))
    }

    fn new() -> Result<Self, getrandom::Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        Ok(Self(base64url(&random)))
    }

    /// Found by its hash: how long a look-up takes tells nothing of the text.
    fn place(&self) -> [u8; 32] {
        *blake3::hash(self.0.as_bytes()).as_bytes()
    }

    /// What every form of this log-in carries.
    pub fn form_token(&self) -> String {
        let key = blake3::derive_key("dayshift clerk form v1", self.0.as_bytes());
        base64url(&key[..16])
    }

    /// Whether a form carried it; takes the same time wherever the two differ.
    pub fn is_form_token(&self, sent: &str) -> bool {
        blake3::hash(sent.as_bytes()) == blake3::hash(self.form_token().as_bytes())
    }

    /// The `Set-Cookie` of a log-in; one that came by HTTPS is never sent without it.
    pub fn cookie(&self, is_secure: bool) -> String {
        let (seconds, secure) = (CLERK_WAIT.as_secs(), if is_secure { "; Secure" } else { "" });
        format!("{COOKIE}={}; Path=/agency; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}", self.0)
    }

    /// The `Set-Cookie` that ends one.
    pub fn no_cookie() -> String {
        format!("{COOKIE}=; Path=/agency; Max-Age=0; HttpOnly; SameSite=Strict")
    }
}

impl Clerks {
    /// Begins a log-in; where there are too many, the one used longest ago ends.
    pub fn begin(&mut self, api_key: &str, lang: Lang, now: Instant) -> Result<Token, getrandom::Error> {
        self.0.retain(|_, login| now.duration_since(login.since) < CLERK_WAIT);
        let token = Token::new()?;
        let (key_hash, key) = (blake3::hash(api_key.as_bytes()), TenantKey::of_api_key(api_key));
        // One tenant's log-ins end its own.
        if self.0.values().filter(|login| login.key_hash == key_hash).count() >= CLERKS_OF_ONE_MAX {
            self.end_oldest(|login| login.key_hash == key_hash);
        } else if self.0.len() >= CLERKS_MAX {
            self.end_oldest(|_| true);
        }
        self.0.insert(token.place(), Login { key_hash, key, lang, since: now, used: now });
        Ok(token)
    }

    fn end_oldest(&mut self, is_meant: impl Fn(&Login) -> bool) {
        let meant = self.0.iter().filter(|(_, login)| is_meant(login));
        if let Some(oldest) = meant.min_by_key(|(_, login)| login.used).map(|(place, _)| *place) {
            self.0.remove(&oldest);
        }
    }

    /// The log-in behind a cookie, unless it is over.
    pub fn find(&mut self, token: &Token, now: Instant) -> Option<Login> {
        let login = self.0.get_mut(&token.place())?;
        if now.duration_since(login.since) >= CLERK_WAIT {
            self.0.remove(&token.place());
            return None;
        }
        login.used = now;
        Some(login.clone())
    }

    /// Keeps the language that a clerk chose.
    pub fn speak(&mut self, token: &Token, lang: Lang) {
        if let Some(login) = self.0.get_mut(&token.place()) {
            login.lang = lang;
        }
    }

    pub fn end(&mut self, token: &Token) {
        self.0.remove(&token.place());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_by_its_cookie_until_its_day_is_over() {
        let (mut clerks, now) = (Clerks::default(), Instant::now());
        let key = "key";
        let token = clerks.begin(key, Lang::ZH, now).unwrap();
        let cookie = token.cookie(false);
        assert!(!cookie.contains("Secure") && token.cookie(true).ends_with("; Secure"));
        let sent = cookie.split(';').next().unwrap();
        let again = Token::read(&format!("a=b; {sent}; c=d")).unwrap();
        assert_eq!(clerks.find(&again, now).unwrap().key_hash, blake3::hash(key.as_bytes()));
        assert!(
            again.is_form_token(&token.form_token())
                && !again.is_form_token("")
                && !again.is_form_token(sent)
        );
        clerks.speak(&token, Lang::EN);
        assert_eq!(clerks.find(&again, now).unwrap().lang, Lang::EN);
        assert!(clerks.find(&Token::read("dayshift_clerk=guessed").unwrap(), now).is_none());
        assert!(clerks.find(&again, now + CLERK_WAIT).is_none(), "twelve hours are over");
        let token = clerks.begin(key, Lang::ZH, now).unwrap();
        clerks.end(&token);
        assert!(clerks.find(&token, now).is_none(), "logged out");
    }

    #[test]
    fn too_many_logins_end_the_one_used_longest_ago() {
        let (mut clerks, now) = (Clerks::default(), Instant::now());
        let first = clerks.begin("key", Lang::ZH, now).unwrap();
        let second = clerks.begin("key", Lang::ZH, now).unwrap();
        let later = now + std::time::Duration::from_secs(1);
        clerks.find(&first, later).unwrap();
        for n in 2..=CLERKS_MAX {
            clerks.begin(&format!("key {n}"), Lang::ZH, later).unwrap();
        }
        assert_eq!(clerks.0.len(), CLERKS_MAX);
        assert!(clerks.find(&second, later).is_none() && clerks.find(&first, later).is_some());
    }

    #[test]
    fn many_logins_of_one_tenant_end_nobody_elses() {
        let (mut clerks, now) = (Clerks::default(), Instant::now());
        let other = clerks.begin("other", Lang::ZH, now).unwrap();
        for _ in 0..2 * CLERKS_MAX {
            clerks.begin("key", Lang::ZH, now + std::time::Duration::from_secs(1)).unwrap();
        }
        assert_eq!(clerks.0.len(), 1 + CLERKS_OF_ONE_MAX);
        assert!(clerks.find(&other, now).is_some());
    }
}
