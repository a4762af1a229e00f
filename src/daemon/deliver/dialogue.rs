//! One attempt's talk with the mailer, mark by mark.

use tokio_util::sync::CancellationToken;

use super::Deliver;
use crate::daemon::heartbeat::Heartbeat;
use crate::domain::{Email, OutgoingMail};
use crate::failpoint;
use crate::ports::store::{Lease, StoreError};
use crate::ports::{MailerError, MailerProblem, MailerSession};

/// The connection kept between mails, and what was learned about the server.
#[derive(Default)]
pub(super) struct Line {
    session: Option<Box<dyn MailerSession>>,
    null_sender_refused: bool,
}

/// Why a mail did not leave.
pub(super) enum Failure {
    /// No connection could be made: it is not about this mail.
    Connect(MailerError),
    /// The server's answer to this mail, or the link broke.
    Mail(MailerError),
    /// The mark could not be stored; nothing of the body was sent.
    Store(StoreError),
    /// The daemon stops; nothing of the body was sent.
    Stopped,
}

/// What a dialogue needs besides the line.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) deliver: &'a Deliver,
    pub(super) lease: &'a Lease,
    pub(super) stop: &'a CancellationToken,
    pub(super) heartbeat: &'a Heartbeat,
}

impl Line {
    /// Sends one claimed mail; returns the server's answer to the final dot. After any failure the
    /// connection is gone.
    pub(super) async fn send(&mut self, around: Surroundings<'_>, mail: &OutgoingMail) -> Result<String, Failure> {
        let mut session = self.begin(around, mail).await?;
        around.deliver.store.mark_committing(around.lease, &mail.id).await.map_err(Failure::Store)?;
        failpoint::pass("deliver-committing");
        // From here on nothing interrupts: only the stages' time limits end it.
        let answer = around.heartbeat.during(session.commit(&mail.bytes)).await.map_err(Failure::Mail)?;
        failpoint::pass("deliver-accepted");
        self.session = Some(session);
        Ok(answer)
    }

    /// Signs out, when a connection is open.
    pub(super) async fn close(&mut self, heartbeat: &Heartbeat) {
        if let Some(session) = self.session.take() {
            heartbeat.during(session.close()).await;
        }
    }

    /// Gets to the server's 354. A kept connection may have gone stale, and `<>` may be refused: both
    /// are met by one more connection within the same attempt.
    async fn begin(
        &mut self,
        around: Surroundings<'_>,
        mail: &OutgoingMail,
    ) -> Result<Box<dyn MailerSession>, Failure> {
        let recipients: Vec<Email> = mail.recipients.iter().map(|address| address.email.clone()).collect();
        let fallback = &around.deliver.settings.fallback_sender;
        loop {
            let kept = self.session.take();
            let was_kept = kept.is_some();
            let mut session = match kept {
                Some(session) => session,
                None => self.connect(around).await?,
            };
            let from = mail.envelope_from.as_ref().or(self.null_sender_refused.then_some(fallback));
            let error = match stoppable(around, session.begin(from, &recipients)).await? {
                Ok(()) => return Ok(session),
                Err(error) => error,
            };
            match error.problem {
                MailerProblem::NullSenderRefused if from.is_none() => self.use_fallback(around.deliver, &error),
                MailerProblem::Temporary | MailerProblem::Quota if was_kept => {}
                _ => return Err(Failure::Mail(error)),
            }
        }
    }

    async fn connect(&mut self, around: Surroundings<'_>) -> Result<Box<dyn MailerSession>, Failure> {
        stoppable(around, around.deliver.mailer.connect()).await?.map_err(Failure::Connect)
    }

    fn use_fallback(&mut self, deliver: &Deliver, error: &MailerError) {
        self.null_sender_refused = true;
        let settings = &deliver.settings;
        deliver.alarms.raise(
            &format!("smtp {} null sender", settings.mailbox),
            format!(
                "the server refuses <> as envelope sender of acknowledgements ({error}); {} is used instead: \
                 set envelope_sender to it for the mailbox {}",
                settings.fallback_sender, settings.mailbox
            ),
        );
    }
}

/// Runs a step that may be given up when the daemon stops: the dropped connection is never used again.
async fn stoppable<T>(around: Surroundings<'_>, step: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = around.stop.cancelled() => Err(Failure::Stopped),
        result = around.heartbeat.during(step) => Ok(result),
    }
}
