//! What went wrong with a request. The page for it is written by [`super::guard::dress`], which
//! knows the reader's language.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::daemon::review::ReviewError;
use crate::ports::ReviewersError;

/// A refused or failed request.
#[derive(Debug, Clone)]
pub(super) enum Fail {
    /// Sign in first; `next` is where to go then, `text` what the form held.
    SignIn { next: Option<String>, text: Option<String> },
    /// Refused: key of the phrase that says why.
    Refused(StatusCode, &'static str),
    /// The step was refused for a reason that the case page does not show in place.
    Review(ReviewError),
    /// Our fault or the machine's; the text goes to the log, not to the page.
    Broken(String),
}

impl Fail {
    pub const NOT_FOUND: Self = Self::Refused(StatusCode::NOT_FOUND, "error.not_found");

    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignIn { text: None, .. } => StatusCode::SEE_OTHER,
            Self::SignIn { text: Some(_), .. } => StatusCode::UNAUTHORIZED,
            Self::Refused(status, _) => *status,
            Self::Review(error) => match error {
                ReviewError::Missing(_) => StatusCode::NOT_FOUND,
                ReviewError::Store(crate::ports::store::StoreError::Illegal(_)) => StatusCode::CONFLICT,
                ReviewError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::CONFLICT,
            },
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<ReviewError> for Fail {
    fn from(error: ReviewError) -> Self {
        Self::Review(error)
    }
}

impl From<ReviewersError> for Fail {
    fn from(error: ReviewersError) -> Self {
        Self::Broken(error.0)
    }
}

impl From<minijinja::Error> for Fail {
    fn from(error: minijinja::Error) -> Self {
        Self::Broken(format!("{error:#}"))
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
