/** Follows a run of the suite from outside; what is not told counts as not kept. */
import type { Line } from './lines.js'

/** What became of a promise; `error` if it was not kept. */
export interface Verdict {
  readonly name: string
  readonly error?: string
}

/** What a run found. */
export interface Outcome {
  /** Of the runtime, by its own word; `unknown` if it said nothing. */
  readonly version: string
  readonly passed: number
  readonly failures: readonly { readonly name: string; readonly error: string }[]
}

/** Starts a run that hands on its lines; ends with the run, fails if the runtime does. */
export type Run = (onLine: (line: Line) => void, signal: AbortSignal) => Promise<void>

export interface FollowOptions {
  /** The promises that are to be told of; without it those that the run plans. */
  readonly expected: readonly string[]
  readonly onVerdict?: ((verdict: Verdict) => void) | undefined
  /** Milliseconds of silence after which the run is stopped. Default 120,000. */
  readonly silenceMs?: number | undefined
  /** Ends the run; what it has not told of counts as not kept. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Follows a run to its end. Each expected promise gets one verdict: what the run says, or else
 * why it says nothing. So a crash, a hang and a run of no promises are failures.
 */
export async function follow(
  run: Run,
  { expected, onVerdict = () => undefined, silenceMs = 120_000, signal }: FollowOptions,
): Promise<Outcome> {
  const missing = new Set(expected)
  const failures: { name: string; error: string }[] = []
  const ending = new AbortController()
  let passed = 0
  let version = 'unknown'
  let wasPlanned = false
  let hasEnded = false
  let trouble: string | undefined

  const judge = (verdict: Verdict) => {
    const { name, error } = verdict
    if (error === undefined) passed += 1
    else failures.push({ name, error })
    onVerdict(verdict)
  }
  const read = (line: Line) => {
    switch (line.kind) {
      case 'plan': {
        version = line.version
        wasPlanned = true
        const isComplete =
          line.promises.length === expected.length &&
          line.promises.every((name) => missing.has(name))
        if (!isComplete) {
          trouble = `it planned ${line.promises.length} promises, not the ${expected.length} of the sources; is dist up to date?`
        }
        break
      }
      case 'promise':
        if (missing.delete(line.name)) judge(line)
        else trouble ??= `it told of "${line.name}", which was not to be told of (any more)`
        break
      case 'end':
        hasEnded = true
        break
      case 'broken':
        trouble ??= line.error
    }
  }

  let timer: NodeJS.Timeout | undefined
  const listen = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      trouble ??= `it said nothing for ${silenceMs / 1000} s`
      ending.abort()
    }, silenceMs)
  }
  const stop = () => {
    trouble ??= 'it was stopped'
    ending.abort()
  }
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  listen()
  try {
    await run((line) => {
      listen()
      read(line)
    }, ending.signal)
  } catch (error) {
    trouble ??= error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
  if (expected.length === 0) trouble ??= 'there was no promise to keep'
  if (!wasPlanned) trouble ??= 'it ended before it told anything'
  if (!hasEnded) trouble ??= 'it ended in the middle'
  for (const name of missing) {
    judge({ name, error: `not told: ${trouble ?? 'the run ended without it'}` })
  }
  // All promises were told of, and yet something is wrong.
  if (trouble !== undefined && failures.length === 0) {
    judge({ name: 'the run ends in order', error: trouble })
  }
  return { version, passed, failures }
}
