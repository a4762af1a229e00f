//! The signed webhook.

use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::document;
use crate::adapters::http_client::{Answer, HttpUrl, Limits, Method, request};
use crate::adapters::secret::Secret;
use crate::adapters::tls::Tls;
use crate::ports::{RefundNotice, Refunds, RefundsError};

/// What proves to the receiver that the notice is ours.
pub const SIGNATURE_HEADER: &str = "X-Guichet-Signature";

/// A receiver takes the notice at once and works later.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), body: 64 * 1024 };
/// How much of a refusal's words the operator is shown, in characters.
const WORDS: usize = 200;

/// Posts notices to one address.
#[derive(Debug)]
pub struct WebhookRefunds {
    url: HttpUrl,
    secret: Secret,
    tls: Tls,
    limits: Limits,
}

impl WebhookRefunds {
    /// Nothing is connected or read yet. `tls` holds the authorities that are trusted.
    pub fn new(url: HttpUrl, secret: Secret, tls: Tls) -> Self {
        Self { url, secret, tls, limits: LIMITS }
    }

    /// The same with another time limit than 10 s.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self { limits: Limits { time, ..self.limits }, ..self }
    }

    fn judge(&self, answer: &Answer) -> Result<(), RefundsError> {
        let host = self.url.host();
        let words: String = String::from_utf8_lossy(&answer.body).split_whitespace().collect::<Vec<_>>().join(" ");
        let words: String = words.chars().filter(|c| !c.is_control()).take(WORDS).collect();
        let said = if words.is_empty() { String::new() } else { format!(": {words}") };
        let status = answer.status;
        match status {
            200..=299 => Ok(()),
            300..=399 => Err(RefundsError::Permanent(format!(
                "{host} answers with a redirect ({status}), which is not followed: name the final address as url"
            ))),
            // Of the refusals these pass by themselves; 409 is a repetition that came while the first is worked on.
            408 | 409 | 425 | 429 | 500..=599 => {
                Err(RefundsError::Temporary(format!("{host} answered {status}{said}")))
            }
            _ => Err(RefundsError::Permanent(format!("{host} refused the notice with {status}{said}"))),
        }
    }
}

/// `t=<unix seconds>,v1=<hexadecimal HMAC-SHA-256 of "t.body">`.
pub fn signature(secret: &[u8], at: Timestamp, body: &[u8]) -> Option<String> {
    let time = at.as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("t={time},v1={digest}"))
}

#[async_trait]
impl Refunds for WebhookRefunds {
    async fn tell(&self, notice: &RefundNotice) -> Result<(), RefundsError> {
        // What is wrong on our side or on the way says nothing about this notice: it is worth repeating.
        let ours = |what: String| RefundsError::Temporary(what);
        let body = document(notice).map_err(|error| ours(format!("the notice cannot be written: {error}")))?;
        let secret = self.secret.resolve().await;
        let secret = secret.map_err(|error| ours(format!("the secret of [refunds] webhook is missing: {error}")))?;
        let signed = signature(secret.as_bytes(), Timestamp::now(), &body);
        let signed = signed.ok_or_else(|| ours("the notice cannot be signed".into()))?;
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", notice.idempotency_key.as_str()),
            (SIGNATURE_HEADER, signed.as_str()),
        ];
        match request(&self.tls, Method::POST, &self.url, &headers, body, self.limits).await {
            Ok(answer) => self.judge(&answer),
            Err(error) => Err(RefundsError::Temporary(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_another_implementation_computes() {
        // python3 -c 'import hmac; print(hmac.new(b"Jefe", b"0.what do ya want for nothing?", "sha256").hexdigest())'
        let signed = signature(b"Jefe", Timestamp::UNIX_EPOCH, b"what do ya want for nothing?").unwrap();
        assert_eq!(signed, "t=0,v1=37f471929915ccd2cbbe79feb84ffcff4f2bb25e15fc41c2506687331ae179cc");
    }
}
