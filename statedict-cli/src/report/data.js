// What is shown, and how it is put into words. All names of the file become text nodes, never HTML.
const data = JSON.parse(document.getElementById('data').textContent);

function failed(what) {
  document.documentElement.dataset.error = what;
  const box = document.createElement('div');
  box.className = 'failed';
  box.textContent = 'This page could not be drawn: ' + what;
  document.body.prepend(box);
}
addEventListener('error', (event) => failed(event.message));
addEventListener('securitypolicyviolation', (event) => failed('policy: ' + event.violatedDirective));

// An element; children are elements or text.
function make(tag, attributes, ...children) {
  const [kind, ...classes] = tag.split('.');
  const element = document.createElement(kind);
  if (classes.length) element.className = classes.join(' ');
  return fill(element, attributes, children);
}
function draw(tag, attributes, ...children) {
  const [kind, ...classes] = tag.split('.');
  const element = document.createElementNS('http://www.w3.org/2000/svg', kind);
  if (classes.length) element.setAttribute('class', classes.join(' '));
  return fill(element, attributes, children);
}
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name.startsWith('--')) element.style.setProperty(name, value);
    else element.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) element.append(child);
  }
  return element;
}

function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (bytes >= 1024 && unit + 1 < units.length) { bytes /= 1024; unit++; }
  return (unit ? bytes.toFixed(1) : bytes) + ' ' + units[unit];
}
function count(number) {
  const units = ['', ' K', ' M', ' B', ' T'];
  let unit = 0;
  while (number >= 1000 && unit + 1 < units.length) { number /= 1000; unit++; }
  return (unit ? number.toFixed(1) : number) + units[unit];
}
const whole = (number) => number.toLocaleString('en');
const plural = (number, word) => whole(number) + ' ' + word + (number === 1 ? '' : 's');
function short(number) {
  if (number === null || number === undefined) return '–';
  const size = Math.abs(number);
  if (number === 0) return '0';
  if (size < 1e-4 || size >= 1e7) return number.toExponential(2).replace('-', '−').replace('e+', 'e');
  const digits = Number.isInteger(number) ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 3 : 5;
  return number.toFixed(digits).replace('-', '−');
}
const percent = (part, of) => (of ? (100 * part / of) : 0).toFixed(part / of >= 0.1 ? 0 : 1) + ' %';
const numel = (tensor) => tensor.shape.reduce((all, size) => all * size, 1);
const shape = (tensor) => '[' + tensor.shape.join(', ') + ']';

const dots = new Map(data.tensors.map((tensor) => [tensor.name, tensor.path.join('.')]));
const dotted = (name) => dots.get(name) || name;

// The modules as a tree. What has a name already is not counted again.
function modules() {
  const root = { name: data.file, path: [], children: new Map(), bytes: 0, tensors: 0, elements: 0 };
  for (const tensor of data.tensors) {
    const bytes = tensor.again ? 0 : tensor.bytes;
    let node = root;
    const add = () => { node.bytes += bytes; node.tensors++; node.elements += tensor.again ? 0 : numel(tensor); };
    add();
    tensor.path.forEach((name, level) => {
      // A module and a tensor may have one name.
      const key = (level + 1 === tensor.path.length ? 't:' : 'm:') + name;
      if (!node.children.has(key)) {
        const path = tensor.path.slice(0, level + 1);
        node.children.set(key, { name, path, parent: node, children: new Map(), bytes: 0, tensors: 0, elements: 0 });
      }
      node = node.children.get(key);
      add();
    });
    node.tensor = tensor;
  }
  if (data.left.count) {
    const bytes = data.left.bytes;
    root.bytes += bytes;
    root.tensors += data.left.count;
    root.children.set('left', { name: plural(data.left.count, 'smaller tensor'), path: [], parent: root, children: new Map(), bytes, tensors: data.left.count, elements: 0, left: true });
  }
  return root;
}

const HUES = [255, 165, 60, 305, 20, 205, 115, 340, 85, 280, 185, 40];
const dtypeHues = new Map(data.dtypes.map(([name], index) => [name, HUES[index % HUES.length]]));
