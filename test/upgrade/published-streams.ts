/**
 * What the published adapter's own `read` gives for the events of `published-filling.ts`, and the
 * keys that stand in its table.
 *
 * @module
 */
import { at, odd } from './published-filling.js'

/** A stream that the published adapter wrote, and what it reads back. */
export interface PublishedStream {
  readonly subject: string
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

/** A key that the published adapter wrote. */
export interface PublishedKey {
  readonly key: string
  /** The stored JSON. The adapter itself gives null for every falsy one. */
  readonly value: unknown
  readonly expired: boolean
}

/** Every stream, as the published adapter's `read` returns it, in ascending order. */
export const publishedStreams: readonly PublishedStream[] = [
  {
    subject: 'nvent:flow:run:full',
    events: [
      event('1', 0, 'flow.start', 'orders', 'full', { data: { input: 1 } }),
      event('3', 1, 'step.started', 'orders', 'full', {
        stepName: 'pay',
        stepId: 'full__pay__1',
        attempt: 1,
      }),
      event('4', 1, 'log', 'orders', 'full', {
        stepName: 'pay',
        attempt: 2,
        data: ['a', { b: null, c: 'ü 🚀' }, 1.5],
      }),
      event('5', 2, 'flow.completed', 'orders', 'full', { data: 'done' }),
    ],
  },
  {
    subject: 'nvent:flow:run:other',
    events: [event('2', 0, 'flow.start', 'orders', 'other', {})],
  },
  {
    subject: `nvent:flow:run:${odd}`,
    events: [event('6', 3, odd, odd, odd, { data: { [odd]: odd } })],
  },
  {
    // Of a trigger it returns the trigger's name as `flowName`, and an empty `runId`.
    subject: 'nvent:trigger:event:hook',
    events: [
      event('1', 0, 'trigger.fired', 'hook', '', { data: { body: { id: 1 } } }),
      event('2', 0, 'trigger.fired', 'hook', '', {}),
    ],
  },
  {
    subject: `nvent:trigger:event:${odd}`,
    events: [event('3', 1, 'trigger.registered', odd, '', { data: [0] })],
  },
]

/** Every key in the table. */
export const publishedKeys: readonly PublishedKey[] = [
  key('nvent:config', { maxRetries: 3, nested: { list: [1, null] } }),
  key('nvent:text', 'text'),
  key('nvent:zero', 0),
  key('nvent:false', false),
  key('nvent:empty', ''),
  key('nvent:null', null),
  key('nvent:temp:100%_\\', [1]),
  key('nvent:lock:a', { owner: 'w1' }),
  key('nvent:lock:b', { owner: 'w2' }, true),
  key(odd, odd),
]

function event(
  id: string,
  seconds: number,
  type: string,
  flowName: string,
  runId: string,
  more: Readonly<Record<string, unknown>>,
) {
  return { id, ts: at(seconds), type, flowName, runId, ...more }
}

function key(name: string, value: unknown, expired = false): PublishedKey {
  return { key: name, value, expired }
}
