/** How many times the rate of each other: a column per contender, a row per workload. */
import { axisX, dot, ruleX, text, tickX } from '@observablehq/plot'
import type { Operations } from '../sections/operations.js'
import { formatRatio } from '../tables.js'
import { ratioOf, ratioTargets } from '../targets.js'
import { draw } from './draw.js'

interface Point {
  readonly row: string
  readonly contender: string
  readonly ratio: number
}

/** Draws them. */
export function plotRatios({ contenders, results }: Operations): string {
  const rows = results.map(({ operation, callers }) => `${operation} × ${callers}`)
  const points: Point[] = results.flatMap((result) =>
    contenders.flatMap(({ name }) => {
      const ratio = name === 'ours' ? undefined : ratioOf(result, name)
      const row = `${result.operation} × ${result.callers}`
      return ratio === undefined ? [] : [{ row, contender: name, ratio }]
    }),
  )
  const columns = contenders
    .map(({ name }) => name)
    .filter((name) => points.some(({ contender }) => contender === name))
  const targets = ratioTargets.flatMap(({ operation, against, atLeast }) =>
    Object.entries(atLeast).flatMap(([callers, ratio]) => {
      const row = `${operation} × ${callers}`
      return rows.includes(row) && columns.includes(against)
        ? [{ row, contender: against, ratio }]
        : []
    }),
  )
  // Where the mark of the target is not.
  const isRight = ({ row, contender, ratio }: Point) =>
    ratio >= (targets.find((each) => each.row === row && each.contender === contender)?.ratio ?? 1)
  const ratios = [...points, ...targets].map(({ ratio }) => ratio)
  return draw(
    'Calls per second of nvent-store-postgres ÷ those of others',
    'Right of 1 it is faster. Rows are operation × concurrent callers; the upright marks are targets.',
    {
      width: 300 + 150 * Math.max(columns.length, 3),
      height: 70 + 24 * Math.max(rows.length, 1),
      marginLeft: 240,
      marginRight: 40,
      marginBottom: 30,
      x: {
        type: 'log',
        domain: [Math.min(0.25, ...ratios) / 3, Math.max(4, ...ratios) * 3],
        label: null,
      },
      y: { domain: rows, label: null, tickSize: 0 },
      fx: { domain: columns, label: null, padding: 0.08 },
      marks: [
        axisX({ ticks: [0.1, 1, 10], tickFormat: String }),
        ruleX([1], { stroke: '#888', strokeDasharray: '3,3' }),
        tickX(targets, { x: 'ratio', y: 'row', fx: 'contender', stroke: '#111', strokeWidth: 2 }),
        dot(points, {
          x: 'ratio',
          y: 'row',
          fx: 'contender',
          r: 4,
          fill: (point: Point) => (point.ratio >= 1 ? '#0072b2' : '#d55e00'),
        }),
        label(points.filter(isRight), 'start', 8),
        label(
          points.filter((point) => !isRight(point)),
          'end',
          -8,
        ),
      ],
    },
  )
}

const label = (points: readonly Point[], textAnchor: 'start' | 'end', dx: number) =>
  text(points, {
    x: 'ratio',
    y: 'row',
    fx: 'contender',
    text: ({ ratio }: Point) => formatRatio(ratio),
    textAnchor,
    dx,
    fontSize: 10,
    stroke: '#fff',
    strokeWidth: 3,
    fill: '#222',
  })
