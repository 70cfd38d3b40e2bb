/** How long a page waits for an append. */
import type {} from '../../test/browser/support/lab.js'

/** Milliseconds for each append. */
export interface Writes {
  /** The first hundred of a page, one after the other, while the browser compiles PGlite: the median. */
  readonly first: number
  /** A hundred behind a thousand others, one after the other: the median. */
  readonly lone: number
  /** 100 at once, until all are acknowledged, divided by 100. */
  readonly concurrent: number
  /** The same, until `flush()` has resolved behind them. */
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

  const medianOfHundred = async () => {
    const each: number[] = []
    for (let n = 0; n < 100; n++) each.push(await timed(() => append(n)))
    each.sort((a, b) => a - b)
    return each[50] ?? Number.NaN
  }

  const first = await medianOfHundred()
  for (let n = 0; n < 500; n++) await append(n)
  for (let n = 0; n < 5; n++) await hundred()
  await lab.driver.flush()
  const lone = await medianOfHundred()
  const concurrent = (await timed(hundred)) / 100
  await lab.driver.flush()
  const flushed = (await timed(() => hundred().then(() => lab.driver.flush()))) / 100
  return { first, lone, concurrent, flushed }
}
