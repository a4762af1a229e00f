//! Keeps the workers together: they all run, or the process ends and is started anew.

use std::future::Future;
use std::pin::Pin;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A worker and its name.
pub type Worker = (String, Pin<Box<dyn Future<Output = ()> + Send>>);

/// A worker ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error("the worker “{worker}” ended unexpectedly ({why}); everything it had not finished is done after a restart")]
pub struct Died {
    worker: String,
    why: String,
}

/// Runs all workers until `stop`. When one dies the others are stopped in good order: everything
/// durable is in the store, so starting anew is the one repair that always works.
///
/// # Errors
/// Names the worker that died.
pub async fn supervise(workers: Vec<Worker>, stop: CancellationToken) -> Result<(), Died> {
    let mut set = JoinSet::new();
    let mut names = std::collections::HashMap::new();
    for (name, work) in workers {
        let handle = set.spawn(work);
        names.insert(handle.id(), name);
    }
    let mut died = None;
    while let Some(ended) = set.join_next_with_id().await {
        let (id, why) = match ended {
            Ok((id, ())) => (id, "it returned".to_owned()),
            Err(error) => (error.id(), error.to_string()),
        };
        if !stop.is_cancelled() && died.is_none() {
            let worker = names.get(&id).cloned().unwrap_or_default();
            died = Some(Died { worker, why });
            stop.cancel();
        }
    }
    died.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(name: &str, stop: &CancellationToken) -> Worker {
        let stop = stop.clone();
        (name.to_owned(), Box::pin(async move { stop.cancelled().await }))
    }

    #[tokio::test]
    async fn one_death_stops_the_others_and_is_named() {
        let stop = CancellationToken::new();
        let dying: Worker = ("watch support".into(), Box::pin(async { panic!("a fault") }));
        let died = supervise(vec![waiting("deliver", &stop), dying], stop.clone()).await.unwrap_err();
        assert!(died.to_string().contains("watch support"), "{died}");
        assert!(stop.is_cancelled());
    }

    #[tokio::test]
    async fn a_stop_in_good_order_is_no_death() {
        let stop = CancellationToken::new();
        let workers = vec![waiting("one", &stop), waiting("two", &stop)];
        stop.cancel();
        assert!(supervise(workers, stop).await.is_ok());
    }
}
