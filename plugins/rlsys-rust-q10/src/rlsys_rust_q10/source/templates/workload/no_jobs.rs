pub static JOBS: [&[Job]; M] = [&[]; M];
