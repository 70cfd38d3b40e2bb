/** One index of each kind of table, with fields to race for. */
export interface IndexKind {
  readonly name: string
  readonly key: string
  /** A field that holds an object. */
  readonly object: string
}

export const indexKinds: readonly IndexKind[] = [
  { name: 'flow runs', key: 'nvent:flow:runs:checkout', object: 'emittedEvents' },
  { name: 'flows', key: 'nvent:flows', object: 'stats' },
  { name: 'triggers', key: 'nvent:triggers', object: 'subscriptions' },
  { name: 'scheduler jobs', key: 'nvent:scheduler:jobs', object: 'metadata' },
  { name: 'a generic index', key: 'nvent:scheduler:locks', object: 'held' },
]

/** One stream of each kind of table. */
export const streamKinds = [
  { name: 'a flow run', subject: (id: string) => `nvent:flow:run:${id}` },
  { name: 'a trigger', subject: (id: string) => `nvent:trigger:event:${id}` },
  { name: 'any other subject', subject: (id: string) => `orders:eu:${id}` },
] as const
