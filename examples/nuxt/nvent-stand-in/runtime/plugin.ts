/** Asks for adapters when the server starts, as nvent does. */
import { defineNitroPlugin } from '#imports'

export default defineNitroPlugin(async (nitro) => {
  await (nitro.hooks as { callHook(name: string): Promise<void> }).callHook(
    'nvent:register-adapters',
  )
  console.log('adapters are registered')
})
