import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCapability } from '../../host/capabilities/index.ts';
import { LoneCall } from '../../host/lone-call.ts';
import type { HostCallContext } from '../../runtime/index.ts';

/* A call that no warden looks after. */

describe('a lone call', () => {
  it('lets go of what capabilities kept for it, also where it could not be run to its end', async () => {
    const ended: string[] = [];
    const key = {};
    const entry = defineCapability<unknown>({
      name: 'own',
      summary: 'keep something for a call',
      interfaces: ['test:own/own@1.0.0'],
      scope: z.undefined(),
      open: (grant) => [
        {
          kind: 'bridged',
          name: 'own',
          interface: 'test:own/own@1.0.0',
          functions: {
            keep: (_, context) => {
              grant.callOf(context).state(
                key,
                () => 'kept',
                (state, cell) => void ended.push(`${state} ${cell.error?.code}`),
              );
              return undefined;
            },
          },
        },
      ],
    });
    const lone = new LoneCall({ tool: 't', entries: [entry], grants: ['own'], scopes: new Map(), folder: '/' });
    const [own] = lone.capabilities;
    const broken = lone.run(1000, async ({ ref }) => {
      if (own?.kind === 'bridged') await own.functions.keep!([], { ref } as HostCallContext);
      throw new TypeError('the runner is gone');
    });
    await expect(broken).rejects.toThrow('the runner is gone');
    expect(ended).toEqual(['kept internal/invariant']);
  });
});
