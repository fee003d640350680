import type { IncomingHttpHeaders } from 'node:http';

export interface KubeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface KubeAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface KubeApi {
  readonly url: string;
  readonly token: string;
  readonly requests: readonly KubeRequest[];
  close(): Promise<void>;
}

export const CA: string;
export const OTHER_CA: string;
export function startKubeApi(options?: {
  readonly port?: number;
  readonly intercept?: (request: KubeRequest) => KubeAnswer | undefined;
}): Promise<KubeApi>;
