//! Floor 2: what the use-cases need from the outside, as traits. Adapters implement them, tests
//! may too; nothing here does I/O.

pub mod health;
pub mod mail;
pub mod mailer;
pub mod orders;
pub mod refunds;
pub mod reviewers;
pub mod store;
pub mod time;

pub use health::{Health, Notice};
pub use mail::{Arrival, Content, MailError, MailSession, MailSource, MailboxActions, Opened, Standing};
pub use mailer::{Mailer, MailerError, MailerProblem, MailerSession};
pub use orders::{OrderQuery, Orders, OrdersError};
pub use refunds::{RefundNotice, Refunds, RefundsError};
pub use reviewers::{Reviewer, Reviewers, ReviewersError};
pub use store::Store;
pub use time::{Clock, Ids};
