// As much of a browser as the page uses. `frame()` draws and returns the texts on the canvas.
const drawn = { texts: [], rectangles: 0 };
const context = new Proxy({}, {
  get: (target, name) => {
    if (name === "fillText") return (text) => drawn.texts.push(text);
    if (name === "fillRect") return () => { drawn.rectangles += 1; };
    return name in target ? target[name] : () => {};
  },
  set: (target, name, value) => { target[name] = value; return true; },
});

class Element {
  constructor() {
    Object.assign(this, {
      value: "", textContent: "", hidden: false, checked: true, style: {}, dataset: {}, children: [],
      attributes: { "aria-pressed": "false" }, listeners: {}, scrollTop: 0, clientWidth: 1000,
      clientHeight: 564, offsetWidth: 200, offsetHeight: 100, parentElement: { hidden: false },
    });
  }
  addEventListener(kind, listener) { (this.listeners[kind] ||= []).push(listener); }
  fire(kind, event = {}) {
    const full = { target: this, button: 0, preventDefault() { this.prevented = true; }, ...event };
    for (const listener of this.listeners[kind] || []) listener(full);
    return full;
  }
  append(child) { this.children.push(child); }
  setAttribute(name, value) { this.attributes[name] = value; }
  getAttribute(name) { return this.attributes[name]; }
  getBoundingClientRect() { return { left: 0, top: 0 }; }
  setPointerCapture() {}
  getContext() { return context; }
}

const elements = {};
const element = (id) => (elements[id] ||= new Element());
const waiting = [];
globalThis.document = { getElementById: element, documentElement: new Element() };
globalThis.window = {
  devicePixelRatio: 2, innerWidth: 1000, innerHeight: 700,
  matchMedia: () => ({ matches: false, addEventListener() {} }),
};
globalThis.getComputedStyle = () => ({ getPropertyValue: (name) => name });
globalThis.requestAnimationFrame = (draw) => waiting.push(draw);
globalThis.ResizeObserver = class { observe() {} };
globalThis.Option = class { constructor(text, value) { Object.assign(this, { text, value }); } };

function frame() {
  Object.assign(drawn, { texts: [], rectangles: 0 });
  while (waiting.length) waiting.shift()();
  return { ...drawn };
}
const press = (key, more) => element("chart").fire("keydown", { key, ...more });
const pointer = (kind, x, y) => element("chart").fire(`pointer${kind}`, {
  clientX: x, clientY: y, target: element("canvas"), pointerType: "mouse",
});
function enter(id, value) {
  element(id).value = value;
  for (const kind of ["input", "change"]) element(id).fire(kind);
}
