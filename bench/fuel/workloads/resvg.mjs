import { digest, numbers } from '../data.mjs';

const SIZE = 400;

/** Draws an SVG: paths, gradients, strokes, a blur. Rust. */
export default {
  name: 'resvg',
  kind: 'layout',
  packages: ['@resvg/resvg-wasm@2.6.2'],
  async load({ load, file }) {
    const { initWasm, Resvg } = await load('@resvg/resvg-wasm/index.mjs');
    await initWasm(file('@resvg/resvg-wasm/index_bg.wasm'));
    const source = drawing(240);
    return () => {
      const resvg = new Resvg(source);
      const image = resvg.render();
      const answer = digest(image.pixels, image.width);
      image.free();
      resvg.free();
      return answer;
    };
  },
};

function drawing(shapes) {
  const next = numbers(2);
  const place = () => next() % SIZE;
  const path = () => {
    const fill = (next() % 4096).toString(16).padStart(3, '0');
    const curve = `M${place()} ${place()}C${place()} ${place()} ${place()} ${place()} ${place()} ${place()}Z`;
    return `<path d="${curve}" fill="#${fill}" fill-opacity=".4" stroke="#000" stroke-width="${next() % 4}"/>`;
  };
  const circle = (at) =>
    `<circle cx="${place()}" cy="${place()}" r="${next() % 60}" fill="url(#g)" opacity=".5" ${at % 60 === 0 ? 'filter="url(#b)"' : ''}/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE}" height="${SIZE}"><defs>
    <linearGradient id="g"><stop offset="0" stop-color="#f00"/><stop offset="1" stop-color="#00f"/></linearGradient>
    <filter id="b"><feGaussianBlur stdDeviation="6"/></filter></defs><rect width="${SIZE}" height="${SIZE}" fill="url(#g)"/>
    ${Array.from({ length: shapes }, (_, at) => (at % 3 === 0 ? circle(at) : path())).join('')}</svg>`;
}
