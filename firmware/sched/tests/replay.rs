//! Schedules and observations are those of the Python environment, tick by tick.
//!
//! The files in `fixtures/` come from `fixtures/make.py`.

use sched::{
    items, most_jobs, observe, Edf, Job, Parameters, Policy, RateMonotonic, RoundRobin, System,
    Table,
};

/// Jobs that a candidate schedule of these tasks can hold.
const LISTED: usize = 64;

struct Fixture {
    bits: u32,
    horizon: u32,
    parameters: Vec<Parameters>,
    jobs: Vec<&'static [Job]>,
    runs: Vec<Run>,
}

struct Run {
    policy: String,
    ticks: Vec<Tick>,
}

struct Tick {
    /// Action, misses, completions, switches.
    schedule: Vec<i32>,
    full: Vec<i32>,
    items: Vec<i32>,
}

fn numbers(text: &str) -> Vec<i32> {
    text.split_whitespace()
        .map(|word| word.parse().expect("a number"))
        .collect()
}

fn parse(text: &str) -> Fixture {
    let mut fixture = Fixture {
        bits: 0,
        horizon: 0,
        parameters: Vec::new(),
        jobs: Vec::new(),
        runs: Vec::new(),
    };
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').expect("two words");
        match word {
            "bits" => fixture.bits = rest.parse().expect("a number"),
            "horizon" => fixture.horizon = rest.parse().expect("a number"),
            "task" => add_task(&mut fixture, rest),
            "run" => fixture.runs.push(Run {
                policy: rest.to_owned(),
                ticks: Vec::new(),
            }),
            _ => {
                let mut columns = line.split(',').map(numbers);
                let mut next = || columns.next().unwrap_or_default();
                let run = fixture.runs.last_mut().expect("a run");
                run.ticks.push(Tick {
                    schedule: next(),
                    full: next(),
                    items: next(),
                });
            }
        }
    }
    fixture
}

fn add_task(fixture: &mut Fixture, text: &str) {
    let (fields, jobs): (Vec<&str>, Vec<&str>) =
        text.split(' ').partition(|word| !word.contains(':'));
    let fields: Vec<u32> = fields
        .iter()
        .map(|field| field.parse().expect("a number"))
        .collect();
    let jobs = jobs.iter().map(|job| {
        let (release, execution) = job.split_once(':').expect("a pair");
        Job {
            release: release.parse().expect("a number"),
            execution: execution.parse().expect("a number"),
        }
    });
    fixture.jobs.push(jobs.collect::<Vec<Job>>().leak());
    fixture.parameters.push(Parameters {
        id: fixture.parameters.len(),
        name: "T",
        period: fields[0],
        deadline: fields[1],
        wcet: fields[2],
        offset: fields[3],
    });
}

fn policy<const M: usize>(run: &Run) -> Box<dyn Policy<M>> {
    match run.policy.as_str() {
        "random" => {
            let actions: Vec<i8> = run.ticks.iter().map(|t| t.schedule[0] as i8).collect();
            Box::new(Table::new(actions.leak()))
        }
        "round-robin-1" => Box::new(RoundRobin::new(1)),
        "round-robin-3" => Box::new(RoundRobin::new(3)),
        "rate-monotonic" => Box::new(RateMonotonic),
        "edf" => Box::new(Edf),
        other => panic!("no policy {other}"),
    }
}

fn leak<T: Clone, const M: usize>(values: &[T]) -> &'static [T; M] {
    let values: &'static [T] = values.to_vec().leak();
    values.try_into().expect("M values")
}

fn replay<const M: usize>(number: usize, fixture: &Fixture) {
    let parameters: &[Parameters; M] = leak(&fixture.parameters);
    let jobs: &[&[Job]; M] = leak(&fixture.jobs);
    assert!(most_jobs(parameters) <= LISTED);
    let mut system = System::new(parameters, jobs, fixture.horizon);
    for run in &fixture.runs {
        // The same system again: `begin` leaves nothing of the run before.
        system.begin();
        let mut policy = policy::<M>(run);
        for (now, tick) in run.ticks.iter().enumerate() {
            let place = format!("fixture {number}, {}, tick {now}", run.policy);
            if !tick.full.is_empty() {
                check_observations(&system, fixture.bits, tick, &place);
            }
            let choice = policy.choose(&system);
            system.step(choice);
            let found = [
                choice.map_or(-1, |task| task as i32),
                system.misses() as i32,
                system.completions() as i32,
                system.switches() as i32,
            ];
            assert_eq!(found, tick.schedule[..], "{place}");
        }
        assert!(system.is_finished());
    }
}

fn check_observations<const M: usize>(system: &System<M>, bits: u32, tick: &Tick, place: &str) {
    let mut found = vec![-1; 6 * M];
    observe::full(system, M, bits, &mut found);
    assert_eq!(found, tick.full, "full, {place}");

    let mut found = vec![-1; 4 * M];
    observe::basic(system, M, bits, &mut found);
    assert_eq!(found, tick.full[..4 * M], "basic, {place}");

    // Two rows more than tasks: the padding of a policy that was made for more.
    let mut found = vec![[-1; items::FEATURES]; M + 2];
    items::observe::<M, LISTED>(system, bits, &mut found);
    let (rows, rest) = tick.items.as_chunks::<{ items::FEATURES }>();
    assert!(rows.len() == M && rest.is_empty());
    for (task, row) in rows.iter().enumerate() {
        assert_eq!(found[task], *row, "items of task {task}, {place}");
    }
    assert_eq!(found[M..], [[0; items::FEATURES]; 2], "padding, {place}");
}

#[test]
fn every_fixture_is_repeated() {
    let texts = [
        include_str!("fixtures/0.txt"),
        include_str!("fixtures/1.txt"),
        include_str!("fixtures/2.txt"),
        include_str!("fixtures/3.txt"),
        include_str!("fixtures/4.txt"),
        include_str!("fixtures/5.txt"),
        include_str!("fixtures/6.txt"),
        include_str!("fixtures/7.txt"),
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let fixture = parse(text);
        assert_eq!(fixture.runs.len(), 5);
        match fixture.parameters.len() {
            1 => replay::<1>(number, &fixture),
            2 => replay::<2>(number, &fixture),
            3 => replay::<3>(number, &fixture),
            4 => replay::<4>(number, &fixture),
            5 => replay::<5>(number, &fixture),
            count => panic!("{count} tasks"),
        }
    }
}
