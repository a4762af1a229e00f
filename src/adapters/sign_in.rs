//! How we prove to a mail server who we are.

use std::sync::Arc;

use super::oauth2::{AccessToken, Oauth2};
use super::secret::Secret;
use super::tls::ConnectError;

/// Where the proof comes from.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// A password.
    Password(Secret),
    /// An access token.
    Oauth2(Arc<Oauth2>),
}

/// What is shown to the server at one sign-in.
#[derive(Clone)]
pub enum Proof {
    /// A password.
    Password(String),
    /// A bearer token, sent by SASL XOAUTH2.
    Token(AccessToken),
}

impl SignIn {
    /// Reads the password, or gets a token.
    ///
    /// # Errors
    /// Naming the place, never the secret.
    pub async fn proof(&self) -> Result<Proof, ConnectError> {
        match self {
            Self::Password(secret) => secret.resolve().await.map(Proof::Password),
            Self::Oauth2(tokens) => tokens.token().await.map(Proof::Token),
        }
    }

    /// The server refused `proof`. True if another one may be taken: a token may be withdrawn before its time.
    pub async fn refused(&self, proof: &Proof) -> bool {
        match (self, proof) {
            (Self::Oauth2(tokens), Proof::Token(token)) => {
                tokens.forget(token).await;
                !token.fresh
            }
            _ => false,
        }
    }
}

impl From<Secret> for SignIn {
    fn from(secret: Secret) -> Self {
        Self::Password(secret)
    }
}
