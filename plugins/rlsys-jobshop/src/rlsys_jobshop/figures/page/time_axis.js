
// Which part of the time is shown, and where its ticks lie.
const MINUTE = 60, HOUR = 3600, DAY = 86400;
const MONDAY = 4 * DAY; // 5 January 1970, from which weeks are counted
const STEPS = [
  1, 5, 15, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY, 10 * 364 * DAY, 100 * 364 * DAY,
];

// The span [from, to] moved and cut so that it lies in [0, end] and is no shorter than `least`.
function fitted(from, to, end, least) {
  const length = Math.min(end, Math.max(least, to - from));
  const middle = (from + to) / 2;
  const begin = Math.min(Math.max(0, middle - length / 2), end - length);
  return [begin, begin + length];
}

function zoomed(span, factor, at) {
  return [at - (at - span[0]) * factor, at + (span[1] - at) * factor];
}

// Ticks {time, text, isDay} of a span, at most `most` of them.
function ticks(data, span, most) {
  return data.clock ? dateTicks(data, span, most) : numberTicks(span, most);
}

function numberTicks(span, most) {
  const least = (span[1] - span[0]) / most;
  let step = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  step *= [1, 2, 5, 10].find((factor) => step * factor >= least);
  const found = [];
  for (let time = Math.ceil(span[0] / step) * step; time <= span[1]; time += step) {
    found.push({ time, text: String(time), isDay: false });
  }
  return found;
}

// Ticks lie at round times of the wall clock, so each stretch between two changes of the clocks has
// ticks of its own.
function dateTicks(data, span, most) {
  const { first, unit, offsets } = data.clock;
  const least = ((span[1] - span[0]) * unit) / most;
  const step = STEPS.find((seconds) => seconds >= Math.max(unit, least)) || STEPS[STEPS.length - 1];
  const found = [];
  offsets.forEach(([since, offset], number) => {
    const begin = number === 0 ? span[0] : Math.max(span[0], since);
    const until = number + 1 < offsets.length ? offsets[number + 1][0] : Infinity;
    const origin = step > DAY ? MONDAY : 0;
    const start = first + offset;
    let wall = Math.ceil((start + begin * unit - origin) / step) * step + origin;
    for (; (wall - start) / unit <= span[1]; wall += step) {
      const time = (wall - start) / unit;
      if (time >= until) break;
      const isDay = wall % DAY === 0;
      const year = step >= 91 * DAY ? ` ${new Date(wall * 1000).getUTCFullYear()}` : "";
      found.push({ time, isDay, text: isDay ? dayText(wall) + year : clockText(wall, step < MINUTE) });
    }
  });
  return found;
}
