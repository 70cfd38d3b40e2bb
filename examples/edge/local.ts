/**
 * The Worker on this machine: real workerd, against a local Neon. No network, no account, no Docker.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { fetch, Log, LogLevel, Miniflare } from 'miniflare'
import { localNeonOutbound, type NeonEndpoint } from 'nvent-store-postgres/dev'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'

/** The token of local writes, unless `.dev.vars` has one. */
export const localToken = 'local-token'

const configuration = fileURLToPath(new URL('../../wrangler.toml', import.meta.url))

/** How to run the Worker. */
export interface LocalWorkerOptions {
  readonly endpoint: Pick<NeonEndpoint, 'connectionString' | 'httpUrl' | 'wsProxy'>
  /** Port on loopback; 0 takes a free one. */
  readonly port: number
  /** Variables and secrets instead of those of `wrangler.toml` and `.dev.vars`; null takes one away. */
  readonly variables?: Readonly<Record<string, string | null>>
}

/**
 * Bundles the Worker of `wrangler.toml` and starts it. `wrangler dev` would be the way if it could
 * redirect what a Worker sends; Miniflare, which it is made of, can.
 */
export async function startWorker({
  endpoint,
  port,
  variables = {},
}: LocalWorkerOptions): Promise<{ readonly url: URL; stop(): Promise<void> }> {
  const { workerOptions, main } = unstable_getMiniflareWorkerOptions(configuration)
  const { outputFiles } = await build({
    entryPoints: [main ?? ''],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    write: false,
    sourcemap: 'inline',
    logLevel: 'silent',
  })
  const bindings = {
    API_TOKEN: localToken,
    ...workerOptions.bindings,
    // Never another one: .dev.vars may name the database of production.
    DATABASE_URL: endpoint.connectionString,
    ...variables,
  }
  const miniflare = new Miniflare({
    ...workerOptions,
    bindings: Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== null)),
    modules: true,
    script: outputFiles[0]?.text ?? '',
    host: '127.0.0.1',
    port,
    cf: false,
    log: new Log(LogLevel.ERROR),
    outboundService: localNeonOutbound(endpoint, { fetch }),
  })
  try {
    return { url: await miniflare.ready, stop: () => miniflare.dispose() }
  } catch (error) {
    await miniflare.dispose()
    throw error
  }
}
