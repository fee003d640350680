import { z } from 'zod';
import { expected, fields, name } from '../policy/schema-parts.ts';
import { type CapabilityEntry, defineCapability } from './capability.ts';

/** Names of settings; those of variables are the ones without `.` and `-`. */
const SETTING_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Bytes of all names and values together: they are in the memory of each call that asks. */
const CONFIG_BYTES_MAX = 64 * 1024;

const TEXT = 'text in quotes, without NUL';

const values = z
  .record(
    name(SETTING_NAME, 'the name of a setting, of letters, digits and `.`, `_`, `-`'),
    z
      .string({ error: expected(TEXT) })
      .refine((text) => !/[\0\p{Cs}]/u.test(text), { error: expected(TEXT) })
      .describe('Text that the tool gets; no secret.'),
    { error: expected('a mapping of settings') },
  )
  .refine((settings) => Object.keys(settings).length > 0, { error: 'expected one or more settings, got none' })
  .refine((settings) => Buffer.byteLength(Object.entries(settings).flat().join('')) <= CONFIG_BYTES_MAX, {
    error: `expected settings of at most ${CONFIG_BYTES_MAX / 1024}KiB together`,
  });

/** What a policy says of `config`. */
const configScope = fields('the fields of `config`', {
  values: values.describe('Settings by name, in the order in which the tool gets them.'),
  env: z
    .boolean({ error: expected('true or false') })
    .optional()
    .describe('True: they are the environment variables of the tool, too.'),
}).superRefine(({ values: settings, env }, context) => {
  if (env !== true) return;
  for (const key of Object.keys(settings)) {
    if (VARIABLE_NAME.test(key)) continue;
    const message = 'with `env: true` expected the name of a variable, of letters, digits and `_`';
    context.addIssue({ code: 'custom', path: ['values', key], message });
  }
});

type ConfigScope = z.output<typeof configScope>;

/**
 * `cellblock:host/config`: settings that the policy gives to a tool. They are served inside the worker; there is nothing to check in a call,
 * since they are the tool's own whoever calls it.
 */
export const CONFIG: CapabilityEntry = defineCapability<ConfigScope>({
  name: 'config',
  summary: 'read the settings that the policy gives to it',
  interfaces: ['cellblock:host/config@0.1.0'],
  opens: ['wasi:cli/environment'],
  effect: 'none',
  scope: configScope,
  open: ({ scope }) => {
    const config = Object.entries(scope.values);
    const setup = scope.env === true ? { config, env: config } : { config };
    return [{ kind: 'wasi', name: 'config', setup, interfaces: ['cellblock:host/config'] }];
  },
});
