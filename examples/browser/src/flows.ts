/** The flows that can be started. Their work is made up; how it is recorded is not. */

/** A step: how long it takes, in ms, and how often it fails. */
export interface Step {
  readonly name: string
  readonly takesMs: readonly [least: number, most: number]
  /** From 0 to 1. */
  readonly failureRate: number
}

/** Stages run one after the other; the steps of a stage run side by side. */
export interface Flow {
  readonly name: string
  readonly title: string
  readonly stages: readonly (readonly Step[])[]
}

const step = (name: string, least: number, most: number, failureRate = 0.04): Step => ({
  name,
  takesMs: [least, most],
  failureRate,
})

/** A step is tried so often before its run fails. */
export const maxAttempts = 3

export const flows: readonly Flow[] = [
  {
    name: 'order',
    title: 'Order',
    stages: [
      [step('validate', 200, 500)],
      [
        step('reserve-stock', 400, 1400),
        step('charge-card', 700, 1900, 0.25),
        step('check-fraud', 300, 900),
      ],
      [step('print-label', 300, 700)],
      [step('notify-customer', 200, 400)],
    ],
  },
  {
    name: 'video-upload',
    title: 'Video upload',
    stages: [
      [step('probe', 200, 400)],
      [
        step('encode-1080p', 1500, 3000, 0.1),
        step('encode-720p', 1000, 2000, 0.1),
        step('thumbnails', 500, 900),
      ],
      [step('publish', 300, 500)],
    ],
  },
  {
    name: 'newsletter',
    title: 'Newsletter',
    stages: [
      [step('collect', 400, 700)],
      [step('render', 500, 900)],
      [step('send-batch-1', 500, 1600, 0.3), step('send-batch-2', 500, 1600, 0.3)],
      [step('report', 200, 300)],
    ],
  },
]
