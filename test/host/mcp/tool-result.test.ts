import { describe, expect, it } from 'vitest';
import { toolResult } from '../../../host/mcp/tool-result.ts';
import type { AgentOutcome, ToolListing } from '../../../host/serving/index.ts';
import type { ValueType } from '../../../runtime/index.ts';

const RECEIPT = { audit: 'a1', fuel: '12', wallMs: 3.5 };
/** An outcome as far as a result looks at it. */
const outcome = (parts: object): AgentOutcome => ({ receipt: RECEIPT, ...parts }) as AgentOutcome;
const noLink = () => undefined;
const result = (
  parts: object,
  form: ToolListing['result'] = { form: 'wrapped' },
  linkOf: (id: string) => string | undefined = noLink,
) => toolResult(outcome(parts), form, linkOf);

const MEDIA: ValueType = {
  kind: 'record',
  typeName: { name: 'media', interface: 'cellblock:host/media@0.1.0' },
  fields: [
    { name: 'data', type: { kind: 'list', element: { kind: 'u8' } } },
    { name: 'mime-type', type: { kind: 'string' } },
  ],
};
const file = (mimeType: string, text: string) => ({ data: Buffer.from(text).toString('base64'), 'mime-type': mimeType });

describe('a result that is ok', () => {
  it('is text as it is, and structured content in an object of one member', () => {
    expect(result({ kind: 'ok', value: 'hi "x"' })).toEqual({
      content: [{ type: 'text', text: 'hi "x"' }],
      structuredContent: { value: 'hi "x"' },
      _meta: { 'cellblock/outcome': { kind: 'ok', audit: 'a1', fuel: '12', wallMs: 3.5 } },
    });
  });

  it('is exact JSON where it is no text, -0 and 64-bit numbers too', () => {
    expect(result({ kind: 'ok', value: [-0, '18446744073709551615', null] }).content).toEqual([
      { type: 'text', text: '[-0,"18446744073709551615",null]' },
    ]);
  });

  it('is structured content itself where it is a record', () => {
    expect(result({ kind: 'ok', value: { x: 1 } }, { form: 'object' })).toMatchObject({
      content: [{ type: 'text', text: '{"x":1}' }],
      structuredContent: { x: 1 },
    });
  });

  it('is null where the function returns nothing', () => {
    expect(result({ kind: 'ok' }, { form: 'none' }).content).toEqual([{ type: 'text', text: 'null' }]);
  });

  it('is an error where the result was not kept, as nothing would fit the output schema', () => {
    expect(result({ kind: 'ok' })).toMatchObject({ isError: true, _meta: { 'cellblock/outcome': { kind: 'ok' } } });
  });
});

describe('files in a result', () => {
  it('alone are content of their own, and no structured content', () => {
    const media = { form: 'media', type: MEDIA } as const;
    const content = (mimeType: string, text: string) => result({ kind: 'ok', value: file(mimeType, text) }, media);
    expect(content('image/png', 'P')).toEqual({
      content: [{ type: 'image', data: 'UA==', mimeType: 'image/png' }],
      _meta: expect.anything(),
    });
    expect(content('audio/wav', 'W').content).toEqual([{ type: 'audio', data: 'Vw==', mimeType: 'audio/wav' }]);
    expect(content('text/plain', 'ä').content).toEqual([
      { type: 'resource', resource: { uri: 'cellblock:media/0', mimeType: 'text/plain', text: 'ä' } },
    ]);
    expect(content('application/pdf', '%').content).toEqual([
      { type: 'resource', resource: { uri: 'cellblock:media/0', mimeType: 'application/pdf', blob: 'JQ==' } },
    ]);
  });

  it('that say they are text and are not stay bytes', () => {
    const value = { data: '/w==', 'mime-type': 'text/plain' };
    expect(result({ kind: 'ok', value }, { form: 'media', type: MEDIA }).content).toEqual([
      { type: 'resource', resource: { uri: 'cellblock:media/0', mimeType: 'text/plain', blob: '/w==' } },
    ]);
  });

  it('in a list need no text, and beside other values stand where they were by their numbers', () => {
    const list = { form: 'media', type: { kind: 'list', element: MEDIA } } as const;
    expect(
      result({ kind: 'ok', value: [file('image/png', 'P'), file('image/png', 'P')] }, list).content.map(({ type }) => type),
    ).toEqual(['image', 'image']);
    expect(result({ kind: 'ok', value: [] }, list).content).toEqual([{ type: 'text', text: '[]' }]);
    const fields = [
      { name: 'title', type: { kind: 'string' } },
      { name: 'picture', type: MEDIA },
    ] as const;
    const record = { form: 'media', type: { kind: 'record', fields } } as const;
    expect(result({ kind: 'ok', value: { title: 't', picture: file('image/png', 'P') } }, record).content).toEqual([
      { type: 'text', text: '{"title":"t","picture":{"media":0}}' },
      { type: 'image', data: 'UA==', mimeType: 'image/png' },
    ]);
  });
});

describe('a result that is not ok', () => {
  it('of a tool is what the tool said', () => {
    expect(
      result({ kind: 'tool-error', value: { tag: 'no-disk' }, error: { code: 'tool/error', message: 'm', help: 'h' } }),
    ).toMatchObject({
      isError: true,
      content: [{ text: '{"tag":"no-disk"}' }],
      _meta: { 'cellblock/outcome': { kind: 'tool-error', code: 'tool/error' } },
    });
  });

  it.each(['refused', 'limited', 'trapped', 'failed', 'cancelled', 'tool-error'])(
    'that is %s says why and what to do',
    (kind) => {
      const said = result({ kind, error: { code: 'limit/fuel', message: 'too much', help: 'try less' } });
      expect(said).toMatchObject({ isError: true, content: [{ text: `${kind}: too much [limit/fuel]\nhelp: try less` }] });
      expect(said.structuredContent).toBeUndefined();
    },
  );

  it('and waits for a human says until when, where to look, and to call again', () => {
    const approval = { id: 'k7q2m-9xw4d', expiresAt: Date.UTC(2026, 0, 1), channels: [] };
    expect(result({ kind: 'pending', approval }).content).toEqual([
      {
        type: 'text',
        text: [
          'pending: nothing has run; a human is asked whether this call may run (approval k7q2m-9xw4d)',
          'until: 2026-01-01T00:00:00.000Z; no answer by then is a no',
          'where: `cellblock approvals show k7q2m-9xw4d`',
          'help: tell your user, and call again with the same arguments after that',
        ].join('\n'),
      },
    ]);
    const linked = result({ kind: 'pending', approval }, { form: 'none' }, (id) => `http://127.0.0.1/console/approvals/${id}`);
    expect(linked).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('where: http://127.0.0.1/console/approvals/k7q2m-9xw4d') }],
      _meta: {
        'cellblock/outcome': {
          approval: { id: approval.id, expiresAt: approval.expiresAt, url: expect.stringContaining('/console/') },
        },
      },
    });
  });
});
