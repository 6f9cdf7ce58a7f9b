
// What mouse, fingers and keys do.
let drag = null;

chart.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.target !== canvas) return;
  drag = { x: event.clientX, y: event.clientY, span: view.span, top: chart.scrollTop, moved: false };
  canvas.setPointerCapture(event.pointerId);
});
chart.addEventListener("pointermove", (event) => {
  if (drag === null) return showTip(event);
  const x = event.clientX - drag.x, y = event.clientY - drag.y;
  if (!drag.moved && Math.abs(x) + Math.abs(y) < 4) return undefined;
  drag.moved = true;
  tip.hidden = true;
  const move = (-x * (drag.span[1] - drag.span[0])) / (view.width - view.left);
  setSpan(drag.span[0] + move, drag.span[1] + move);
  if (event.pointerType === "mouse") chart.scrollTop = drag.top - y;
  return undefined;
});
chart.addEventListener("pointerup", (event) => {
  if (drag === null) return;
  if (!drag.moved) {
    const hit = found(event);
    onMachine = hit === null ? null : hit.machine;
    select(hit === null ? null : hit.operation);
  }
  drag = null;
});
chart.addEventListener("pointercancel", () => { drag = null; });
chart.addEventListener("pointerleave", () => { tip.hidden = true; });
chart.addEventListener("scroll", redraw);
chart.addEventListener("wheel", (event) => {
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    const x = event.clientX - canvas.getBoundingClientRect().left;
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.005), timeAt(view, Math.max(view.left, x)));
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    pan((event.deltaX || event.deltaY) / view.width);
  }
}, { passive: false });

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
chart.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const move = MOVES[event.key];
  tip.hidden = true;
  if (move && event.shiftKey) pan(move[0] * 0.2);
  else if (move) step(...move);
  else if (event.key === "+" || event.key === "=") zoom(0.7);
  else if (event.key === "-") zoom(1 / 0.7);
  else if (event.key === "0") setSpan(0, END);
  else if (event.key === "Escape") { byId("job").value = ""; select(null); }
  else return;
  event.preventDefault();
});

byId("machine").addEventListener("input", filter);
byId("job").addEventListener("input", () => select(null));
for (const id of ["type", "emphasis"]) byId(id).addEventListener("change", filter);
byId("job").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.value.trim()) return;
  const [job] = namedJobs(data, event.target.value);
  if (job !== undefined) goTo(data.operations.job.indexOf(job), null);
});
for (const id of ["setups", "closed", "late"]) {
  byId(id).addEventListener("change", (event) => { view.show[id] = event.target.checked; redraw(); });
}
byId("zoom-in").addEventListener("click", () => zoom(0.7));
byId("zoom-out").addEventListener("click", () => zoom(1 / 0.7));
byId("fit").addEventListener("click", () => setSpan(0, END));
byId("rows").addEventListener("click", (event) => {
  const low = view.rowHeight === HIGH_ROW;
  view.rowHeight = low ? LOW_ROW : HIGH_ROW;
  event.target.setAttribute("aria-pressed", String(low));
  resize();
});
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
function showTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").setAttribute("aria-pressed", String(dark));
  redraw();
}
byId("theme").addEventListener("click", (event) => {
  showTheme(event.target.getAttribute("aria-pressed") !== "true");
});
prefersDark.addEventListener("change", (event) => showTheme(event.matches));

// Only what the instance has is offered.
byId("summary").textContent = data.summary.map(([name, value]) => `${name} ${value}`).join(" · ");
for (const name of data.jobs.name) byId("job-names").append(new Option(name, name));
data.types.forEach((name, type) => byId("type").append(new Option(name, String(type))));
byId("type-label").hidden = data.types.length < 2;
byId("setups-label").hidden = !data.setups.some((setups) => setups.length);
byId("closed-label").hidden = !data.closed.some((pieces) => pieces.length);
byId("paused-label").hidden = !Object.keys(data.work).length;
byId("late-label").hidden = data.jobs.due.every((due) => due === null);
byId("emphasis").parentElement.hidden = byId("late-label").hidden && !data.jobs.important.some(Boolean);
showTheme(prefersDark.matches);
filter();
new ResizeObserver(resize).observe(chart);
