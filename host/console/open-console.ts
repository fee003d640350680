import { CodedError } from '../../runtime/index.ts';
import { type LiveWarden, Principals } from '../serving/index.ts';
import { ChainChecks } from './chain-check.ts';
import { LoginBrake } from './login-brake.ts';
import { RequestFeed } from './request-feed.ts';
import { consoleRoutes } from './routes.ts';
import { Sessions } from './sessions.ts';
import { Turns } from './turns.ts';

export interface ConsoleOptions {
  readonly live: LiveWarden;
  /** Where the console is mounted; default `/console`. Cookies are for this path. */
  readonly basePath?: string;
  /** Hears of errors of the console itself; pages do not show them. */
  readonly onProblem?: (problem: string) => void;
}

export interface OperatorConsole {
  /** Answers every request below the base path. Whoever calls has checked the Host. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Logs everybody out and hears no more of the warden. */
  close(): void;
}

/**
 * Opens the console of a warden. Who comes proves with a token or JWT to be an operator of the policy in force, and is one for as long as that policy
 * says so.
 *
 * @throws CodedError `usage/invalid-argument` for a base path that is none.
 */
export function openConsole({ live, basePath = '/console', onProblem }: ConsoleOptions): OperatorConsole {
  if (!/^(?:\/[a-z0-9-]+)+$/.test(basePath)) {
    throw new CodedError('usage/invalid-argument', 'the base path of the console is like `/console`, without a slash at its end');
  }
  const sessions = new Sessions(live, new Principals());
  const feed = new RequestFeed(live);
  const app = consoleRoutes({
    live,
    base: basePath,
    sessions,
    feed,
    brake: new LoginBrake(),
    checks: new ChainChecks(),
    turns: new Turns(),
    onProblem: onProblem ?? (() => undefined),
  });
  return {
    fetch: async (request) => app.fetch(request),
    close() {
      sessions.clear();
      feed.close();
    },
  };
}
