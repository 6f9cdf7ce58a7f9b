
// The page: its state, its controls, and when it is drawn again.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const chart = byId("chart"), canvas = byId("canvas"), tip = byId("tip");
const END = Math.max(1, data.makespan);
const HIGH_ROW = 26, LOW_ROW = 12;

const view = {
  span: [0, END], left: nameWidth(data), top: 0, width: 0, height: 0, rowHeight: HIGH_ROW, machines: [], jobs: null,
  selected: null, show: { setups: true, closed: true, late: true },
};
let waits = false;

function redraw() {
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => {
    waits = false;
    const ctx = canvas.getContext("2d");
    const scale = window.devicePixelRatio || 1;
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.font = "11.5px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    view.top = chart.scrollTop;
    draw(ctx, data, view, colours());
  });
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["back", "ink", "soft", "line", "closed", "setup", "late", "mark"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function resize() {
  view.width = Math.max(view.left + 50, chart.clientWidth);
  view.height = chart.clientHeight;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(view.width * scale);
  canvas.height = Math.round(view.height * scale);
  canvas.style.width = `${view.width}px`;
  canvas.style.height = `${view.height}px`;
  const all = AXIS + view.machines.length * view.rowHeight;
  byId("spacer").style.height = `${Math.max(0, all - view.height)}px`;
  redraw();
}

function setSpan(from, to) {
  view.span = fitted(from, to, END, Math.min(END, 4));
  redraw();
}

const zoom = (factor, at = middle()) => setSpan(...zoomed(view.span, factor, at));

// What stays in its place when nobody points at anything: the selected operation, if it is in sight.
function middle() {
  const { start, end } = data.operations;
  const [from, to] = view.span;
  const selected = view.selected === null ? -1 : (start[view.selected] + end[view.selected]) / 2;
  return selected >= from && selected <= to ? selected : (from + to) / 2;
}

function pan(share) {
  const move = share * (view.span[1] - view.span[0]);
  setSpan(view.span[0] + move, view.span[1] + move);
}

// Apply what the controls say.
function filter() {
  view.machines = shownMachines(data, byId("machine").value, byId("type").value);
  view.jobs = outstandingJobs(data, byId("job").value, byId("emphasis").value, view.selected);
  const jobs = view.jobs === null ? data.jobs.name.length : view.jobs.size;
  byId("count").textContent = `${view.machines.length} of ${data.machines.name.length} machines, `
    + `${jobs} of ${data.jobs.name.length} jobs`;
  resize();
}

function select(operation) {
  view.selected = operation;
  byId("details").textContent = operation === null ? "" : operationLines(data, operation).join(" · ");
  filter();
}

// The machine in whose row the selected operation was reached.
let onMachine = null;

// Select an operation and move the chart so that it can be seen, in the row of `machine` if it is
// one of its machines.
function goTo(operation, machine) {
  const { start, end, machines } = data.operations;
  onMachine = machines[operation].includes(machine) ? machine : machines[operation][0];
  select(operation);
  const row = view.machines.indexOf(onMachine);
  if (row >= 0) {
    const top = row * view.rowHeight, room = view.height - AXIS - view.rowHeight;
    if (top < chart.scrollTop || top > chart.scrollTop + room) chart.scrollTop = top - room / 2;
  }
  const [from, to] = view.span;
  if (start[operation] < from || end[operation] > to) {
    const center = (start[operation] + end[operation]) / 2, half = (to - from) / 2;
    setSpan(center - half, center + half);
  }
}

// Go to the operation beside the selected one, or to the nearest one in a row above or below;
// without a selected one in sight, begin at the top.
function step(sideways, down) {
  const { start, end } = data.operations;
  const from = view.selected === null ? -1 : view.machines.indexOf(onMachine);
  if (from >= 0 && sideways) {
    const row = data.rows[onMachine];
    const next = row[row.indexOf(view.selected) + sideways];
    if (next !== undefined) goTo(next, onMachine);
    return;
  }
  const at = from >= 0 ? (start[view.selected] + end[view.selected]) / 2 : view.span[0];
  const move = down || 1;
  let row = from >= 0 ? from + move : Math.floor(chart.scrollTop / view.rowHeight);
  for (; view.machines[row] !== undefined; row += move) {
    const next = nearestOperation(data, view.machines[row], at);
    if (next !== null) return goTo(next, view.machines[row]);
  }
}

function found(event) {
  const box = canvas.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  if (x < view.left || y < AXIS) return null;
  const machine = view.machines[Math.floor((y - AXIS + chart.scrollTop) / view.rowHeight)];
  if (machine === undefined) return null;
  const reach = timeAt(view, x + 2) - timeAt(view, x);
  const operation = operationAt(data, machine, timeAt(view, x), reach);
  return operation === null ? null : { operation, machine };
}

function showTip(event) {
  const hit = found(event);
  tip.hidden = hit === null;
  if (hit === null) return;
  tip.textContent = operationLines(data, hit.operation).join("\n");
  const right = event.clientX + 14 + tip.offsetWidth > window.innerWidth;
  const low = event.clientY + 14 + tip.offsetHeight > window.innerHeight;
  tip.style.left = `${Math.max(0, event.clientX + (right ? -14 - tip.offsetWidth : 14))}px`;
  tip.style.top = `${Math.max(0, event.clientY + (low ? -14 - tip.offsetHeight : 14))}px`;
}
