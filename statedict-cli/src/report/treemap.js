// The tree map: areas are sizes in bytes. A click on a module goes into it, one on a tensor tells of it.

// Cuts a rectangle into one for each node, as square as can be (Bruls, Huizing and van Wijk).
function squarify(nodes, x, y, width, height) {
  const total = nodes.reduce((all, node) => all + node.bytes, 0);
  const placed = [];
  if (!total || width <= 0 || height <= 0) return placed;
  const scale = width * height / total;
  const areas = nodes.map((node) => node.bytes * scale);
  let start = 0;
  while (start < nodes.length) {
    const side = Math.min(width, height);
    let sum = 0, worst = Infinity, end = start, least = Infinity, most = 0;
    while (end < nodes.length) {
      const area = areas[end], next = sum + area;
      const low = Math.min(least, area), high = Math.max(most, area);
      const ratio = Math.max(side * side * high / (next * next), next * next / (side * side * low));
      if (ratio > worst && end > start) break;
      worst = ratio; sum = next; least = low; most = high; end++;
    }
    const thick = side > 0 ? sum / side : 0;
    let at = 0;
    for (let index = start; index < end; index++) {
      const long = sum > 0 ? areas[index] / sum * side : 0;
      placed.push(width >= height
        ? { node: nodes[index], x, y: y + at, width: thick, height: long }
        : { node: nodes[index], x: x + at, y, width: long, height: thick });
      at += long;
    }
    if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    start = end;
  }
  return placed;
}

function treemap(root, chosen) {
  const svg = draw('svg.treemap', { role: 'img', 'aria-label': 'sizes of modules and tensors' });
  const crumbs = make('nav.crumbs', { 'aria-label': 'module' });
  const tip = make('div.tip', { hidden: '' });
  document.body.append(tip);
  const state = { at: root, color: 'module', find: '', selected: null };
  const HEAD = 17;

  function hue(node) {
    if (state.color === 'dtype' && node.tensor) return { '--h': dtypeHues.get(node.tensor.dtype), '--d': 0 };
    let group = node;
    while (group && !state.groups.has(group)) group = group.parent;
    const place = group ? state.groups.get(group) : 0;
    return { '--h': HUES[place % HUES.length], '--d': ((node.place || 0) % 4) * 0.025 - 0.02 };
  }

  // The parts of the shown module that get a colour each: the largest are cut until there are some.
  function groups() {
    const parts = shown(state.at);
    while (parts.length < 7) {
      parts.sort((a, b) => b.bytes - a.bytes);
      const place = parts.findIndex((part) => part.bytes > state.at.bytes * 0.3 && shown(part).length > 0 && !numbered(part));
      if (place < 0) break;
      parts.splice(place, 1, ...shown(parts[place]));
    }
    parts.sort((a, b) => b.bytes - a.bytes);
    state.groups = new Map(parts.map((part, index) => [part, index]));
  }

  // A list of blocks is of one colour.
  function numbered(node) {
    return [...node.children.values()].every((child) => /^[0-9]+$/.test(child.name));
  }

  function shown(node) {
    return [...node.children.values()].filter((child) => child.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  }

  function label(group, box, text, className, top) {
    const room = Math.floor((box.width - 8) / 6.4);
    if (room < 3) return;
    const words = text.length > room ? text.slice(0, room - 1) + '…' : text;
    group.append(draw('text.' + className, { x: box.x + 5, y: box.y + top }, words));
  }

  function place(group, box, level) {
    const { node } = box;
    const matches = !state.find || node.path.join('.').toLowerCase().includes(state.find);
    if (node.tensor || node.left) {
      const rect = draw('rect.tensor', { x: box.x, y: box.y, width: box.width, height: box.height, ...hue(node) });
      if (node.left) rect.setAttribute('opacity', '.5');
      if (box.width < 5 || box.height < 5) rect.classList.add('tiny');
      if (!matches) rect.classList.add('away');
      if (node === state.selected) rect.classList.add('chosen');
      rect.node = node;
      group.append(rect);
      if (box.width > 34 && box.height > 16 && matches) {
        label(group, box, node.name, 'tensor', 14);
        if (box.height > 31 && node.tensor) label(group, box, shape(node.tensor), 'small', 28);
      }
      return;
    }
    const rect = draw('rect.module' + (level % 2 ? '.odd' : ''), { x: box.x, y: box.y, width: box.width, height: box.height });
    rect.node = node;
    group.append(rect);
    const head = level > 0 && box.width > 44 && box.height > 40 ? HEAD : 0;
    if (head) label(group, box, node.name, 'name', 12.5);
    const pad = box.width > 24 && box.height > 24 ? 2 : 0;
    if (box.width < 2 || box.height < 2) {
      // Too small for what is in it: its own colour.
      rect.setAttribute('class', 'tensor tiny');
      for (const [name, value] of Object.entries(hue(node))) rect.style.setProperty(name, value);
      return;
    }
    const inner = squarify(shown(node), box.x + pad, box.y + (head || pad), box.width - 2 * pad, box.height - (head || pad) - pad);
    for (const child of inner) place(group, child, level + 1);
  }

  function number(node) {
    shown(node).forEach((child, index) => { child.place = index; number(child); });
  }

  function show(enter) {
    const width = svg.clientWidth || 900, height = svg.clientHeight || 560;
    svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
    const group = draw('g');
    groups();
    place(group, { node: state.at, x: 0, y: 0, width, height }, 0);
    svg.replaceChildren(group);
    svg.classList.remove('enter');
    if (enter) { void svg.getBoundingClientRect(); svg.classList.add('enter'); }
    svg.dataset.tensors = group.querySelectorAll('rect.tensor').length;
    const path = [];
    for (let node = state.at; node; node = node.parent) path.unshift(node);
    crumbs.replaceChildren(...path.flatMap((node, index) => [
      index ? make('i', {}, '›') : null,
      make('button', { type: 'button', onclick: () => go(node) }, node.name),
    ].filter(Boolean)));
  }

  function go(node) { state.at = node; chosen(node); show(true); }
  function select(node) { state.selected = node; chosen(node); show(false); }

  // The module right below the shown one that a node is in.
  function step(node) {
    while (node.parent && node.parent !== state.at) node = node.parent;
    return node;
  }
  svg.addEventListener('click', (event) => {
    const node = event.target.node;
    if (!node) return;
    if (node.tensor) select(node);
    else if (node !== state.at && !node.left) go(step(node));
  });
  svg.addEventListener('mousemove', (event) => {
    const node = event.target.node;
    if (!node || node === state.at) { tip.hidden = true; return; }
    const what = node.tensor ? node.tensor.dtype + ' ' + shape(node.tensor) : plural(node.tensors, 'tensor');
    tip.replaceChildren(make('b', {}, node.path.join('.') || node.name), what + ' · ' + size(node.bytes) + ' · ' + percent(node.bytes, root.bytes));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + 'px';
    tip.style.top = (event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18) + 'px';
  });
  svg.addEventListener('mouseleave', () => { tip.hidden = true; });
  addEventListener('resize', () => show(false));
  number(root);
  return {
    svg, crumbs, show, go, select,
    color(by) { state.color = by; show(false); },
    find(text) { state.find = text.toLowerCase(); show(false); },
  };
}
