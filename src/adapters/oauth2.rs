//! Access tokens for servers that take no password: OAuth 2.0 (RFC 6749), by refresh token (§6) or, where an
//! administrator let the application itself in, by client credentials (§4.4).
//!
//! Only the token endpoint is spoken to. How a person grants the access, once and in a browser, is the provider's
//! affair; docs/oauth2.md tells how it is done with the usual ones.

use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::http_client::{Answer, HttpError, HttpUrl, Limits, Method, request};
use super::secret::Secret;
use super::tls::{ConnectError, Tls};

const LIMITS: Limits = Limits { time: Duration::from_secs(20), body: 64 * 1024 };
/// A token that runs out sooner than this is not used for a sign-in any more.
const MARGIN: Duration = Duration::from_secs(60);
/// Life of a token whose server does not say (`expires_in` is only recommended, RFC 6749 §5.1).
const UNSAID: Duration = Duration::from_secs(300);
/// No token is used longer than this, whatever its server says.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// How much of a server's words an operator is shown, in characters.
const WORDS: usize = 200;

/// Where tokens come from.
#[derive(Debug, Clone)]
pub struct Oauth2Settings {
    /// The token endpoint.
    pub token_url: HttpUrl,
    /// What the provider calls this application.
    pub client_id: String,
    /// Its secret; public clients have none.
    pub client_secret: Option<Secret>,
    /// The lasting permission; without it the application asks in its own name.
    pub refresh_token: Option<Secret>,
    /// Scopes, separated by spaces.
    pub scope: Option<String>,
}

/// A token, and whether it was asked for just now.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token itself.
    pub text: String,
    /// Not one that had been used before: a server that refuses it will refuse the next one too.
    pub fresh: bool,
}

/// Asks for tokens and keeps the current one.
pub struct Oauth2 {
    settings: Oauth2Settings,
    tls: Tls,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<(String, Instant)>,
    /// A refresh token that the provider gave in place of the configured one (RFC 6749 §6), where it could not
    /// be kept in its place.
    renewed: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    /// A number; some servers write it as text.
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

impl Granted {
    fn life(&self) -> Duration {
        let said =
            self.expires_in.as_ref().and_then(|said| said.as_u64().or_else(|| said.as_str()?.trim().parse().ok()));
        said.map_or(UNSAID, Duration::from_secs).min(LONGEST)
    }
}

/// No token was given.
struct Denied {
    error: ConnectError,
    /// The server knows the refresh token no more.
    grant_ended: bool,
}

impl From<ConnectError> for Denied {
    fn from(error: ConnectError) -> Self {
        Self { error, grant_ended: false }
    }
}

#[derive(Deserialize, Default)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Oauth2 {
    /// Nothing is asked yet. `tls` holds the authorities that are trusted.
    pub fn new(settings: Oauth2Settings, tls: Tls) -> Self {
        Self { settings, tls, held: Mutex::default() }
    }

    /// The current token, or a new one.
    ///
    /// # Errors
    /// [`ConnectError::Temporary`] when asking again may help, [`ConnectError::Setup`] when a person has to act.
    pub async fn token(&self) -> Result<AccessToken, ConnectError> {
        // Held while asking: two sign-ins at once must not spend one refresh token twice.
        let mut held = self.held.lock().await;
        if let Some((text, until)) = &held.token
            && Instant::now() < *until
        {
            return Ok(AccessToken { text: text.clone(), fresh: false });
        }
        let refresh_token = self.refresh_token(held.renewed.as_deref()).await?;
        let granted = match self.ask(refresh_token.as_deref()).await {
            Ok(granted) => granted,
            Err(denied) => {
                if denied.grant_ended {
                    // What a person put into its place since is tried next.
                    held.renewed = None;
                }
                return Err(denied.error);
            }
        };
        held.token = Some((granted.access_token.clone(), Instant::now() + granted.life().saturating_sub(MARGIN)));
        if let (Some(sent), Some(renewed)) = (refresh_token, granted.refresh_token)
            && renewed != sent
            && is_token(&renewed)
        {
            held.renewed = self.not_kept(renewed).await;
        }
        Ok(AccessToken { text: granted.access_token, fresh: true })
    }

    /// The mail server did not take this token: the next sign-in asks for another.
    pub async fn forget(&self, refused: &AccessToken) {
        let mut held = self.held.lock().await;
        if held.token.as_ref().is_some_and(|(text, _)| *text == refused.text) {
            held.token = None;
        }
    }

    async fn refresh_token(&self, renewed: Option<&str>) -> Result<Option<String>, ConnectError> {
        match (renewed, &self.settings.refresh_token) {
            (Some(token), _) => Ok(Some(token.to_owned())),
            (None, Some(place)) => place.resolve().await.map(Some),
            (None, None) => Ok(None),
        }
    }

    async fn ask(&self, refresh_token: Option<&str>) -> Result<Granted, Denied> {
        let body = self.form(refresh_token).await?;
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")];
        let url = &self.settings.token_url;
        let answer = request(&self.tls, Method::POST, url, &headers, body.into_bytes(), LIMITS).await;
        let answer = answer.map_err(|error| match error {
            HttpError::Temporary(words) => ConnectError::Temporary(words),
            HttpError::Permanent(words) => ConnectError::Setup(words),
        })?;
        self.read(&answer)
    }

    async fn form(&self, refresh_token: Option<&str>) -> Result<String, ConnectError> {
        let Oauth2Settings { client_id, client_secret, scope, .. } = &self.settings;
        let mut fields = vec![("client_id", client_id.clone())];
        if let Some(secret) = client_secret {
            fields.push(("client_secret", secret.resolve().await?));
        }
        let grant = if refresh_token.is_some() { "refresh_token" } else { "client_credentials" };
        fields.push(("grant_type", grant.to_owned()));
        fields.extend(refresh_token.map(|token| ("refresh_token", token.to_owned())));
        fields.extend(scope.clone().map(|scope| ("scope", scope)));
        Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    }

    fn read(&self, answer: &Answer) -> Result<Granted, Denied> {
        let host = self.settings.token_url.host();
        if !(200..300).contains(&answer.status) {
            return Err(self.refusal(answer));
        }
        let granted: Granted = serde_json::from_slice(&answer.body).map_err(|_| {
            ConnectError::Setup(format!("{host} answers without an access token: check `token_url` of oauth2"))
        })?;
        if !granted.token_type.eq_ignore_ascii_case("bearer") || !is_token(&granted.access_token) {
            return Err(ConnectError::Setup(format!("{host} gives a token that is no bearer token (RFC 6750)")).into());
        }
        Ok(granted)
    }

    /// RFC 6749 §5.2; `temporarily_unavailable` and `server_error` are of §4.1.2.1, and used here too.
    fn refusal(&self, answer: &Answer) -> Denied {
        let host = self.settings.token_url.host();
        let refused: Refused = serde_json::from_slice(&answer.body).unwrap_or_default();
        let passing = matches!(refused.error.as_str(), "temporarily_unavailable" | "server_error")
            || matches!(answer.status, 408 | 429 | 500..);
        let words = [refused.error.as_str(), refused.error_description.as_str()].join(" ");
        let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect();
        let text = format!("{host} gives no access token (status {}): {words}", answer.status);
        match (&self.settings.refresh_token, refused.error.as_str()) {
            _ if passing => ConnectError::Temporary(text).into(),
            (Some(place), "invalid_grant") => {
                let remedy = "the permission ran out or was withdrawn: grant it anew and replace the refresh token in";
                Denied { error: ConnectError::Setup(format!("{text}; {remedy} {place}")), grant_ended: true }
            }
            _ => {
                ConnectError::Setup(format!("{text}; check `client_id`, `client_secret` and `scope` of oauth2")).into()
            }
        }
    }

    /// A provider that turns refresh tokens over lets the old one run out: the new one goes into its place. What
    /// could not be kept is given back.
    async fn not_kept(&self, renewed: String) -> Option<String> {
        let place = self.settings.refresh_token.as_ref()?;
        let why = place.replace(&renewed).await.err()?;
        tracing::warn!(
            %why,
            "the provider renewed the refresh token and it could not be kept: after a restart the old one is used"
        );
        Some(renewed)
    }
}

/// Something that can be sent as a token: neither empty nor with spaces or control characters.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl std::fmt::Debug for Oauth2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oauth2").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken").field("fresh", &self.fresh).finish_non_exhaustive()
    }
}
