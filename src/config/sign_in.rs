//! `password` or `oauth2` of a server account.

use std::sync::Arc;

use toml::Spanned;

use super::file;
use super::load::{Checked, Checker};
use crate::adapters::http_client::HttpUrl;
use crate::adapters::oauth2::{Oauth2, Oauth2Settings};
use crate::adapters::sign_in::SignIn;
use crate::adapters::tls::Tls;

impl Checker<'_> {
    /// None when neither is written.
    pub(super) fn sign_in(
        &self,
        password: Option<&Spanned<file::Password>>,
        oauth2: Option<&Spanned<file::Oauth2>>,
    ) -> Checked<Option<SignIn>> {
        match (password, oauth2) {
            (None, None) => Ok(None),
            (Some(password), None) => Ok(Some(SignIn::Password(self.secret("password", password)?))),
            (None, Some(written)) => Ok(Some(SignIn::Oauth2(Arc::new(self.oauth2(written)?)))),
            (Some(_), Some(written)) => {
                Err(self.wrong(written, "an account signs in by `password` or by `oauth2`, not by both"))
            }
        }
    }

    fn oauth2(&self, written: &Spanned<file::Oauth2>) -> Checked<Oauth2> {
        let oauth2 = written.get_ref();
        let token_url = HttpUrl::parse(oauth2.token_url.get_ref())
            .map_err(|error| self.wrong(&oauth2.token_url, format!("`oauth2.token_url`: {error}")))?;
        let secret = |key, place: &Option<Spanned<file::Password>>| {
            place.as_ref().map(|place| self.secret(key, place)).transpose()
        };
        let client_secret = secret("client_secret", &oauth2.client_secret)?;
        let refresh_token = secret("refresh_token", &oauth2.refresh_token)?;
        if client_secret.is_none() && refresh_token.is_none() {
            return Err(
                self.wrong(written, "`oauth2` needs `refresh_token`, or `client_secret` for the application itself")
            );
        }
        let settings = Oauth2Settings {
            token_url,
            client_id: oauth2.client_id.clone(),
            client_secret,
            refresh_token,
            scope: oauth2.scope.clone(),
        };
        Ok(Oauth2::new(settings, Tls::new(oauth2.ca_file.clone())))
    }
}
