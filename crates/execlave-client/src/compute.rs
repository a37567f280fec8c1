//! Where long computations run.

/// Computes something that takes a while: on a blocking thread, or here where there may be none. `None` only when the runtime is being
/// shut down.
pub(crate) async fn compute<T: Send + 'static>(
    blocking_threads: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if blocking_threads { tokio::task::spawn_blocking(work).await.ok() } else { Some(work()) }
}
