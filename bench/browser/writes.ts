/** How long a page waits for an append. */
import type {} from '../../test/browser/support/lab.js'

/** Milliseconds for each append. */
export interface Writes {
  /** One after the other: the median. */
  readonly lone: number
  /** 100 at once, until all are acknowledged, divided by 100. */
  readonly concurrent: number
  /** Until `flush()` has resolved behind 100 appends: their share of all of it. */
  readonly flushed: number
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** Measures one round on `lab.store`, which is open. */
export async function measureWrites(): Promise<Writes> {
  const subject = `nvent:flow:run:${crypto.randomUUID()}`
  const append = (n: number) =>
    lab.store.stream.append(subject, {
      type: 'step.completed',
      flowName: 'import',
      stepName: 'fetch',
      data: { rows: n, source: 'https://example.org/feed' },
    })
  const hundred = () => Promise.all(Array.from({ length: 100 }, (_, n) => append(n)))

  await hundred()
  await lab.driver.flush()
  const lone: number[] = []
  for (let n = 0; n < 100; n++) lone.push(await timed(() => append(n)))
  lone.sort((a, b) => a - b)
  const concurrent = (await timed(hundred)) / 100
  await lab.driver.flush()
  const flushed = (await timed(() => hundred().then(() => lab.driver.flush()))) / 100
  return { lone: lone[50] ?? Number.NaN, concurrent, flushed }
}
