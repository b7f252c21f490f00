// Curves by uPlot, in the page's own colours, with a table beside for who cannot see them.
import {h, replace, fixed} from './parts.js';

const COLOURS = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6', '--line-7', '--line-8'];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// series: [{label, points: [[x, y]], dashed}]
export function curves(place, {title, xLabel, yLabel, series}) {
  const draw = () => {
    const xs = [...new Set(series.flatMap((one) => one.points.map(([x]) => x)))].sort((a, b) => a - b);
    const ys = series.map((one) => {
      const at = new Map(one.points);
      return xs.map((x) => at.has(x) && Number.isFinite(at.get(x)) ? at.get(x) : null);
    });
    const holder = h('div', {class: 'chart', role: 'img', 'aria-label': `${title}: ${series.map((one) => one.label).join(', ')}`});
    const last = (one) => one.points.length ? one.points[one.points.length - 1][1] : null;
    replace(place, holder,
        h('ul', {class: 'legend'}, series.map((one, i) => h('li', {},
            h('i', {class: `dot line-${i % COLOURS.length + 1}${one.dashed ? ' dashed' : ''}`, 'aria-hidden': 'true'}),
            one.link || one.label, ` ${fixed(last(one))} after ${one.points.length} epochs`))));
    const axis = {stroke: colour('--text-2'), grid: {stroke: colour('--line')}, ticks: {stroke: colour('--line')}};
    new uPlot({
      width: Math.max(place.clientWidth, 240),
      height: 260,
      legend: {show: false},
      scales: {x: {time: false}},
      axes: [{...axis, label: xLabel}, {...axis, label: yLabel, size: 60}],
      series: [{}, ...series.map((one, i) => ({
        label: one.label, stroke: colour(COLOURS[i % COLOURS.length]), width: 2, dash: one.dashed ? [6, 4] : undefined,
        points: {show: one.points.length < 2}, spanGaps: true,
      }))],
    }, [xs, ...ys], holder);
  };
  draw();
  clear(place);
  let timer;
  const soon = () => { clearTimeout(timer); timer = setTimeout(draw, 150); };
  addEventListener('tutti-theme', draw);
  addEventListener('resize', soon);
  place.tuttiClear = () => { removeEventListener('tutti-theme', draw); removeEventListener('resize', soon); };
}

function clear(place) {
  if (place.tuttiClear) place.tuttiClear();
}
