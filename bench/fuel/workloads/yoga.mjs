import { digest, numbers } from '../data.mjs';

/** Flexbox layout of a tree. C++, Emscripten; every node is made by calls from JavaScript. */
export default {
  name: 'yoga',
  kind: 'layout',
  packages: ['yoga-layout@3.2.1'],
  async load({ load }) {
    const { loadYoga } = await load('yoga-layout/dist/src/load.js');
    const yoga = await loadYoga();
    return () => work(yoga);
  },
};

function work(yoga) {
  const next = numbers(8);
  const leaves = [];
  const grow = (parent, depth) => {
    for (let at = 0; at < 7; at += 1) {
      const node = yoga.Node.create();
      node.setFlexGrow(next() % 3);
      node.setFlexDirection(next() % 4);
      node.setPadding(8, next() % 5);
      node.setMargin(8, next() % 4);
      parent.insertChild(node, at);
      if (depth > 0) grow(node, depth - 1);
      else {
        node.setMinWidth(5 + (next() % 40));
        node.setHeight(4 + (next() % 20));
        leaves.push(node);
      }
    }
  };
  const root = yoga.Node.create();
  root.setFlexDirection(2);
  root.setFlexWrap(1);
  grow(root, 3);
  const places = [];
  for (let width = 800; width < 1200; width += 50) {
    root.setWidth(width);
    root.calculateLayout(undefined, undefined, 1);
    for (let at = 0; at < leaves.length; at += 17) places.push(leaves[at].getComputedLeft(), leaves[at].getComputedTop());
  }
  root.freeRecursive();
  return digest(places);
}
