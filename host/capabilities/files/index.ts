import type { Capability, FilesSetup, HostCallContext, HostFunction } from '../../../runtime/index.ts';
import { type CapabilityCall, type CapabilityEntry, defineCapability, type Grant } from '../capability.ts';
import { CallFiles } from './call-files.ts';
import type { CopyOutHooks } from './copy-out.ts';
import { checkPlatform } from './folder.ts';
import { checkPlaces, type PlacedScope, placeScope } from './placed-scope.ts';
import { type FilesScope, filesScope } from './scope.ts';
import { Sessions } from './sessions.ts';

/** What tests may set. */
export interface FilesOptions extends CopyOutHooks {
  readonly platform?: string;
}

/**
 * Makes the capability `files` for one grant.
 *
 * @throws CodedError `capability/unavailable` on systems without what a safe walk needs; `policy/invalid-document` for a scope that reaches
 * the policy or the state of the host.
 */
export function openFiles(grant: Grant<FilesScope>, options: FilesOptions = {}): readonly Capability[] {
  checkPlatform(options.platform);
  const { policyFolder, stateFolder } = grant.host;
  const placed = new WeakMap<FilesScope, PlacedScope>();
  const place = (scope: FilesScope): PlacedScope => {
    const known = placed.get(scope) ?? placeScope(scope, policyFolder);
    placed.set(scope, known);
    return known;
  };
  const own = place(grant.scope);
  checkPlaces(own, policyFolder, stateFolder);
  const key = {};
  const cleaned = new Set<string>();
  const sessions = new Sessions(options.nowMs ?? Date.now);
  // A session is kept where each scope of the chain says so, since what is kept reaches the calls that come later.
  const sessionOf = ({ agent, session }: CapabilityCall, scopes: readonly FilesScope[]) =>
    session !== undefined && scopes.every(({ keep }) => keep === 'session') ? sessions.open(agent, session, scopes) : undefined;
  const filesOf = (context: HostCallContext): CallFiles => {
    const call = grant.callOf(context);
    return call.state(
      key,
      () => {
        const scopes = grant.scopesFor(call);
        const [own, ...others] = scopes.map(place);
        return new CallFiles({ own: own!, others, call, cleaned, hooks: options, session: sessionOf(call, scopes) });
      },
      (files, cell) => files.end(cell),
    );
  };
  return [
    { kind: 'wasi', name: 'files', setup: { files: setupOf(own) }, interfaces: ['cellblock:host/files'], back: backOf(filesOf) },
  ];
}

function setupOf(own: PlacedScope): FilesSetup {
  return {
    mounts: own.mounts.map(({ name, writable }) => ({ name, writable })),
    bytesMax: own.bytesMax,
    inodesMax: own.namesMax,
  };
}

/** The arguments have the types of `FILES_BACK`: the trusted side decoded them by these. */
function backOf(filesOf: (context: HostCallContext) => CallFiles) {
  return {
    'files.list': ([from], context) => filesOf(context).list(from as number),
    'files.read': ([mount, path, offset, length], context) =>
      filesOf(context).read(mount as number, path as string, offset as bigint, length as number),
    'files.put': ([mount, path, isDirectory, offset, bytes], context) =>
      filesOf(context).put(mount as number, path as string, isDirectory as boolean, offset as bigint, bytes as Uint8Array),
    'files.remove': ([mount, path], context) => filesOf(context).remove(mount as number, path as string),
    'files.commit': (_, context) => filesOf(context).commit(),
  } satisfies Readonly<Record<string, HostFunction>>;
}

/** Files of a call's own: what is copied in, a private copy to change, and what may leave it. See docs/files.md. */
export const FILES: CapabilityEntry = defineCapability({
  name: 'files',
  summary: 'have files copied in, change its own copy of them, and leave those that the scope lets out',
  interfaces: ['cellblock:host/files@0.1.0'],
  opens: ['wasi:filesystem/'],
  scope: filesScope,
  names: ({ mounts }: FilesScope) => ({
    paths: Object.values(mounts).flatMap(({ from, copyOut }) => [from ?? [], copyOut?.to ?? []].flat()),
  }),
  open: (grant: Grant<FilesScope>) => openFiles(grant),
});
