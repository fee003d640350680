import { digest, prose } from '../data.mjs';

/** Shapes text and takes the outlines of glyphs. C++, Emscripten. */
export default {
  name: 'harfbuzz',
  kind: 'layout',
  packages: ['harfbuzzjs@1.6.4', 'dejavu-fonts-ttf@2.37.3'],
  async load({ load, file }) {
    const harfbuzz = await load('harfbuzzjs/dist/index.mjs');
    const data = new Uint8Array(file('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
    const font = new harfbuzz.Font(new harfbuzz.Face(new harfbuzz.Blob(data.buffer)));
    const lines = prose(150_000).split('. ');
    return () => {
      const glyphs = lines.map((line) => shape(harfbuzz, font, `${line} ffi fl \u0633\u0644\u0627\u0645`));
      return digest(
        glyphs,
        Array.from({ length: 800 }, (_, glyph) => font.glyphToPath(glyph).length),
      );
    };
  },
};

function shape(harfbuzz, font, text) {
  const buffer = new harfbuzz.Buffer();
  buffer.addText(text);
  buffer.guessSegmentProperties();
  harfbuzz.shape(font, buffer);
  const advances = buffer.getGlyphPositions();
  return buffer
    .getGlyphInfos()
    .reduce((sum, { codepoint }, at) => (Math.imul(sum, 31) + codepoint * 7 + advances[at].xAdvance) | 0, 0);
}
