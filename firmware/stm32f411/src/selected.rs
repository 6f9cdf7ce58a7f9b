//! The policy that was selected by a cargo feature.

#[cfg(not(any(
    feature = "network",
    feature = "round-robin",
    feature = "rate-monotonic",
    feature = "edf",
    feature = "table"
)))]
compile_error!(
    "select a policy: --features with one of network, round-robin, rate-monotonic, edf, table"
);

macro_rules! select {
    ($feature:literal, $others:meta, $policy:ty, $value:expr) => {
        #[cfg(all(feature = $feature, $others))]
        compile_error!("select one policy: for another than the network add --no-default-features");

        #[cfg(all(feature = $feature, not($others)))]
        pub const NAME: &str = $feature;

        #[cfg(all(feature = $feature, not($others)))]
        pub fn policy() -> $policy {
            $value
        }
    };
}

select!(
    "network",
    any(
        feature = "round-robin",
        feature = "rate-monotonic",
        feature = "edf",
        feature = "table"
    ),
    policy::workload::Learned,
    policy::workload::Learned
);
select!(
    "round-robin",
    any(
        feature = "rate-monotonic",
        feature = "edf",
        feature = "table"
    ),
    sched::RoundRobin,
    sched::RoundRobin::new(1)
);
select!(
    "rate-monotonic",
    any(feature = "edf", feature = "table"),
    sched::RateMonotonic,
    sched::RateMonotonic
);
select!("edf", any(feature = "table"), sched::Edf, sched::Edf);
select!("table", any(), sched::Table, {
    const TABLE: sched::Table = match policy::workload::TABLE {
        Some(actions) => sched::Table::new(actions),
        None => panic!("policy `table`: this export has no table (policy/src/workload.rs)"),
    };
    TABLE
});
