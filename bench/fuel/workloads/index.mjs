// The workloads: programs that others published, each with a job whose answer is its own oracle.
import argon2 from './argon2.mjs';
import bcrypt from './bcrypt.mjs';
import blake3 from './blake3.mjs';
import box2d from './box2d.mjs';
import brotli from './brotli.mjs';
import dprint from './dprint.mjs';
import draco from './draco.mjs';
import esModuleLexer from './es-module-lexer.mjs';
import esbuild from './esbuild.mjs';
import harfbuzz from './harfbuzz.mjs';
import hashes from './hashes.mjs';
import libsodium from './libsodium.mjs';
import llhttp from './llhttp.mjs';
import lua from './lua.mjs';
import lz4 from './lz4.mjs';
import oniguruma from './oniguruma.mjs';
import png from './png.mjs';
import quickjs from './quickjs.mjs';
import rapier from './rapier.mjs';
import resvg from './resvg.mjs';
import sourceMap from './source-map.mjs';
import sqlite from './sqlite.mjs';
import sqljs from './sqljs.mjs';
import swc from './swc.mjs';
import tiktoken from './tiktoken.mjs';
import webp from './webp.mjs';
import yoga from './yoga.mjs';
import zstd from './zstd.mjs';

/**
 * Jobs of `{name, kind, packages, load}`. `packages` are npm specifiers. `load` gets ways into the folder where they are
 * installed: `commonJs`, `load` (an import by file), `path` and `file` (its bytes); it returns the job: a function, perhaps
 * asynchronous, whose answer is the same text each time.
 */
export const WORKLOADS = [
  lua,
  quickjs,
  oniguruma,
  sqljs,
  sqlite,
  esbuild,
  swc,
  dprint,
  esModuleLexer,
  sourceMap,
  llhttp,
  tiktoken,
  brotli,
  zstd,
  lz4,
  png,
  webp,
  draco,
  argon2,
  bcrypt,
  hashes,
  blake3,
  libsodium,
  harfbuzz,
  resvg,
  yoga,
  box2d,
  rapier,
];
