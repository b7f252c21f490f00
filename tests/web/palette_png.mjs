// Screenshots made small: a PNG of true colours becomes one of a palette of 256.
import {deflateSync, inflateSync} from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS = 256;
const KEPT = 64;  // the most frequent ones stay what they are: grounds, text, lines
const ROUNDS = 6;

function* chunksOf(png) {
  for (let at = SIGNATURE.length; at < png.length;) {
    const size = png.readUInt32BE(at);
    yield {type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + size)};
    at += size + 12;
  }
}

// Undoes a row's filter in place (PNG specification, section 9).
function unfilter(filter, row, above, step) {
  for (let i = 0; i < row.length; ++i) {
    const left = i >= step ? row[i - step] : 0;
    const up = above ? above[i] : 0;
    const corner = above && i >= step ? above[i - step] : 0;
    let guess = 0;
    if (filter === 1) guess = left;
    else if (filter === 2) guess = up;
    else if (filter === 3) guess = (left + up) >> 1;
    else if (filter === 4) {
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      guess = a <= b && a <= c ? left : b <= c ? up : corner;
    }
    row[i] = (row[i] + guess) & 255;
  }
}

// {width, height, pixels: one number 0xRRGGBB each}; of 8 bits a channel, as browsers write them.
function decode(png) {
  const chunks = [...chunksOf(png)];
  const head = chunks.find(({type}) => type === 'IHDR').data;
  const [width, height, depth, kind] = [head.readUInt32BE(0), head.readUInt32BE(4), head[8], head[9]];
  if (depth !== 8 || (kind !== 2 && kind !== 6) || head[12] !== 0) throw new Error(`a PNG of depth ${depth} and kind ${kind}: expected 8 bits of RGB or RGBA, not interlaced`);
  const step = kind === 6 ? 4 : 3;
  const bytes = inflateSync(Buffer.concat(chunks.filter(({type}) => type === 'IDAT').map(({data}) => data)));
  const pixels = new Uint32Array(width * height);
  let above = null;
  for (let y = 0; y < height; ++y) {
    const begin = y * (width * step + 1);
    const row = bytes.subarray(begin + 1, begin + 1 + width * step);
    unfilter(bytes[begin], row, above, step);
    for (let x = 0; x < width; ++x) pixels[y * width + x] = row[x * step] << 16 | row[x * step + 1] << 8 | row[x * step + 2];
    above = row;
  }
  return {width, height, pixels};
}

const channels = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];

function nearest(palette, [r, g, b]) {
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < palette.length; ++i) {
    const [pr, pg, pb] = palette[i];
    const distance = (r - pr) ** 2 + (g - pg) ** 2 + (b - pb) ** 2;
    if (distance < least) [least, best] = [distance, i];
  }
  return best;
}

// The most frequent colours, and k-means over the others.
function choosePalette(counts) {
  const byFrequency = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || a - b);
  if (byFrequency.length <= COLOURS) return byFrequency.map(channels);
  const kept = byFrequency.slice(0, KEPT).map(channels);
  const others = byFrequency.slice(KEPT).sort((a, b) => a - b);
  let means = Array.from({length: COLOURS - KEPT}, (_, i) => channels(others[Math.floor(i * others.length / (COLOURS - KEPT))]));
  for (let round = 0; round < ROUNDS; ++round) {
    const sums = means.map(() => [0, 0, 0, 0]);
    for (const colour of others) {
      const parts = channels(colour);
      const sum = sums[nearest(means, parts)];
      const weight = Math.sqrt(counts.get(colour));
      parts.forEach((value, k) => { sum[k] += weight * value; });
      sum[3] += weight;
    }
    means = means.map((mean, i) => sums[i][3] ? sums[i].slice(0, 3).map((value) => Math.round(value / sums[i][3])) : mean);
  }
  return [...kept, ...means];
}

const CRC = Uint32Array.from({length: 256}, (_, n) => {
  for (let k = 0; k < 8; ++k) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
  return framed;
}

export function toPalette(png) {
  const {width, height, pixels} = decode(png);
  const counts = new Map();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) || 0) + 1);
  const palette = choosePalette(counts);
  const index = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, channels(colour))]));
  const rows = Buffer.alloc((width + 1) * height);  // each begins with its filter: none
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) rows[y * (width + 1) + 1 + x] = index.get(pixels[y * width + x]);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('PLTE', Buffer.from(palette.flat())), chunk('IDAT', deflateSync(rows, {level: 9})), chunk('IEND', Buffer.alloc(0))]);
}
