let (rows, _) = out.as_chunks_mut();
sched::items::observe::<M, { sched::most_jobs(&TASKS) }>(system, BITS, rows);
