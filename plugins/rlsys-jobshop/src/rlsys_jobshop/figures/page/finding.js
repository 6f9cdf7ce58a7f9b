
// Which machines are rows, which jobs stand out, what lies where.
function shownMachines(data, text, type) {
  const wanted = text.trim().toLowerCase();
  const found = [];
  data.machines.name.forEach((name, machine) => {
    const kind = data.machines.type[machine];
    const words = `${name}\n${data.types[kind]}`.toLowerCase();
    if ((type === "" || kind === Number(type)) && words.includes(wanted)) found.push(machine);
  });
  return found;
}

const isLate = (data, job) => data.jobs.due[job] !== null && data.jobs.end[job] > data.jobs.due[job];

// The jobs whose name is the text; if there is none, those whose name contains it.
function namedJobs(data, text) {
  const wanted = text.trim().toLowerCase();
  const names = data.jobs.name.map((name) => name.toLowerCase());
  const numbers = names.map((_, job) => job);
  const exact = numbers.filter((job) => names[job] === wanted);
  return exact.length ? exact : numbers.filter((job) => names[job].includes(wanted));
}

// The jobs that stand out, or null for all of them.
function outstandingJobs(data, text, emphasis, selected) {
  let jobs = null;
  if (text.trim()) jobs = namedJobs(data, text);
  else if (selected !== null) jobs = [data.operations.job[selected]];
  if (emphasis !== "all") {
    const wanted = (job) => (emphasis === "late" ? isLate(data, job) : data.jobs.important[job]);
    jobs = (jobs || data.jobs.name.map((_, job) => job)).filter(wanted);
  }
  return jobs === null ? null : new Set(jobs);
}

// Number of entries of an ascending list that are below `value`; `of` says what is compared.
function countBelow(list, value, of) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The operation of a machine at a time, or null; `reach` is how far beside it still counts.
function operationAt(data, machine, time, reach) {
  const row = data.rows[machine];
  const { start, end } = data.operations;
  let best = null, nearest = reach;
  const first = countBelow(row, time - reach, (operation) => end[operation]);
  for (let i = first; i < row.length && start[row[i]] <= time + reach; i++) {
    const away = Math.max(start[row[i]] - time, time - end[row[i]], 0);
    if (away < nearest || (away === nearest && best === null)) [best, nearest] = [row[i], away];
  }
  return best;
}

// The operation of a row that lies next to a time, or null in an empty row.
function nearestOperation(data, machine, time) {
  const row = data.rows[machine];
  if (!row.length) return null;
  const { start, end } = data.operations;
  const after = Math.min(row.length - 1, countBelow(row, time, (operation) => end[operation]));
  const before = Math.max(0, after - 1);
  const away = (o) => Math.max(start[o] - time, time - end[o], 0);
  return away(row[before]) < away(row[after]) ? row[before] : row[after];
}
