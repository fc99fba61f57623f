// Makes a screenshot small: at most 256 colours, one byte a pixel (PNG, second edition, colour type 3).
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS_MAX = 256;
const CHANNELS = { 2: 3, 6: 4 };

// A PNG of 8 bits a channel as one with a palette; transparency is not kept.
export function withPalette(png) {
  const { width, height, pixels } = decode(png);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const boxes = medianCut([...counts].map(([colour, count]) => ({ colour, count })), COLOURS_MAX);
  const palette = boxes.map(mean);
  const index = new Map();
  boxes.forEach((box, at) => box.forEach(({ colour }) => index.set(colour, at)));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = index.get(pixels[y * width + x]);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => channels(colour)));
  const data = deflateSync(rows, { level: 9, memLevel: 9 });
  return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('PLTE', colours), chunk('IDAT', data), chunk('IEND')]);
}

function channels(colour) {
  return [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
}

// Splits the colours until there are enough boxes, always the one with most pixels times spread, at its median pixel.
function medianCut(colours, most) {
  const boxes = [colours];
  while (boxes.length < most) {
    const splittable = boxes.filter((box) => box.length > 1);
    if (splittable.length === 0) break;
    const worst = splittable.reduce((a, b) => (cost(a) >= cost(b) ? a : b));
    const shift = widestShift(worst).shift;
    worst.sort((a, b) => ((a.colour >> shift) & 255) - ((b.colour >> shift) & 255));
    const half = weight(worst) / 2;
    let at = 0;
    let seen = 0;
    while (at < worst.length - 1 && (at === 0 || seen + worst[at].count <= half)) {
      seen += worst[at].count;
      at += 1;
    }
    boxes.push(worst.splice(at));
    costs.delete(worst);
  }
  return boxes;
}

const costs = new WeakMap();

function cost(box) {
  if (!costs.has(box)) costs.set(box, Math.sqrt(weight(box)) * widestShift(box).spread);
  return costs.get(box);
}

function weight(box) {
  return box.reduce((sum, { count }) => sum + count, 0);
}

function widestShift(box) {
  const spreads = [16, 8, 0].map((shift) => {
    let [least, greatest] = [255, 0];
    for (const { colour } of box) {
      const value = (colour >> shift) & 255;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    return { shift, spread: greatest - least };
  });
  return spreads.reduce((a, b) => (a.spread >= b.spread ? a : b));
}

function mean(box) {
  const all = weight(box);
  const channel = (shift) =>
    Math.round(box.reduce((sum, { colour, count }) => sum + ((colour >> shift) & 255) * count, 0) / all);
  return (channel(16) << 16) | (channel(8) << 8) | channel(0);
}

function chunk(kind, data = Buffer.alloc(0)) {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

// The pixels of a PNG, each as one number of red, green and blue.
export function decode(png) {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error('not a PNG');
  const parts = [];
  let head = null;
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const kind = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') head = data;
    if (kind === 'IDAT') parts.push(data);
    at += length + 12;
  }
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const [depth, type, , , interlaced] = head.subarray(8);
  const bytes = CHANNELS[type];
  if (depth !== 8 || !bytes || interlaced) throw new Error(`a PNG of another form: ${[...head.subarray(8)]}`);
  const raw = unfilter(inflateSync(Buffer.concat(parts)), width * bytes, height, bytes);
  const pixels = new Uint32Array(width * height);
  for (let n = 0; n < pixels.length; n += 1) {
    const at = n * bytes;
    pixels[n] = (raw[at] << 16) | (raw[at + 1] << 8) | raw[at + 2];
  }
  return { width, height, pixels };
}

// Undoes the filter of each row (section 9.2 of the specification).
function unfilter(data, stride, height, bytes) {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = data[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const left = x >= bytes ? out[y * stride + x - bytes] : 0;
      const up = y > 0 ? out[(y - 1) * stride + x] : 0;
      const corner = x >= bytes && y > 0 ? out[(y - 1) * stride + x - bytes] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      out[y * stride + x] = data[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return out;
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
