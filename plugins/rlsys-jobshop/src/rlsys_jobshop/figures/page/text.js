
// Times and operations in words.
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const twoDigits = (number) => String(number).padStart(2, "0");

// Seconds since 1970 as a clock on the wall shows them, or null without a clock.
function wallSeconds(data, time) {
  if (!data.clock) return null;
  const { first, unit, offsets } = data.clock;
  let offset = offsets[0][1];
  for (const [since, seconds] of offsets) if (since <= time) offset = seconds;
  return first + time * unit + offset;
}

function dayText(seconds) {
  const date = new Date(seconds * 1000);
  return `${DAYS[date.getUTCDay()]} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

function clockText(seconds, withSeconds) {
  const date = new Date(seconds * 1000);
  const minutes = `${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())}`;
  return withSeconds ? `${minutes}:${twoDigits(date.getUTCSeconds())}` : minutes;
}

function timeText(data, time) {
  const seconds = wallSeconds(data, time);
  if (seconds === null) return String(time);
  return `${dayText(seconds)} ${clockText(seconds, data.clock.unit === 1)}`;
}

function durationText(data, time) {
  if (!data.clock) return String(time);
  let left = time * data.clock.unit;
  const parts = [];
  for (const [length, name] of [[3600, "h"], [60, "min"], [1, "s"]]) {
    const whole = Math.floor(left / length);
    if (whole > 0) parts.push(`${whole} ${name}`);
    left -= whole * length;
  }
  return parts.join(" ") || "0 min";
}

// What there is to say about an operation, one line each.
function operationLines(data, operation) {
  const { operations, jobs, machines } = data;
  const job = operations.job[operation];
  const names = operations.machines[operation].map((machine) => machines.name[machine]);
  const lines = [
    `${jobs.name[job]}, operation ${operations.index[operation]}`
      + (operations.name[operation] ? ` (${operations.name[operation]})` : ""),
    `on ${names.join(" and ")}`,
    `${timeText(data, operations.start[operation])} to ${timeText(data, operations.end[operation])}`,
    `work ${durationText(data, operations.duration[operation])}`,
  ];
  for (const machine of operations.machines[operation]) {
    for (const [of, pieces] of data.setups[machine]) {
      if (of !== operation) continue;
      let length = 0;
      for (let i = 0; i < pieces.length; i += 2) length += pieces[i + 1] - pieces[i];
      const on = names.length > 1 ? ` of ${machines.name[machine]}` : "";
      lines.push(`setup${on} ${durationText(data, length)}`);
    }
  }
  if (data.families.length) lines.push(`family ${data.families[operations.family[operation]]}`);
  return lines.concat(jobLines(data, job));
}

function jobLines(data, job) {
  const { jobs } = data;
  const lines = [];
  if (jobs.important[job]) lines.push("important");
  if (jobs.release[job] > 0) lines.push(`released ${timeText(data, jobs.release[job])}`);
  if (jobs.due[job] !== null) {
    const late = jobs.end[job] - jobs.due[job];
    const how = late > 0 ? `, ${durationText(data, late)} late` : "";
    lines.push(`due ${timeText(data, jobs.due[job])}${how}`);
  }
  return lines;
}
