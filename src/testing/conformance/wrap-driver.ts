/**
 * Drivers around drivers: to count, to break, to watch.
 *
 * @module
 */
import type { Driver } from '../../core/driver.js'

/** A driver that does what `inner` does but for the methods given; works with class instances too. */
export function wrapDriver(
  inner: Driver,
  own: Partial<Pick<Driver, 'query' | 'batch' | 'transaction' | 'close'>>,
): Driver {
  const transaction = own.transaction ?? inner.transaction?.bind(inner)
  return {
    name: inner.name,
    concurrentIndexes: inner.concurrentIndexes,
    query: own.query ?? ((statement, options) => inner.query(statement, options)),
    batch: own.batch ?? ((statements, options) => inner.batch(statements, options)),
    close: own.close ?? (() => inner.close()),
    ...(transaction && { transaction: transaction as NonNullable<Driver['transaction']> }),
    ...(inner.listen && { listen: inner.listen.bind(inner) }),
  }
}
