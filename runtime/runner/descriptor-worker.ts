import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CellServer } from '../cell/cell-server.ts';
import { DescriptorPort } from '../cell/descriptor-port.ts';
import { decodeFrame } from '../cell/frames.ts';
import { keepGuestFrames } from '../cell/guest-frames.ts';
import { muteProcess } from '../cell/mute-process.ts';
import type { CellPlan } from '../cell/plan.ts';
import { CodedError } from '../error.ts';
import { decodeWorkerFrame, encodeWorkerFrame, isWorkerFrame, type WorkerReport } from './worker-frames.ts';

/** What the runner's main thread hands to a worker. */
export interface DescriptorTask {
  /** One end of a socket pair, this worker's alone. */
  readonly descriptor: number;
  /** Where the main thread posts plans, each before the trusted side says `load`. */
  readonly plans: MessagePort;
}

/** The one task of a worker's life: sleep in a read of its descriptor, serve what comes, until the other end is closed. */
export default async function serve({ descriptor, plans }: DescriptorTask): Promise<void> {
  muteProcess();
  keepGuestFrames();
  const port = new DescriptorPort(descriptor);
  const server = new CellServer(port);
  const report = (message: WorkerReport): void => port.send(encodeWorkerFrame(message));
  report({ type: 'up' });
  for (let frame = port.receive(); frame !== undefined; frame = port.receive()) {
    if (isWorkerFrame(frame)) await obey(frame, server, plans, report);
    else serveCall(frame, server, port);
  }
  plans.close();
}

async function obey(
  frame: Uint8Array,
  server: CellServer,
  plans: MessagePort,
  report: (message: WorkerReport) => void,
): Promise<void> {
  const order = decodeWorkerFrame(frame);
  if (order.type === 'forget') return server.forget(order.planId);
  if (order.type !== 'load') throw new CodedError('internal/invariant', `a worker was sent a \`${order.type}\` message`);
  const { planId } = order;
  const error = await server.load(takePlan(plans, planId));
  report(error === undefined ? { type: 'ready', planId } : { type: 'failed', planId, error });
}

/** What was posted before its `load` was sent is there. */
function takePlan(plans: MessagePort, planId: number): CellPlan {
  const received = receiveMessageOnPort(plans) as { readonly message: CellPlan } | undefined; // the main thread posts nothing else
  if (received?.message.planId !== planId) throw new CodedError('internal/invariant', `the plan ${planId} was not posted`);
  return received.message;
}

function serveCall(bytes: Uint8Array, server: CellServer, port: DescriptorPort): void {
  const frame = decodeFrame(bytes);
  if (frame.type !== 'call')
    throw new CodedError('internal/invariant', `a \`${frame.type}\` frame came while no call was running`);
  const result = server.run(frame);
  port.send(result.bytes);
  // After the answer is on its way: the caller does not wait for the next instance to be made.
  if (result.good) server.startAhead(frame.planId);
}
