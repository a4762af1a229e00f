//! The delivery worker with the real SMTP mailer, a server that does as it is told, and a clock held
//! by hand.

mod after_sending;
mod at_start;
mod doubt;
mod fixture;
mod limits;
mod shutdown;
mod stages;
