/** Draws what a run's events say: a bar per attempt of a step, and the events themselves. */
import type { EventRecord } from 'nvent-store-postgres'
import { duration, element, facts, make } from './dom.js'

interface Bar {
  readonly step: string
  readonly attempt: number
  readonly from: number
  to: number | undefined
  state: 'running' | 'completed' | 'retried' | 'failed'
}

const endings: Readonly<Record<string, Bar['state']>> = {
  'step.completed': 'completed',
  'step.retry': 'retried',
  'step.failed': 'failed',
}

/** One bar per attempt, in the order in which they began. */
export function barsOf(events: readonly EventRecord[]): Bar[] {
  const bars = new Map<string, Bar>()
  for (const { type, stepName, attempt = 1, ts } of events) {
    if (stepName === undefined) continue
    const key = `${stepName}#${attempt}`
    if (type === 'step.started') {
      bars.set(key, { step: stepName, attempt, from: ts, to: undefined, state: 'running' })
    }
    const bar = bars.get(key)
    const state = endings[type]
    if (bar !== undefined && state !== undefined) Object.assign(bar, { to: ts, state })
  }
  return [...bars.values()]
}

/** Draws the chart up to now. */
export function drawChart(events: readonly EventRecord[], now: number): void {
  const chart = element('chart')
  const bars = barsOf(events)
  const first = events[0]?.ts ?? now
  const isOver = events.some(({ type }) => type === 'flow.completed' || type === 'flow.failed')
  const last = isOver ? (events.at(-1)?.ts ?? now) : now
  const span = Math.max(1, last - first)
  const percent = (ms: number) => `${((100 * ms) / span).toFixed(2)}%`
  chart.setAttribute(
    'aria-label',
    bars.map((bar) => `${bar.step}, attempt ${bar.attempt}: ${bar.state}`).join('; ') ||
      'No step has begun yet.',
  )
  chart.replaceChildren(
    ...bars.map((bar) => {
      const end = bar.to ?? (isOver ? last : now)
      const filled = make('span', { class: `bar ${bar.state}` })
      filled.style.left = percent(bar.from - first)
      filled.style.width = `max(3px, ${percent(end - bar.from)})`
      return make(
        'div',
        { class: 'lane' },
        make(
          'span',
          { class: 'lane-name' },
          bar.step,
          ...(bar.attempt > 1 ? [make('small', {}, ` try ${bar.attempt}`)] : []),
        ),
        make('span', { class: 'track' }, filled),
        make('span', { class: 'lane-time' }, duration(end - bar.from)),
      )
    }),
  )
}

/** Draws the events; those that are there stay as they are. */
export function drawEvents(events: readonly EventRecord[]): void {
  const list = element('events')
  const first = events[0]?.ts ?? 0
  for (const event of events.slice(list.childElementCount)) {
    const kind = event.type.split('.').at(-1) ?? ''
    const data = event.data as { error?: string; result?: { tookMs?: number } } | undefined
    list.append(
      make(
        'li',
        { class: `event ${kind}` },
        make('time', {}, `+${duration(event.ts - first)}`),
        make('code', {}, event.type),
        make('span', {}, [event.stepName, data?.error].filter(Boolean).join(' · ')),
      ),
    )
  }
}

/** Draws what the run's entry says. */
export function drawFacts(runId: string, metadata: Readonly<Record<string, unknown>>): void {
  const { startedAt, completedAt, completedSteps, stepCount, error } = metadata
  const started = Number(startedAt)
  element('facts').replaceChildren(
    ...facts([
      ['Run', runId],
      ['Started', new Date(started).toLocaleTimeString()],
      ['Steps', `${completedSteps ?? 0} of ${stepCount ?? '?'}`],
      ...(completedAt === undefined
        ? []
        : ([['Took', duration(Number(completedAt) - started)]] as const)),
      ...(error === undefined ? [] : ([['Error', String(error)]] as const)),
    ]),
  )
}
