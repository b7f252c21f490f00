// Sounds that tests make by themselves.

const RATE_HZ = 22050;

// 16 bit, mono; sample: (seconds) => [-1, 1].
export function toWav(length, sample) {
  const count = Math.round(length * RATE_HZ);
  const bytes = Buffer.alloc(44 + 2 * count);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + 2 * count, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE_HZ, 24);
  bytes.writeUInt32LE(2 * RATE_HZ, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * count, 40);
  for (let i = 0; i < count; ++i) bytes.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, sample(i / RATE_HZ)))), 44 + 2 * i);
  return bytes;
}

// Vowels of a voice of 120 Hz, as short as syllables are, with the pauses between words: what coordinator/http/hearing.h takes for speech.
export function speechLike(seconds) {
  const [long, sounds] = [0.4, 0.12];
  const at = seconds % long;
  if (at > sounds) return 0;
  let sum = 0;
  for (let k = 1; k <= 25; ++k) {
    const hz = 120 * k;
    const formants = Math.exp(-(((hz - 700) / 250) ** 2)) + 0.6 * Math.exp(-(((hz - 1700) / 300) ** 2)) + 0.1;
    sum += formants * Math.sin(2 * Math.PI * hz * seconds);
  }
  return 0.1 * sum * Math.sin(Math.PI * at / sounds);
}
