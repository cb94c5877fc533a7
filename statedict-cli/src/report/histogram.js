// A histogram of bars, with the ends of its range below.
function histogram(found, height, log, axis) {
  const width = 300, bins = found.bins || [];
  const bottom = axis ? 16 : 1;
  const svg = draw('svg.histogram', { viewBox: '0 0 ' + width + ' ' + (height + bottom), role: 'img', 'aria-label': 'distribution of the elements' });
  const scale = (number) => (log ? Math.log1p(number) : number);
  const most = Math.max(1e-9, ...bins.map(scale));
  const step = width / Math.max(1, bins.length);
  const gap = bins.length > 60 ? 0 : Math.min(1, step * 0.15);
  bins.forEach((number, index) => {
    if (!number) return;
    const tall = Math.max(1, scale(number) / most * height);
    const bar = draw('rect', { x: index * step, y: height - tall, width: step - gap, height: tall });
    if (axis) {
      const low = found.low + (found.high - found.low) * index / bins.length;
      const high = found.low + (found.high - found.low) * (index + 1) / bins.length;
      bar.append(draw('title', {}, short(low) + ' … ' + short(high) + ': ' + whole(number)));
    }
    svg.append(bar);
  });
  svg.append(draw('line', { x1: 0, x2: width, y1: height + .5, y2: height + .5 }));
  if (found.low < 0 && found.high > 0) {
    const zero = -found.low / (found.high - found.low) * width;
    svg.append(draw('line.zero', { x1: zero, x2: zero, y1: 0, y2: height }));
    if (axis && zero > 60 && zero < width - 60) {
      svg.append(draw('text', { x: zero, y: height + 13, 'text-anchor': 'middle' }, '0'));
    }
  }
  if (axis) {
    svg.append(draw('text', { x: 0, y: height + 13 }, short(found.low)));
    svg.append(draw('text', { x: width, y: height + 13, 'text-anchor': 'end' }, short(found.high)));
  }
  return svg;
}
