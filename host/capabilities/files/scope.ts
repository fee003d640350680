import { z } from 'zod';
import { CodedError } from '../../../runtime/index.ts';
import { expected, fields, listOf, parsedBy } from '../../policy/schema-parts.ts';
import { filePath, size } from '../../policy/tool-schema.ts';
import { parseSize } from '../../policy/units.ts';
import { checkPattern } from './name-filter.ts';

const MIB = 2 ** 20;
/** Mounts of one grant: each holds up to three directories open while a call runs. */
const MOUNTS_MAX = 8;
const NAMES_MAX = 1_000_000;
const DEFAULT_BYTES = 64 * MIB;
const DEFAULT_NAMES = 10_000;
const DEFAULT_FILES_OUT = 100;

const MOUNT_NAME = /^\/(?:[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*)?$/;
const MOUNT_CHARS_MAX = 128;

const bytes = (example: string, max: number) =>
  size(example).transform(
    parsedBy((text) => {
      const parsed = parseSize(text);
      if (parsed > max)
        throw new CodedError('usage/invalid-argument', `expected a size of at most ${max / MIB}MiB, got ${parsed} bytes`);
      return parsed;
    }),
  );

const count = (max: number) => {
  const error = expected(`a whole number from 1 to ${max}`);
  return z.int({ error }).min(1, { error }).max(max, { error });
};

const namePatterns = 'a list of one or more patterns of names';

const only = listOf(z.string({ error: expected('a pattern of names') }).transform(parsedBy(checkPattern)), namePatterns)
  .min(1, { error: `expected ${namePatterns}, got an empty one` })
  .max(100, { error: 'expected at most 100 patterns' })
  .optional();

const choice = (what: string) =>
  z
    .enum(['never', 'allow'], { error: expected('`never` or `allow`') })
    .default('never')
    .describe(what);

const copyOut = fields('what leaves', {
  to: filePath('the path of a folder').describe(
    "Folder that the files go to, which must be there; a relative path starts at the policy's folder. No part of it may be a link.",
  ),
  only: only.describe('Names of files that may leave, such as `*.csv` or `**/*.json`; another one refuses the whole copy.'),
  files: count(10_000).default(DEFAULT_FILES_OUT).describe('Most files that leave.'),
  fileBytes: bytes('1MiB', 1024 * MIB)
    .optional()
    .describe('Most bytes of one file; absent: as `bytes`.'),
  bytes: bytes('10MiB', 1024 * MIB)
    .optional()
    .describe('Most bytes of all files; absent: as `bytes` of the grant.'),
  overwrite: choice('Whether files that are there may be replaced.'),
  remove: choice('Whether files that the tool removed from its copy may be removed from the folder.'),
});

const mount = fields('a mount', {
  from: filePath('the path of a file or folder')
    .optional()
    .describe(
      "File or folder that is copied in; a relative path starts at the policy's folder. No part of it may be a link. Absent: the mount is empty.",
    ),
  access: z
    .enum(['read', 'write'], { error: expected('`read` or `write`') })
    .default('read')
    .describe('`write`: the tool may change its own copy, never what it came from.'),
  only: only.describe('Names of files that are copied in, such as `*.csv` or `**/*.json`; absent: all that are not hidden.'),
  copyOut: copyOut.optional().describe('What leaves when the call ended well; absent: nothing.'),
})
  .refine((value) => value.copyOut === undefined || value.access === 'write', {
    path: ['access'],
    error: 'expected `write` where `copyOut` is: nothing can change otherwise',
  })
  .refine((value) => value.from !== undefined || value.access === 'write', {
    path: ['from'],
    error: 'missing; expected the path of a file or folder, or `access: write`',
  })
  .refine((value) => value.from !== undefined || value.only === undefined, {
    path: ['only'],
    error: 'expected `from` beside it: nothing is copied in',
  });

function isMountName(text: string): boolean {
  if (text.length > MOUNT_CHARS_MAX || !MOUNT_NAME.test(text)) return false;
  return !text.split('/').some((part) => part === '.' || part === '..');
}

const mountNameError = expected('the path by which the tool knows it, such as `/in`');
const mountName = z
  .string({ error: mountNameError })
  .refine(isMountName, { error: mountNameError })
  .meta({ pattern: MOUNT_NAME.source, maxLength: MOUNT_CHARS_MAX });

const mounts = z
  .record(mountName, mount, {
    error: (issue) =>
      issue.code === 'invalid_key'
        ? 'expected the path by which the tool knows it, such as `/in`'
        : expected('a mapping of paths to mounts')(issue),
  })
  .superRefine((value, context) => {
    const names = Object.keys(value);
    const refuse = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', path, message });
    if (names.length < 1 || names.length > MOUNTS_MAX) refuse(`expected 1 to ${MOUNTS_MAX} mounts, got ${names.length}`);
    for (const name of names) {
      const outer = names.find((other) => other !== name && `${name}/`.startsWith(other === '/' ? '/' : `${other}/`));
      if (outer !== undefined) refuse(`expected mounts beside each other, got one inside of \`${outer}\``, [name]);
    }
  });

/** What a policy says in `files: {...}`. */
export const filesScope = fields('the scope of `files`', {
  mounts: mounts.describe('What the tool finds, by the path by which it knows it.'),
  bytes: bytes('64MiB', 1024 * MIB)
    .default(DEFAULT_BYTES)
    .describe('Most bytes in files that the tool makes or changes.'),
  names: count(NAMES_MAX).default(DEFAULT_NAMES).describe('Most names of files and folders, those copied in among them.'),
  keep: z
    .enum(['call', 'session'], { error: expected('`call` or `session`') })
    .default('call')
    .describe(
      'How long the changes of the tool live: a call, or the calls of one agent in one session while they are in memory.',
    ),
});

export type FilesScope = z.infer<typeof filesScope>;
export type MountScope = FilesScope['mounts'][string];
