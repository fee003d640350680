import { digest } from '../data.mjs';

/** Balls and boxes fall in three dimensions. Rust. */
export default {
  name: 'rapier',
  kind: 'physics',
  packages: ['@dimforge/rapier3d-compat@0.21.0'],
  async load({ commonJs }) {
    const rapier = commonJs('@dimforge/rapier3d-compat');
    await rapier.init();
    return () => work(rapier);
  },
};

function work({ World, ColliderDesc, RigidBodyDesc }) {
  const world = new World({ x: 0, y: -9.81, z: 0 });
  world.createCollider(ColliderDesc.cuboid(30, 0.5, 30));
  const bodies = [];
  for (let at = 0; at < 200; at += 1) {
    const place = [(at % 7) * 1.05 - 3, 2 + Math.floor(at / 49) * 1.2, (Math.floor(at / 7) % 7) * 1.05 - 3];
    const body = world.createRigidBody(RigidBodyDesc.dynamic().setTranslation(...place));
    world.createCollider(at % 2 === 0 ? ColliderDesc.cuboid(0.5, 0.5, 0.5) : ColliderDesc.ball(0.5), body);
    bodies.push(body);
  }
  for (let step = 0; step < 120; step += 1) world.step();
  const places = bodies.map((body) => body.translation()).flatMap(({ x, y, z }) => [x, y, z]);
  world.free();
  return digest(Float32Array.from(places));
}
