
// Draws the rows that can be seen, and nothing else.
const AXIS = 44, LETTER = 7;

// Width of the column with the machines' names.
function nameWidth(data) {
  const longest = Math.max(...data.machines.name.map((name) => name.length));
  return Math.min(230, Math.max(60, 16 + LETTER * longest));
}

function pixel(view, time) {
  const [from, to] = view.span;
  return view.left + ((time - from) / (to - from)) * (view.width - view.left);
}

function timeAt(view, x) {
  const [from, to] = view.span;
  return from + ((x - view.left) / (view.width - view.left)) * (to - from);
}

// The visible rows are numbers first to last - 1 of view.machines.
function visibleRows(view) {
  const first = Math.max(0, Math.floor(view.top / view.rowHeight));
  const last = Math.ceil((view.top + view.height - AXIS) / view.rowHeight);
  return [first, Math.min(view.machines.length, last)];
}

const rowTop = (view, row) => AXIS + row * view.rowHeight - view.top;

function draw(ctx, data, view, colours) {
  ctx.fillStyle = colours.back;
  ctx.fillRect(0, 0, view.width, view.height);
  const marks = ticks(data, view.span, Math.max(2, Math.floor((view.width - view.left) / 90)));
  ctx.save();
  ctx.beginPath();
  ctx.rect(view.left, AXIS, view.width - view.left, view.height - AXIS);
  ctx.clip();
  const [first, last] = visibleRows(view);
  if (view.show.closed) for (let row = first; row < last; row++) drawClosed(ctx, data, view, colours, row);
  drawGrid(ctx, view, colours, marks);
  for (let row = first; row < last; row++) drawRow(ctx, data, view, colours, row);
  drawDates(ctx, data, view, colours);
  ctx.restore();
  drawNames(ctx, data, view, colours, first, last);
  drawAxis(ctx, data, view, colours, marks);
}

function drawGrid(ctx, view, colours, marks) {
  ctx.fillStyle = colours.line;
  const height = rowTop(view, view.machines.length) - AXIS;
  for (const mark of marks) ctx.fillRect(pixel(view, mark.time), AXIS, mark.isDay ? 2 : 1, height);
}

function drawClosed(ctx, data, view, colours, row) {
  const pieces = data.closed[data.machines.calendar[view.machines[row]]];
  ctx.fillStyle = colours.closed;
  const half = pieces.length / 2;
  const pairs = Array.from({ length: half }, (_, i) => i);
  for (let i = countBelow(pairs, view.span[0], (pair) => pieces[2 * pair + 1]); i < half; i++) {
    if (pieces[2 * i] > view.span[1]) break;
    fillSpan(ctx, view, pieces[2 * i], pieces[2 * i + 1], rowTop(view, row), view.rowHeight);
  }
}

function fillSpan(ctx, view, start, end, top, height) {
  const left = pixel(view, start);
  ctx.fillRect(left, top, Math.max(1, pixel(view, end) - left), height);
}

function drawRow(ctx, data, view, colours, row) {
  const machine = view.machines[row];
  const { start, end, job } = data.operations;
  const gap = view.rowHeight > 16 ? 3 : 1;
  const top = rowTop(view, row) + gap, height = view.rowHeight - 2 * gap;
  if (view.show.setups) drawSetups(ctx, data, view, colours, machine, top, height);
  const operations = data.rows[machine];
  for (let i = countBelow(operations, view.span[0], (o) => end[o]); i < operations.length; i++) {
    const operation = operations[i];
    if (start[operation] > view.span[1]) break;
    const fades = view.jobs !== null && !view.jobs.has(job[operation]);
    drawBar(ctx, data, view, colours, operation, top, height, fades);
  }
}

function drawBar(ctx, data, view, colours, operation, top, height, fades) {
  const { start, end, job } = data.operations;
  const of = job[operation];
  const left = pixel(view, start[operation]);
  const width = Math.max(1, pixel(view, end[operation]) - left);
  const pieces = data.work[operation];
  ctx.fillStyle = data.jobs.colour[of];
  if (pieces) {
    ctx.globalAlpha = fades ? 0.05 : 0.35;
    ctx.fillRect(left, top, width, height);
    ctx.globalAlpha = fades ? 0.12 : 1;
    for (let i = 0; i < pieces.length; i += 2) fillSpan(ctx, view, pieces[i], pieces[i + 1], top, height);
  } else {
    ctx.globalAlpha = fades ? 0.12 : 1;
    ctx.fillRect(left, top, width, height);
  }
  if (width > 3) {
    ctx.fillStyle = colours.back;
    ctx.fillRect(left + width - 1, top, 1, height);
  }
  ctx.globalAlpha = fades ? 0.25 : 1;
  const endsLate = view.show.late && isLate(data, of) && end[operation] === data.jobs.end[of]
    && operation === data.jobs.last[of];
  if (endsLate) outline(ctx, colours.late, left, top, width, height);
  ctx.globalAlpha = 1;
  if (operation === view.selected) outline(ctx, colours.ink, left, top, width, height);
  if (!fades && height > 11) drawLabel(ctx, data, view, operation, left, width, top, height);
}

function outline(ctx, colour, left, top, width, height) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.strokeRect(left + 1, top + 1, Math.max(1, width - 2), height - 2);
}

// The job's name stands in the part of the bar that can be seen, over the first piece of work.
function drawLabel(ctx, data, view, operation, left, width, top, height) {
  const job = data.operations.job[operation];
  const pieces = data.work[operation];
  const begin = Math.max(view.left, left);
  const end = Math.min(view.width, pieces ? pixel(view, pieces[1]) : left + width);
  const text = data.jobs.name[job];
  if (end - begin < text.length * LETTER + 6) return;
  ctx.fillStyle = data.jobs.darkInk[job] ? "#000000" : "#ffffff";
  ctx.textAlign = "left";
  ctx.fillText(text, begin + 4, top + height / 2);
}

function drawSetups(ctx, data, view, colours, machine, top, height) {
  const setups = data.setups[machine];
  ctx.strokeStyle = colours.setup;
  ctx.lineWidth = 1;
  const first = countBelow(setups, view.span[0], (setup) => setup[1][setup[1].length - 1]);
  for (let number = first; number < setups.length; number++) {
    const [operation, pieces] = setups[number];
    if (pieces[0] > view.span[1]) break;
    const fades = view.jobs !== null && !view.jobs.has(data.operations.job[operation]);
    ctx.globalAlpha = fades ? 0.2 : 1;
    for (let i = 0; i < pieces.length; i += 2) {
      const left = pixel(view, pieces[i]);
      hatch(ctx, view, left, Math.max(1, pixel(view, pieces[i + 1]) - left), top + 1, height - 2);
    }
  }
  ctx.globalAlpha = 1;
}

function hatch(ctx, view, left, width, top, height) {
  const from = Math.max(left, view.left - height), to = Math.min(left + width, view.width + height);
  if (to <= from) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.beginPath();
  for (let x = Math.floor((from - height) / 5) * 5; x < to; x += 5) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.strokeRect(left, top, width, height);
  ctx.restore();
}

// Release and due date of the one job that stands out.
function drawDates(ctx, data, view, colours) {
  if (view.jobs === null || view.jobs.size !== 1) return;
  const [job] = view.jobs;
  const lines = [[data.jobs.release[job], "release"], [data.jobs.due[job], "due"]];
  ctx.textAlign = "left";
  for (const [time, name] of lines) {
    if (time === null || (name === "release" && time === 0)) continue;
    const x = pixel(view, time);
    ctx.fillStyle = name === "due" ? colours.late : colours.mark;
    ctx.fillRect(x, AXIS, 2, view.height);
    ctx.fillText(name, x + 4, AXIS + 8);
  }
}

function drawNames(ctx, data, view, colours, first, last) {
  ctx.fillStyle = colours.back;
  ctx.fillRect(0, AXIS, view.left, view.height);
  ctx.textAlign = "right";
  for (let row = first; row < last; row++) {
    const middle = rowTop(view, row) + view.rowHeight / 2;
    ctx.fillStyle = colours.ink;
    ctx.fillText(shortened(data.machines.name[view.machines[row]], view.left - 12), view.left - 6, middle, view.left - 10);
  }
  ctx.fillStyle = colours.line;
  ctx.fillRect(view.left - 1, AXIS, 1, view.height);
  if (!view.machines.length) {
    ctx.textAlign = "left";
    ctx.fillStyle = colours.soft;
    ctx.fillText("no machine matches the filter", view.left + 10, AXIS + 20);
  }
}

function shortened(text, width) {
  const most = Math.floor(width / (LETTER - 0.5));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function drawAxis(ctx, data, view, colours, marks) {
  ctx.fillStyle = colours.back;
  ctx.fillRect(0, 0, view.width, AXIS);
  ctx.fillStyle = colours.line;
  ctx.fillRect(0, AXIS - 1, view.width, 1);
  ctx.textAlign = "left";
  ctx.fillStyle = colours.soft;
  const wall = wallSeconds(data, Math.ceil(view.span[0]));
  const begin = wall === null ? "time" : `from ${dayText(wall)} ${new Date(wall * 1000).getUTCFullYear()}, ${data.clock.zone}`;
  ctx.fillText(begin, view.left, 12);
  for (const mark of marks) {
    const x = pixel(view, mark.time);
    ctx.fillStyle = mark.isDay ? colours.ink : colours.soft;
    ctx.fillText(mark.text, x + 3, 32);
    ctx.fillRect(x, AXIS - 8, 1, 8);
  }
}
