//! The workload under every policy, tick by tick, into `trace.csv`.

use core::fmt::{Error, Result as Written, Write};

use policy::workload::{
    as_input, as_mask, choose, mask, observe, write_logits, ACTIONS, CAPACITY, HORIZON, JOBS, M,
    OBSERVATION, TABLE, TASKS,
};
use sched::{Edf, Policy, RateMonotonic, RoundRobin, System, Table};

use crate::csv::Text;
use crate::stopwatch::Stopwatch;

/// One decision and its cost.
struct Decision<'a> {
    choice: Option<usize>,
    observe_ticks: u32,
    decide_ticks: u32,
    observation: &'a [i32],
    logits: &'a [i32],
}

/// Runs the workload once with each policy; returns the total number of ticks.
///
/// # Panics
///
/// Panics if the host cannot write the file.
pub fn write(stopwatch: &mut Stopwatch) -> u32 {
    let mut text = Text::create(c"trace.csv");
    run_all(&mut text, stopwatch).expect("the host can write trace.csv")
}

fn run_all(text: &mut Text, stopwatch: &mut Stopwatch) -> Result<u32, Error> {
    writeln!(
        text,
        "policy,tick,action,misses,completions,switches,observe_ticks,decide_ticks,observation,\
         logits"
    )?;
    let mut ticks = run_network(text, stopwatch)?;
    ticks += run(text, stopwatch, "round-robin", &mut RoundRobin::new(1))?;
    ticks += run(text, stopwatch, "rate-monotonic", &mut RateMonotonic)?;
    ticks += run(text, stopwatch, "edf", &mut Edf)?;
    if let Some(actions) = TABLE {
        ticks += run(text, stopwatch, "table", &mut Table::new(actions))?;
    }
    Ok(ticks)
}

fn run_network(text: &mut Text, stopwatch: &mut Stopwatch) -> Result<u32, Error> {
    let mut observation = [0; OBSERVATION];
    let mut logits = [0; ACTIONS];
    let mut system = System::new(&TASKS, &JOBS, HORIZON);
    while !system.is_finished() {
        let (allowed, observe_ticks) = stopwatch.measure(|| look(&system, &mut observation));
        let input = as_input(&observation);
        let flags = as_mask(&allowed);
        let (action, decide_ticks) = stopwatch.measure(|| choose(input, flags));
        write_logits(input, &mut logits);
        let decision = Decision {
            choice: (action < CAPACITY).then_some(action),
            observe_ticks,
            decide_ticks,
            observation: &observation,
            logits: &logits,
        };
        step(text, "network", &mut system, &decision)?;
    }
    Ok(system.now())
}

/// Takes any policy through a virtual call, which the compiler cannot move past the stopwatch.
#[inline(never)]
fn run(
    text: &mut Text,
    stopwatch: &mut Stopwatch,
    name: &str,
    policy: &mut dyn Policy<M>,
) -> Result<u32, Error> {
    let mut system = System::new(&TASKS, &JOBS, HORIZON);
    while !system.is_finished() {
        let (choice, decide_ticks) = stopwatch.measure(|| policy.choose(&system));
        let decision = Decision {
            choice,
            observe_ticks: 0,
            decide_ticks,
            observation: &[],
            logits: &[],
        };
        step(text, name, &mut system, &decision)?;
    }
    Ok(system.now())
}

/// Writes what the network observes; returns which actions are allowed.
///
/// It is never inlined: the compiler moves inlined code past the stopwatch.
#[inline(never)]
fn look(system: &System<M>, observation: &mut [i32; OBSERVATION]) -> [bool; ACTIONS] {
    observe(system, observation);
    mask(system)
}

/// Carries out a decision and writes its line.
fn step(text: &mut Text, name: &str, system: &mut System<M>, decision: &Decision) -> Written {
    let tick = system.now();
    // Without a mask a network may choose a task that has no job; then nothing runs.
    let ran = decision.choice.filter(|&task| system.is_ready(task));
    let action = ran.map_or(-1, |task| task as i32);
    system.step(decision.choice);
    write!(
        text,
        "{name},{tick},{action},{},{},{},{},{},",
        system.misses(),
        system.completions(),
        system.switches(),
        decision.observe_ticks,
        decision.decide_ticks
    )?;
    text.numbers(decision.observation)?;
    text.write_str(",")?;
    text.numbers(decision.logits)?;
    text.write_str("\n")
}
