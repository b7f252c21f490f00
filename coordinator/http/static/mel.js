// The mel picture: levels as colours from dark over violet and orange to light.

const STOPS = [[0, 4, 20], [60, 15, 110], [160, 40, 110], [230, 100, 50], [252, 200, 90], [252, 250, 200]];

function colourOf(level) {
  const place = (level / 255) * (STOPS.length - 1);
  const i = Math.min(Math.floor(place), STOPS.length - 2);
  return STOPS[i].map((from, k) => from + (STOPS[i + 1][k] - from) * (place - i));
}

// mel: {bands, frames, levels: base64 of [bands × frames], lowest band first}
export function drawMel(canvas, {bands, frames, levels}) {
  const bytes = Uint8Array.from(atob(levels), (letter) => letter.charCodeAt(0));
  canvas.width = frames;
  canvas.height = bands;
  const context = canvas.getContext('2d');
  const image = context.createImageData(frames, bands);
  for (let band = 0; band < bands; ++band) {
    for (let frame = 0; frame < frames; ++frame) {
      const [red, green, blue] = colourOf(bytes[band * frames + frame]);
      image.data.set([red, green, blue, 255], 4 * ((bands - 1 - band) * frames + frame));
    }
  }
  context.putImageData(image, 0, 0);
}
