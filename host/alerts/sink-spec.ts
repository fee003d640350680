/**
 * Where alerts go, as the policy's `alerts` section says. Secrets and addresses that are secrets are named by the environment variable
 * that holds them: a policy file has none. Absolute paths; nobody has looked whether file, variable or server is there.
 */
export type AlertSinkSpec =
  | { readonly name: string; readonly kind: 'file'; readonly file: string }
  | { readonly name: string; readonly kind: 'webhook'; readonly url: string; readonly secretEnv?: string }
  | { readonly name: string; readonly kind: 'slack'; readonly urlEnv: string }
  | { readonly name: string; readonly kind: 'stderr' };
