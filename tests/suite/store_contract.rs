//! What every back-end of the store must do. A back-end brings a [`Backend`] and lists itself at the end.

mod acknowledging;
mod alerts;
mod assess;
mod caps;
mod concurrency;
mod deliver;
mod elsewhere;
mod intake;
mod joining;
mod look;
mod lost;
mod notices;
mod promises;
mod repetition;
mod review;
mod timers;
mod upkeep;
mod work;

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use guichet::domain::position::FolderRole;
use guichet::domain::{Case, CaseId, Event, OutgoingId, OutgoingMail, RecordEntry};
use guichet::ports::Store;
use guichet::ports::store::{
    AcknowledgementFate, CaseFile, Decision, Intake, Lease, OutboxFilter, QueueRow, Recorded, StoreResult,
};
use jiff::Timestamp;

use crate::support::letter::{Letter, MAILBOX, folder, minutes, reply};

/// One set of data that can be opened again and again, by one store at a time.
pub trait Backend: Send + Sync {
    /// Opens the store; the one opened before is gone.
    fn open(&self) -> Arc<dyn Store>;
}

/// A store under test.
pub struct Bench {
    backend: Box<dyn Backend>,
    store: Option<Arc<dyn Store>>,
    /// The right to the mailbox of the samples.
    pub lease: Lease,
}

impl Bench {
    async fn new(backend: impl Backend + 'static) -> Self {
        let store = backend.open();
        let lease = store.lease(MAILBOX).await.unwrap();
        Self { backend: Box::new(backend), store: Some(store), lease }
    }

    fn store(&self) -> &dyn Store {
        self.store.as_deref().unwrap()
    }

    /// The first rows of the queue as it stood when the letters came in.
    async fn queue(&self, limit: usize) -> Vec<QueueRow> {
        let mut rows = crate::support::queue::rows(self.store(), minutes(0)).await;
        rows.truncate(limit);
        rows
    }

    /// Closes and opens the store, and demands that it shows the same as before.
    async fn reopen(&mut self) {
        let before = picture(self.store()).await;
        self.store = None;
        self.store = Some(self.backend.open());
        assert_eq!(picture(self.store()).await, before, "a reopened store shows something else");
        self.lease = self.store().lease(MAILBOX).await.unwrap();
    }

    /// Does a step, then closes and opens the store.
    async fn step<T, F>(&mut self, step: impl FnOnce(Arc<dyn Store>, Lease) -> F) -> StoreResult<T>
    where
        F: Future<Output = StoreResult<T>>,
    {
        let answer = step(Arc::clone(self.store.as_ref().unwrap()), self.lease.clone()).await;
        self.reopen().await;
        answer
    }

    async fn record(&mut self, intake: Intake) -> Recorded {
        self.step(|store, lease| async move { store.record(&lease, intake).await }).await.unwrap()
    }

    /// Prepares and records a letter.
    async fn receive(&mut self, letter: &Letter) -> Recorded {
        let intake = letter.prepare(self.store()).await;
        self.record(intake).await
    }

    /// Records a letter that must open a case.
    async fn open_case(&mut self, letter: &Letter) -> CaseId {
        match self.receive(letter).await {
            Recorded::New { case, .. } => case,
            other => panic!("it should open a case: {other:?}"),
        }
    }

    async fn case(&self, id: &CaseId) -> Case {
        self.store().case(id).await.unwrap()
    }

    async fn file(&self, id: &CaseId) -> CaseFile {
        let file = self.store().case_file(id).await.unwrap();
        assert_chain(&file.record);
        file
    }

    async fn mail(&self, id: &OutgoingId) -> OutgoingMail {
        let outbox = self.store().outbox(OutboxFilter::Latest(usize::MAX)).await.unwrap();
        outbox.into_iter().find(|mail| &mail.id == id).unwrap()
    }

    /// Approves reply number `n` of a case, to be sent at `not_before`.
    async fn approve(&mut self, id: &CaseId, n: u32, not_before: Timestamp) -> OutgoingMail {
        let case = self.case(id).await;
        let mail = reply(&case, n, not_before);
        let decision = Decision::Approve {
            mail: Box::new(mail.clone()),
            asks: false,
            timers: Vec::new(),
            refund: None,
            promises: Vec::new(),
        };
        self.step(|store, _| async move { store.decide(&case.id, case.revision, decision, "rita", not_before).await })
            .await
            .unwrap();
        mail
    }

    /// Claims everything that is due and says that it was accepted.
    async fn send_all(&mut self, now: Timestamp) -> Vec<OutgoingId> {
        let claimed = self.step(|store, lease| async move { store.claim_due(&lease, now, 100).await }).await.unwrap();
        let ids: Vec<_> = claimed.into_iter().map(|mail| mail.id).collect();
        for id in ids.clone() {
            self.step(|store, lease| async move {
                store.mark_committing(&lease, &id).await?;
                store.finish(&lease, &id, accepted(), now).await
            })
            .await
            .unwrap();
        }
        ids
    }
}

fn accepted() -> guichet::domain::outgoing::AttemptOutcome {
    guichet::domain::outgoing::AttemptOutcome::Accepted { response: "250 2.0.0 queued".into() }
}

fn queued(recorded: &Recorded) -> bool {
    matches!(recorded, Recorded::New { acknowledgement: AcknowledgementFate::Queued(_), .. })
}

fn capped(recorded: &Recorded) -> Option<&str> {
    match recorded {
        Recorded::New { acknowledgement: AcknowledgementFate::Capped(why), .. } => Some(why),
        _ => None,
    }
}

fn events(file: &CaseFile) -> Vec<&Event> {
    file.record.iter().filter_map(|entry| entry.event.as_ref()).collect()
}

/// Names of the events of a case, oldest first, as they are stored.
pub(crate) fn event_names(file: &CaseFile) -> Vec<String> {
    events(file)
        .into_iter()
        .map(|event| serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned())
        .collect()
}

fn assert_chain(record: &[RecordEntry]) {
    let mut previous = None;
    for entry in record {
        assert!(entry.verifies(previous), "the chain breaks at {}", entry.seq);
        previous = Some(entry);
    }
}

/// All that a store shows, as text.
pub async fn picture(store: &dyn Store) -> String {
    let mut lines = Vec::new();
    let mut add = |what: &str, value: &dyn Debug| lines.push(format!("{what}: {value:#?}"));
    add("rebuilt", &store.rebuilt_at().await.unwrap());
    add("loss", &store.loss().await.unwrap());
    for role in [FolderRole::Inbox, FolderRole::Junk, FolderRole::Sent] {
        add("position", &store.position(&folder(role)).await.unwrap());
    }
    for case in store.cases(usize::MAX).await.unwrap() {
        add("case", &store.case_file(&case.id).await.unwrap());
    }
    add("work", &store.work().await.unwrap());
    add("queue", &crate::support::queue::rows(store, minutes(0)).await);
    add("outbox", &store.outbox(OutboxFilter::Latest(usize::MAX)).await.unwrap());
    add("open", &store.outbox(OutboxFilter::Open).await.unwrap());
    add("troubled", &store.outbox(OutboxFilter::Troubled).await.unwrap());
    add("next due", &store.next_due(MAILBOX).await.unwrap());
    add("chores", &store.chores(MAILBOX, Timestamp::MAX, usize::MAX).await.unwrap());
    let lease = store.lease(MAILBOX).await.unwrap();
    add("timers", &store.due_timers(&lease, Timestamp::MAX).await.unwrap());
    add("unassessed", &store.unassessed(MAILBOX, Timestamp::MAX, usize::MAX).await.unwrap());
    add("breaker", &store.breaker(MAILBOX).await.unwrap());
    add("automated", &store.automated(usize::MAX).await.unwrap());
    add("alerts", &store.alerts(usize::MAX).await.unwrap());
    add("quarantined", &store.quarantined(usize::MAX).await.unwrap());
    add("corrections", &store.corrections().await.unwrap());
    add("overview", &store.overview().await.unwrap());
    add("templates", &store.template_figures().await.unwrap());
    lines.join("\n")
}

/// Runs the whole contract against a back-end made by an expression.
macro_rules! contract {
    ($backend:expr; $($part:ident: $($test:ident),+;)+) => {
        $(mod $part {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let bench = super::super::Bench::new($backend).await;
                super::super::$part::$test(bench).await;
            })+
        })+
    };
}

/// Every test of the contract, named once for all back-ends; one that is missing here is reported as unused.
macro_rules! every_contract {
    ($name:ident, $backend:expr) => {
        mod $name {
            contract! { $backend;
                intake: a_new_case_has_everything_at_once, an_unreadable_message_opens_a_case,
                    history_opens_a_closed_case, the_same_message_again_moves_the_position_only,
                    an_outdated_preparation_stores_nothing, a_held_permission_is_flagged_and_sends_nothing,
                    a_machine_changes_no_case, a_quarantined_message_is_listed_when_given_up,
                    positions_grow_by_names, raw_bytes_are_kept, a_stale_lease_changes_nothing,
                    long_texts_come_back_whole, a_taken_case_reference_is_outdated;
                joining: an_answer_joins_by_its_citation, a_reference_joins_the_same_sender_only,
                    an_order_number_joins, the_only_open_case_is_joined, thanks_do_not_reopen,
                    a_mark_is_kept_where_a_reply_asked_for_one,
                    a_newcomer_in_the_thread_is_flagged, an_edited_draft_is_kept_beside_the_new_suggestion,
                    an_untouched_draft_is_replaced, an_approved_reply_returns_to_draft,
                    a_reply_under_way_is_withdrawn_if_it_fails, the_same_id_with_other_words_joins,
                    history_leaves_a_case_as_it_stands, a_reply_in_doubt_makes_room_for_another;
                acknowledging: an_approval_cancels_the_acknowledgement,
                    an_acknowledgement_under_way_does_not_follow_the_reply,
                    an_acknowledgement_in_doubt_does_not_follow_the_reply,
                    a_released_acknowledgement_does_not_follow_the_reply, an_old_acknowledgement_is_not_sent,
                    a_reply_is_sent_however_old, a_reply_leaves_before_the_acknowledgements, what_is_due_is_found_behind_many_old_acknowledgements;
                caps: the_sender_is_limited_over_a_day, the_domain_is_limited_over_an_hour,
                    hosts_of_one_domain_count_together, a_company_does_not_pay_for_public_mail,
                    public_domains_have_no_limit, the_breaker_opens_and_waits_for_a_person;
                review: an_approval_moves_the_case_and_queues_the_mail, a_stale_approval_is_refused,
                    a_dismissed_case_is_closed_and_its_mails_withdrawn, an_edit_raises_the_revision,
                    another_template_replaces_the_text, a_correction_is_a_training_row,
                    an_opened_draft_is_not_overwritten, a_revision_replaces_an_untouched_draft,
                    what_does_not_exist_is_missing;
                assess: a_message_is_due_to_be_assessed_until_it_was, a_further_message_is_due_and_thanks_are_not,
                    an_assessment_replaces_an_untouched_draft, an_assessment_stands_beside_what_a_person_touched,
                    an_assessment_leaves_an_approved_reply_alone, a_stale_assessment_is_refused_and_stays_due,
                    a_silent_source_leaves_the_case_due, a_corrected_basis_is_due_and_kept,
                    a_corrected_verdict_is_due_and_a_closed_case_is_not, a_customers_other_cases_are_history,
                    an_assessment_is_erased_with_its_case_and_its_buyer;
                deliver: an_accepted_reply_leaves_chores, an_accepted_acknowledgement_is_marked,
                    a_crash_while_dialling_is_free, a_crash_while_committing_leaves_doubt,
                    a_doubt_is_repeated_once_then_held, a_doubt_of_a_dismissed_case_is_not_repeated,
                    a_doubt_answered_elsewhere_is_not_repeated, a_doubt_that_a_newer_reply_follows_is_not_repeated,
                    a_repetition_stops_when_the_customer_writes_again, a_withdrawn_doubt_can_be_released,
                    a_doubt_is_proven, a_refused_reply_returns_as_draft,
                    a_refused_acknowledgement_is_flagged, a_retry_waits_for_its_time, a_held_mail_waits_for_a_person,
                    a_cancelled_reply_returns_as_draft, mails_are_claimed_oldest_first,
                    illegal_steps_are_refused;
                repetition: a_refused_repetition_waits_for_a_person, evidence_settles_a_refused_repetition,
                    what_a_refused_repetition_announced_stands, a_repetition_given_up_after_days_waits_as_a_doubt,
                    a_repetition_refused_while_the_customer_writes_makes_room,
                    an_acknowledgement_whose_repetition_comes_too_late_may_have_left,
                    what_a_roll_back_held_is_no_draft_when_it_is_released_and_refused;
                elsewhere: an_answer_by_citation_withdraws_the_draft, an_answer_by_recipient_needs_exactly_one_case,
                    an_answer_cancels_what_is_pending, our_own_copy_proves_a_doubt, an_older_answer_changes_nothing,
                    the_customer_can_answer_the_colleague, a_bounced_reply_comes_back, a_bounce_settles_a_doubt,
                    a_bounce_of_something_else_is_stored, an_unproven_answer_withdraws_nothing,
                    a_copy_among_the_sent_mails_proves_an_answer,
                    a_known_mail_of_ours_sent_on_to_another_customer_proves_nothing,
                    a_proven_answer_is_noted_once_and_settles_its_own_case_only,
                    who_answers_a_person_is_not_acknowledged;
                alerts: an_alert_stands_until_a_person_puts_it_away, a_dispute_takes_an_approved_reply_back,
                    an_alert_finds_its_case_or_stands_alone, an_alert_goes_with_its_case_or_its_message, a_reported_dispute_keeps_its_case,
                    what_machines_wrote_about_a_person_goes_with_the_person, alerts_do_not_keep_what_lies_behind_them;
                timers: a_timer_fires_once, the_customers_answer_cancels_timers, thanks_leave_timers_standing,
                    one_timer_fires_per_case;
                promises: a_promise_is_warned_of_lapses_and_is_kept,
                    a_later_reply_keeps_a_promise_unless_it_is_taken_back,
                    a_closed_case_owes_nothing_and_an_erased_one_tells_nothing,
                    a_call_enters_the_record_and_changes_nothing_else;
                notices: a_notice_waits_for_its_reply_and_is_told_once, a_notice_goes_with_its_reply,
                    one_refund_is_announced_once_however_often_it_is_approved, a_notice_given_up_calls_a_person,
                    an_untold_refund_defers_the_erasure;
                concurrency: one_of_two_approvals_wins, many_records_at_once_are_all_there,
                    a_message_read_twice_at_once_is_stored_once;
                lost: a_roll_back_forgets_positions_and_holds_what_waits, a_copy_or_an_answer_proves_what_a_roll_back_held,
                    what_a_roll_back_held_is_released_once, what_a_roll_back_held_is_no_draft_again,
                    an_attempt_under_way_at_a_roll_back_ends_as_it_ends, a_loss_covers_what_came_after_the_newest_message,
                    an_answer_read_before_its_letter_is_remembered, an_answered_letter_takes_no_newer_one_with_it,
                    a_letter_of_the_time_lost_says_why_else_it_is_held,
                    a_copy_of_a_known_answer_is_remembered_for_a_letter_read_later, an_automatic_mail_of_ours_answers_nobody, another_secret_is_noticed, a_message_is_known_once_it_is_stored;
                upkeep: an_erased_customer_is_gone_and_stays_known, what_is_under_way_survives_an_erasure, an_open_dispute_defers_the_erasure,
                    what_was_kept_long_enough_goes, machines_messages_run_out_in_any_number,
                    an_answered_case_is_closed_and_runs_out, a_case_closed_by_silence_can_be_continued,
                    what_went_to_an_address_in_somebody_elses_case_is_erased,
                    what_our_people_wrote_about_an_address_is_said;
                look: a_store_that_lost_nothing_was_not_rebuilt, healing_a_store_that_is_well_changes_nothing,
                    what_no_message_bears_is_missing, the_queue_is_sorted_by_urgency, the_overview_counts, excerpts_are_one_short_line;
                work: what_waits_is_work_until_it_is_answered, the_laws_deadline_is_known_until_it_is_erased,
                    a_promise_is_work_until_it_is_kept, rows_come_as_they_are_named;
            }
        }
    };
}

every_contract!(on_sled, crate::store_sled::SledBackend::new());
