/** How large the stores are that are compared. */

/** What a store holds. */
export interface Size {
  readonly events: number
  readonly runs: number
  readonly keys: number
}

/** 10,000 of each, where every other size is held against it. */
export const base: Size = { events: 10_000, runs: 10_000, keys: 10_000 }

/** From {@link base} to `top` in even steps on a logarithmic scale, at most four sizes. */
export function sizesUpTo(top: Size): Size[] {
  if (top.events <= base.events) return [top]
  const steps = Math.min(3, Math.max(1, Math.round(Math.log10(top.events / base.events))))
  return Array.from({ length: steps + 1 }, (_, step) => {
    const at = (from: number, to: number) => twoDigits(from * (to / from) ** (step / steps))
    if (step === steps) return top
    return {
      events: at(base.events, top.events),
      runs: at(base.runs, top.runs),
      keys: at(base.keys, top.keys),
    }
  })
}

function twoDigits(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1)
  return Math.round(value / unit) * unit
}

/** A fifth of all events is one long stream; the others are streams of twenty. */
export const longStreamOf = ({ events }: Size) => Math.floor(events / 5)
export const eventsPerRun = 20
export const runsWithEvents = (size: Size) =>
  Math.max(1, Math.floor((size.events - longStreamOf(size)) / eventsPerRun))
