/** Cost against size: a panel per operation, its median at each size divided by that at the first. */
import { axisX, axisY, dot, line, ruleY, text } from '@observablehq/plot'
import type { ScaleReport } from '../scale/report.js'
import { formatRatio } from '../tables.js'
import { draw } from './draw.js'

const across = 5
const short = new Intl.NumberFormat('en', { notation: 'compact' })

/** Draws them. */
export function plotScale({ sizes, results }: ScaleReport): string {
  const place = (at: number) => ({ column: at % across, row: Math.floor(at / across) })
  const points = results.flatMap(({ medians }, at) =>
    sizes.map(({ events }, size) => ({
      ...place(at),
      events: Math.log10(events),
      ratio: (medians[size] ?? Number.NaN) / (medians[0] ?? Number.NaN),
    })),
  )
  const titles = results.map(({ operation, medians }, at) => ({
    ...place(at),
    operation: `${operation} (${(medians[0] ?? Number.NaN).toFixed(2)} ms)`,
  }))
  // Plot's own logarithmic scale leaves out labels such as 5M.
  const ticks = sizes.map(({ events }) => Math.log10(events))
  const largest = ticks.at(-1)
  const top = Math.max(1.6, ...points.map(({ ratio }) => ratio)) * 1.15
  const facets = { fx: 'column', fy: 'row' }
  return draw(
    'Cost against size: median of a call ÷ that at the smallest size',
    'Each panel is an operation, with its median at the smallest size; the dashed line is the target of 1.3. Below: events in the store.',
    {
      width: 1240,
      height: 60 + 150 * Math.ceil(results.length / across),
      marginLeft: 40,
      marginRight: 30,
      marginTop: 20,
      x: { label: null },
      y: { domain: [0, top], label: null },
      fx: { axis: null, padding: 0.18 },
      fy: { axis: null, padding: 0.25 },
      marks: [
        axisX({
          ticks,
          tickFormat: (log: number) => short.format(Math.round(10 ** log)),
          facetAnchor: null,
          fontSize: 9,
        }),
        axisY({ ticks: 4, fontSize: 9 }),
        ruleY([0], { stroke: '#ccc' }),
        ruleY([1.3], { stroke: '#888', strokeDasharray: '3,3' }),
        line(points, { x: 'events', y: 'ratio', ...facets, stroke: '#0072b2' }),
        dot(points, { x: 'events', y: 'ratio', ...facets, r: 3, fill: '#0072b2' }),
        text(
          points.filter(({ events }) => events === largest),
          {
            x: 'events',
            y: 'ratio',
            ...facets,
            text: ({ ratio }: { ratio: number }) => formatRatio(ratio),
            dy: -10,
            fontSize: 10,
          },
        ),
        text(titles, {
          ...facets,
          text: 'operation',
          frameAnchor: 'top-left',
          dy: -14,
          fontSize: 10,
          fontWeight: 600,
        }),
      ],
    },
  )
}
