// Reads a QR code back from its modules: those of level M with one piece of bytes (ISO/IEC 18004). What does not read is no
// code: a scanner would mend some damage, and here there is none to mend.

// Table 9, level M, by version: codewords of error correction in a block, and blocks.
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, ...Array(19).fill(28)];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49];
const FORMAT_MASK = 0x5412;
const BYTES = 4;

const MASKS = [
  (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

// Rows and columns in which the middles of the small squares lie.
function alignments(version, side) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, n) => side - 7 - n * step).reverse()];
}

// Whether a module belongs to the frame of the code and not to what it says.
function isFrame(x, y, version, side, middles) {
  const far = side - 8;
  if (x === 6 || y === 6) return true;
  if ((x < 9 && y < 9) || (x >= far && y < 9) || (x < 9 && y >= far)) return true;
  if (version >= 7 && ((x >= side - 11 && y < 6) || (y >= side - 11 && x < 6))) return true;
  const last = middles.length - 1;
  return middles.some((my, row) => middles.some((mx, column) => {
    const inCorner = (row === 0 && column === 0) || (row === 0 && column === last) || (row === last && column === 0);
    return !inCorner && Math.abs(x - mx) <= 2 && Math.abs(y - my) <= 2;
  }));
}

// The codewords in the order in which they stand, in pairs of columns from the right.
function codewords(dark, version, side, mask) {
  const middles = alignments(version, side);
  const bits = [];
  for (let right = side - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const upwards = ((right + 1) & 2) === 0;
    for (let step = 0; step < side; step += 1) {
      const y = upwards ? side - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (!isFrame(x, y, version, side, middles)) bits.push(dark(x, y) !== (MASKS[mask](x, y) === 0) ? 1 : 0);
      }
    }
  }
  return Array.from({ length: bits.length >> 3 }, (_, n) => Number.parseInt(bits.slice(n * 8, n * 8 + 8).join(''), 2));
}

// What the blocks say, one after the other: they stand interleaved, the shorter ones first.
function untwined(words, version) {
  const [count, correction] = [BLOCKS[version - 1], CORRECTION[version - 1]];
  const short = Math.floor(words.length / count) - correction;
  const shorts = count - (words.length % count);
  const blocks = Array.from({ length: count }, () => []);
  let at = 0;
  for (let n = 0; n <= short; n += 1) {
    for (let block = n < short ? 0 : shorts; block < count; block += 1) blocks[block].push(words[at++]);
  }
  return blocks.flat();
}

// The text of a code of `side` modules; `dark(x, y)` looks at one.
export function readQr(side, dark) {
  const version = (side - 17) / 4;
  if (!Number.isInteger(version) || version < 1 || version > 40) throw new Error(`no code has ${side} modules`);
  const around = [...Array.from({ length: 6 }, (_, n) => [n, 8]), [7, 8], [8, 8], [8, 7], ...Array.from({ length: 6 }, (_, n) => [8, 5 - n])];
  const format = around.reduce((bits, [x, y]) => (bits << 1) | (dark(x, y) ? 1 : 0), 0) ^ FORMAT_MASK;
  if (format >> 13 !== 0) throw new Error(`a code of another level, or none: ${format.toString(2)}`);
  const words = untwined(codewords(dark, version, side, (format >> 10) & 7), version);
  const nibbles = words.flatMap((word) => [word >> 4, word & 15]);
  if (nibbles[0] !== BYTES) throw new Error(`a code of another mode: ${nibbles[0]}`);
  const counted = version < 10 ? 2 : 4;
  const length = nibbles.slice(1, 1 + counted).reduce((sum, one) => sum * 16 + one, 0);
  const said = nibbles.slice(1 + counted, 1 + counted + 2 * length);
  return Buffer.from(Array.from({ length }, (_, n) => said[2 * n] * 16 + said[2 * n + 1])).toString('utf8');
}
