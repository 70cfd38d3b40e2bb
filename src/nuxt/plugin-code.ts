/**
 * The text of the Nitro plugin. Nitro and nvent give their functions as `#imports`, which only exist
 * where the application is built; everything else is ordinary code, in `src/nitro`.
 *
 * @module
 */

/** What the plugin of an application needs to know. */
export interface PluginCodeOptions {
  /** Code that defines `open`. */
  readonly driverCode: string
  /** The only driver of a build; none in development. */
  readonly driver: string | undefined
  readonly isEager: boolean
  readonly hasStream: boolean
}

/** Writes the plugin. */
export function pluginCode(options: PluginCodeOptions): string {
  const { driverCode, driver, isEager, hasStream } = options
  const registers = ['registerStoreAdapter', ...(hasStream ? ['registerStreamAdapter'] : [])]
  return `import { ${registers.join(', ')}, useRuntimeConfig } from '#imports'
import { nventPlugin } from 'nvent-store-postgres/nitro'
${driverCode}
export default nventPlugin({
  open,
  driver: ${JSON.stringify(driver)},
  config: () => useRuntimeConfig(),
  eager: ${isEager},
  logger: { warn: (message) => console.warn('[nvent-store-postgres] ' + message) },
  ${registers.join(',\n  ')},
})
`
}
