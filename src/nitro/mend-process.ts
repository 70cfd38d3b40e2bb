/**
 * A repair of the stand-in for Node's process that Nitro puts into Workers.
 *
 * @module
 */

/**
 * Gives `process` a `stderr` where reading it throws. The stand-in hands reads on with itself as the
 * receiver, which the private fields behind `stderr` refuse, and Neon's package reads it while it loads.
 */
export function mendProcess(): void {
  const { process } = globalThis as { process?: { readonly stderr?: unknown } }
  if (process === undefined) return
  try {
    void process.stderr
  } catch {
    Object.defineProperty(process, 'stderr', { value: { isTTY: false }, configurable: true })
  }
}
