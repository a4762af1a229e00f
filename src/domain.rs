//! Floor 0: the values of the product and the steps they may legally take.
//!
//! Nothing here knows tokio, a clock, a file or a socket.

pub mod address;
pub mod alert;
pub mod assessment;
pub mod asset;
pub mod calendar;
pub mod case;
pub mod clue;
pub mod draft;
pub mod folded;
pub mod grouping;
pub mod history;
pub mod identity;
pub mod joining;
pub mod known_keys;
pub mod message;
pub mod money;
pub mod order;
pub mod order_of_work;
pub mod outgoing;
pub mod permission;
pub mod policy;
pub mod position;
pub mod promise;
pub mod rating;
pub mod record;
pub mod timer;
pub mod verdict;

pub use address::{Address, Email};
pub use alert::AlertKind;
pub use assessment::{Assessment, Basis, Outcome};
pub use asset::Asset;
pub use calendar::Calendar;
pub use case::{Case, CaseFlag, CaseId, CaseState, Closed};
pub use clue::Clue;
pub use draft::{Draft, DraftProposal, Suggestion, TemplateName};
pub use history::CustomerHistory;
pub use identity::MessageKey;
pub use message::{Condition, Message, MessageId, RawMessage};
pub use money::Money;
pub use order::{Order, Purchase};
pub use order_of_work::{Agenda, Work};
pub use outgoing::{DeliveryState, OutgoingId, OutgoingKind, OutgoingMail};
pub use permission::Permission;
pub use position::{Folder, MessageLocation, Position};
pub use promise::Promised;
pub use rating::Rating;
pub use record::{Actor, Event, RecordEntry};
pub use timer::{Timer, TimerKind};
pub use verdict::{Anger, Explanation, Fact, Given, Intent, Reason, Signal, Verdict};
