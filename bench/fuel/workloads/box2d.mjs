import { digest } from '../data.mjs';

/** A pyramid of boxes falls. C++, Emscripten. */
export default {
  name: 'box2d',
  kind: 'physics',
  packages: ['box2d-wasm@7.0.0'],
  async load({ commonJs, path, file }) {
    const box2d = await commonJs(path('box2d-wasm/dist/umd/Box2D.js'))({ wasmBinary: file('box2d-wasm/dist/umd/Box2D.wasm') });
    return () => work(box2d);
  },
};

function work(box2d) {
  const own = [];
  const make = (name, ...args) => {
    const object = new box2d[name](...args);
    own.push(object);
    return object;
  };
  const world = new box2d.b2World(make('b2Vec2', 0, -10));
  const ground = make('b2EdgeShape');
  ground.SetTwoSided(make('b2Vec2', -40, 0), make('b2Vec2', 40, 0));
  world.CreateBody(make('b2BodyDef')).CreateFixture(ground, 0);
  const box = make('b2PolygonShape');
  box.SetAsBox(0.5, 0.5);
  const bodies = [];
  for (let row = 0; row < 22; row += 1) {
    for (let column = 0; column < 22 - row; column += 1) {
      const definition = make('b2BodyDef');
      definition.set_type(box2d.b2_dynamicBody);
      definition.set_position(make('b2Vec2', -12 + row * 0.56 + column * 1.125, 0.75 + row * 1.25));
      const body = world.CreateBody(definition);
      body.CreateFixture(box, 5);
      bodies.push(body);
    }
  }
  for (let step = 0; step < 300; step += 1) world.Step(1 / 60, 3, 3);
  const answer = digest(
    Float32Array.from(bodies.flatMap((body) => [body.GetPosition().get_x(), body.GetPosition().get_y(), body.GetAngle()])),
  );
  for (const object of [world, ...own]) box2d.destroy(object);
  return answer;
}
