// The page, from top to bottom.
const root = modules();
// How many names all tensors begin with.
let shared = 0;
for (let node = root; node.children.size === 1;) {
  node = [...node.children.values()][0];
  if (node.tensor) break;
  shared++;
}
const main = document.getElementById('main');

function theme(name) {
  document.documentElement.dataset.theme = name;
}
theme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

function card(title, hint, ...rest) {
  return make('section.card', {}, make('header', {}, make('h2', {}, title), hint ? make('span.hint', {}, hint) : null), ...rest);
}

function toggle(names, chosen, tell) {
  const buttons = names.map((name) => make('button', {
    type: 'button', 'aria-pressed': name === chosen,
    onclick: () => { buttons.forEach((button) => button.setAttribute('aria-pressed', button.textContent === name)); tell(name); },
  }, name));
  return make('span.toggle', {}, buttons);
}

// Beside the map: what is chosen.
const side = make('aside.side', {});
let log = false;
function facts(pairs) {
  return make('dl', {}, pairs.filter(Boolean).flatMap(([name, value, bad]) => [make('dt', {}, name), make(bad ? 'dd.bad' : 'dd', {}, value)]));
}
function tell(node) {
  const tensor = node.tensor;
  const head = [make('h3.mono', {}, node.path.join('.') || node.name)];
  if (!tensor) {
    const modules = [...node.children.values()].filter((child) => !child.tensor && !child.left).length;
    side.replaceChildren(...head, facts([
      ['tensors', whole(node.tensors)], ['elements', whole(node.elements)], ['size', size(node.bytes)],
      node === root ? null : ['share', percent(node.bytes, root.bytes)], modules ? ['modules in it', whole(modules)] : null,
    ]));
    return;
  }
  const found = tensor.histogram;
  const tie = data.ties.find(([number]) => number === tensor.tie);
  side.replaceChildren(...head,
    facts([
      ['type', tensor.dtype], ['shape', shape(tensor)], ['elements', whole(numel(tensor))],
      ['size', size(tensor.bytes)], ['share', percent(node.bytes, root.bytes)],
      tie ? ['also called', tie[1].filter((name) => name !== tensor.name).map(dotted).join(', ')] : null,
      ...tensor.notes.map((note) => ['note', note]),
    ]),
    found ? make('div', {},
      found.bins ? histogram(found, 130, log, true) : null,
      facts([
        ['min', short(found.min)], ['max', short(found.max)], ['mean', short(found.mean)], ['std', short(found.std)],
        ['zeros', whole(found.zeros)], found.nan ? ['NaN', whole(found.nan), true] : null,
        found.infinite ? ['infinite', whole(found.infinite), true] : null,
      ]),
      found.all ? null : make('p.hint', {}, 'A sample of ' + count(found.elements) + ' elements.'),
      toggle(['linear', 'logarithmic'], log ? 'logarithmic' : 'linear', (name) => { log = name !== 'linear'; tell(node); }),
    ) : make('p.hint', {}, tensor.again ? 'A second name: see the first.' : numel(tensor) < 2 ? 'One element or none has no distribution.' : 'No histogram: only the ' + data.histograms + ' largest tensors have one.'));
}

const map = treemap(root, tell);

function top() {
  return make('header.top', {},
    make('div', {}, make('h1', {}, data.file), make('p', {}, [data.format, data.byteorder + '-endian', data.size].join(' · '))),
    make('button', { type: 'button', 'aria-label': 'light or dark', onclick: () => theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark') }, '◐'));
}

function stats() {
  const one = (value, name, title) => make('div.stat', title ? { title } : {}, make('b', {}, value), make('span', {}, name));
  return make('div.stats', {},
    one(count(data.elements), 'elements', whole(data.elements)),
    one(size(data.nbytes), 'in tensors', whole(data.nbytes) + ' bytes'),
    one(whole(data.count), 'tensors'),
    one(whole(data.storages), 'storages'),
    one(whole(data.ties.length), data.ties.length === 1 ? 'tied tensor' : 'tied tensors'),
    one(whole(data.versions.count), 'modules with a version'));
}

function warnings() {
  if (!data.warnings.length) return null;
  return make('section.card.warnings', {}, make('h2', {}, 'Worth a look'), make('ul', {}, data.warnings.slice(0, 200).map((text) => make('li', {}, text))));
}

function mapCard() {
  const find = make('input', { type: 'search', placeholder: 'Find by name', 'aria-label': 'find by name', oninput: (event) => map.find(event.target.value) });
  return make('section.card', {},
    make('header', {}, make('h2', {}, 'Sizes'), make('span.hint', {}, 'Areas are bytes. Click a module to go into it, a tensor to see its elements.'), make('span.spread', {}), find,
      toggle(['module', 'dtype'], 'module', (name) => map.color(name))),
    make('div.map', {}, make('div', {}, map.crumbs, map.svg), side));
}

function distributions() {
  const nodes = [];
  (function collect(node) {
    if (node.tensor && node.tensor.histogram && node.tensor.histogram.bins) nodes.push(node);
    node.children.forEach(collect);
  })(root);
  if (!nodes.length) return null;
  nodes.sort((a, b) => b.bytes - a.bytes);
  const grid = make('div.grid', {});
  const more = make('button.more', { type: 'button', onclick: () => add(48) }, 'Show more');
  let next = 0;
  function add(most) {
    for (const node of nodes.slice(next, next + most)) {
      const found = node.tensor.histogram;
      grid.append(make('button.cell', { type: 'button', title: node.tensor.name, onclick: () => { map.select(node); map.svg.scrollIntoView({ block: 'center' }); } },
        make('b.mono', {}, make('bdi', {}, node.path.slice(shared).join('.'))),
        make('span', {}, [shape(node.tensor), 'σ ' + short(found.std), found.nan || found.infinite ? 'not finite!' : null].filter(Boolean).join('  ·  ')),
        histogram(found, 56, false, false)));
    }
    next += most;
    more.hidden = next >= nodes.length;
  }
  add(12);
  const sampled = nodes.some((node) => !node.tensor.histogram.all);
  const hint = 'the largest ' + whole(nodes.length) + (sampled ? ' tensors; of very large ones, a sample of ' + count(data.sample) + ' elements' : ' tensors');
  return card('Distributions', hint, grid, more);
}

function dtypes() {
  const all = data.dtypes.reduce((sum, [, , bytes]) => sum + bytes, 0);
  const swatch = (name) => ({ '--h': dtypeHues.get(name) });
  return card('Element types', '',
    make('div.bar', {}, data.dtypes.map(([name, , bytes]) => make('div', { ...swatch(name), style: 'flex:' + Math.max(bytes, all / 400) + ' 0 0;--h:' + dtypeHues.get(name), title: name }))),
    make('table', {}, make('tr', {}, make('th', {}, 'type'), make('th.number', {}, 'tensors'), make('th.number', {}, 'size')),
      data.dtypes.map(([name, number, bytes]) => make('tr', {}, make('td', {}, make('i.swatch', swatch(name)), name), make('td.number', {}, whole(number)), make('td.number', {}, size(bytes))))));
}

function ties() {
  if (!data.ties.length) return null;
  return card('Ties', 'one tensor, several names', make('ul.ties.scroll', {}, data.ties.map(([number, names]) =>
    make('li', {}, make('span.badge', {}, '◆' + number), make('span.mono', {}, names.map(dotted).join('  =  '))))));
}

function versions() {
  if (!data.versions.count) return null;
  const groups = new Map();
  for (const [path, version] of data.versions.items) {
    if (!groups.has(version)) groups.set(version, []);
    groups.get(version).push(path.join('.') || '(the root)');
  }
  const rows = [...groups].sort(([a], [b]) => b - a).map(([version, paths]) => make('tr', {},
    make('td.version', {}, version === null ? 'none' : version), make('td.number', {}, whole(paths.length)),
    make('td', {}, make('span.mono', { style: 'padding-left:14px;display:block' }, paths.slice(0, 6).join(', ') + (paths.length > 6 ? ', …' : '')))));
  return card('Versions', 'of the modules, from _metadata', make('table', {}, make('tr', {}, make('th.version', {}, 'version'), make('th.number', {}, 'modules'), make('th', {}, '')), rows));
}

// The checkpoint as nested lists, made as they are opened.
function checkpoint() {
  const top = { children: new Map() };
  const add = (path, leaf) => {
    let node = top;
    path.forEach((name) => {
      if (!node.children.has(name)) node.children.set(name, { name, children: new Map() });
      node = node.children.get(name);
    });
    node.leaf = leaf;
    return node;
  };
  for (const tensor of data.tensors) add(tensor.path, tensor.dtype + ' ' + shape(tensor) + (tensor.again ? '  = ' + 'tie ' + tensor.tie : ''));
  for (const [path, leaf] of data.values.items) add(path, leaf);
  const MOST = 500;
  function list(node) {
    const children = [...node.children.values()];
    const items = children.slice(0, MOST).map((child) => {
      if (!child.children.size) return make('div.leaf', {}, make('span.mono', {}, child.name), make('span.hint', {}, child.leaf || ''));
      const details = make('details.node', {}, make('summary', {}, make('span.mono', {}, child.name), make('span.hint', {}, whole(child.children.size))));
      details.addEventListener('toggle', () => { if (details.open && details.children.length === 1) details.append(...list(child)); });
      return details;
    });
    if (children.length > MOST) items.push(make('div.leaf', {}, make('span.hint', {}, whole(children.length - MOST) + ' more')));
    return items;
  }
  return card('Checkpoint', plural(data.count, 'tensor') + ', ' + plural(data.values.count, 'other value'), make('div.tree.scroll', {}, list(top)));
}

// The tensor to begin with.
function largest(node) {
  if (node.tensor) return node;
  const children = [...node.children.values()].filter((child) => !child.left && child.bytes > 0);
  const found = children.map(largest).filter(Boolean);
  return found.reduce((best, next) => (best && best.bytes >= next.bytes ? best : next), null);
}

function last() {
  return make('footer', {}, 'Made by ' + document.querySelector('meta[name=generator]').content + '. Nothing in the file was executed.');
}

main.append(...[top(), stats(), warnings(), mapCard(), distributions(), make('div.two', {}, [dtypes(), ties(), versions()].filter(Boolean)), checkpoint(), last()].filter(Boolean));
map.show(false);
(largest(root) ? map.select : tell)(largest(root) || root);
document.documentElement.dataset.ready = 'yes';
