import { describe, expect, it } from 'vitest';
import { type Session, type SessionLimits, Sessions } from '../../../host/mcp/sessions.ts';

const LIMITS: SessionLimits = { sessionsMax: 4, sessionsPerAgentMax: 2, idleMsMax: 1000 };

function house(limits = LIMITS) {
  let nowMs = 0;
  const ended: string[] = [];
  const sessions = new Sessions<Session>(limits, () => nowMs);
  const add = (agent: string, id: string, running = 0) => {
    const session: Session = {
      id,
      agent,
      running,
      close: async () => {
        ended.push(id);
      },
    };
    return { session, added: sessions.add(session) };
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { sessions, ended, add, pass };
}

describe('Sessions', () => {
  it('finds a session for the agent that opened it, and for no other', () => {
    const { sessions, add } = house();
    const { session } = add('one', 'a');
    expect(sessions.find('a', 'one')).toBe(session);
    expect(sessions.find('a', 'two')).toBeUndefined();
    expect(sessions.find('b', 'one')).toBeUndefined();
  });

  it("ends an agent's own least recently used session where it has too many", () => {
    const { sessions, ended, add } = house();
    add('two', 'x');
    add('one', 'a');
    add('one', 'b');
    sessions.find('a', 'one');
    expect(add('one', 'c').added).toBe(true);
    expect(ended).toEqual(['b']);
  });

  it('ends the least recently used one of all where there are too many', () => {
    const { ended, add } = house();
    for (const [agent, id] of [
      ['one', 'a'],
      ['two', 'b'],
      ['three', 'c'],
      ['four', 'd'],
    ] as const)
      add(agent, id);
    expect(add('five', 'e').added).toBe(true);
    expect(ended).toEqual(['a']);
  });

  it('ends none that is at work, and refuses the new one where all are', () => {
    const { sessions, ended, add } = house();
    add('one', 'a', 1);
    add('one', 'b', 1);
    expect(add('one', 'c').added).toBe(false);
    expect(ended).toEqual([]);
    expect(sessions.find('c', 'one')).toBeUndefined();
    expect(add('two', 'd').added).toBe(true);
  });

  it('ends what is idle for too long, and not what is used or at work', () => {
    const { sessions, ended, add, pass } = house();
    add('one', 'a');
    add('two', 'b');
    const { session: busy } = add('three', 'c', 1);
    pass(999);
    sessions.find('b', 'two');
    pass(1);
    sessions.endIdle();
    expect(ended).toEqual(['a']);
    pass(999);
    busy.running = 0;
    sessions.endIdle();
    expect(ended).toEqual(['a', 'b']);
    pass(1);
    sessions.endIdle();
    expect(ended).toEqual(['a', 'b', 'c']);
    expect(sessions.size).toBe(0);
  });

  it('ends all when it is closed', async () => {
    const { sessions, ended, add } = house();
    add('one', 'a');
    add('two', 'b', 1);
    await sessions.close();
    expect(ended).toEqual(['a', 'b']);
  });
});
